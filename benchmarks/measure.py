"""One program, measured from outside: seconds on the wall, seconds of processor, memory at its peak."""

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Sample:
    """`wall` and `cpu` in seconds (its children's processor time counts once they ended), `memory` in bytes:
    the largest single process of its tree; `load` is the machine's load average when it began."""

    wall: float
    cpu: float
    memory: int
    load: float
    code: int


def measure(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Sample:
    """Run a program to its end; what it prints is dropped."""
    load = os.getloadavg()[0]
    began = time.monotonic()
    with subprocess.Popen(
        tuple(argv),
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    return Sample(
        wall=time.monotonic() - began,
        cpu=usage.ru_utime + usage.ru_stime,
        memory=usage.ru_maxrss * 1024,
        load=load,
        code=child.returncode,
    )


def median(samples: Sequence[Sample]) -> Sample:
    """The sample with the median processor time: a busy machine makes the wall lie more."""
    middle = statistics.median_low([s.cpu for s in samples])
    return next(s for s in samples if s.cpu == middle)


@dataclass(frozen=True, kw_only=True)
class TreeCost:
    """Seconds of processor of this process and all below it; `ended`: of children that ended and theirs."""

    total: float
    ended: float


def cpu_of_tree() -> TreeCost:
    """Up to now. A process that ended counts as its parent's child (see `cutime` in proc(5)): none is lost."""
    own = os.times()
    total = sum(own[:4])
    waiting = [os.getpid()]
    while waiting:
        for task in Path(f"/proc/{waiting.pop()}/task").glob("*"):
            for child in _words(task / "children"):
                fields = " ".join(_words(Path(f"/proc/{child}/stat"))).rpartition(")")[2].split()
                if fields:
                    total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
                    waiting.append(int(child))
    return TreeCost(total=total, ended=own.children_user + own.children_system)


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:  # it ended meanwhile: then its parent has its seconds
        return []

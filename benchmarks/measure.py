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

"""kill -9 of each kind of process at a random moment of a test run: the next run passes, and nothing is left.

What must be gone: processes with the run's mark, sockets that they listened on, folders of runs, temporary
folders. Moments come from a seed; three run in `make test`, thirty-five in `make soak`.
"""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from pipeline.adapters.harness.run_folders import MEMORY, PREFIX
from pipeline.adapters.processes import RUN_MARK, run_mark, start_time
from tests.harness.repositories import Elsewhere, elsewhere
from tests.warm.leftovers import descendants

pytestmark = pytest.mark.terraform

KINDS = {
    "modferry": "-m pipeline",
    "provider": "terraform-provider-aws",
    "terraform": "terraform ",
    "relay": "pipeline.adapters.warm.relay",
    "moto": "moto_server",
    "pytest": "pipeline.adapters.pytest_plugin",
    "prepared": "pipeline.adapters.harness.prepared_server",
}
MOMENTS = [(name, number) for number in range(5) for name in KINDS]
"""Thirty-five: five moments for each kind; the first three of them are the sample."""
SEED = 4


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    return elsewhere(tmp_path_factory.mktemp("kills"), "note")


@pytest.mark.parametrize(
    ("kind", "number"),
    [pytest.param(*moment, marks=[pytest.mark.soak] if i > 2 else []) for i, moment in enumerate(MOMENTS)],
)
def test_nothing_is_left_after_the_next_run(repository: Elsewhere, kind: str, number: int, tmp_path: Path) -> None:
    chance = random.Random(f"{SEED} {kind} {number}")
    temporary = repository.cache.parent / "tmp"
    temporary.mkdir(exist_ok=True)
    env = repository.env(TMPDIR=str(temporary))
    delay = chance.uniform(0, 4)
    for _ in range(6):  # a quiet machine may be done before the moment comes: then it comes earlier
        run = repository.start("test", "--suite", "integration", "--fresh", "-j", "2", env=env)
        mark = run_mark(run.pid)
        try:
            sockets = _strike(run.pid, kind, delay)
            _, said = run.communicate(timeout=400)
        finally:
            run.kill()
            run.communicate()
        if sockets is not None:
            break
        delay /= 2
    else:
        pytest.fail(f"no {kind} could be killed in six runs")
    assert run.returncode == (-9 if kind == "modferry" else run.returncode)
    assert run.returncode in (-9, 0, 20), said  # never 11: what was killed says nothing about the module
    after = repository.modferry("test", "--suite", "integration", "--fresh", env=env)
    assert after.returncode == 0, after.stderr
    assert _marked(mark) == {}
    assert not sockets & _all_listening()
    assert list(repository.runs.iterdir()) == []
    assert list(MEMORY.glob(f"{PREFIX}{mark}*")) == []
    assert [p.name for p in temporary.iterdir() if p.name.startswith("modferry")] == []


def _strike(root: int, kind: str, delay: float) -> set[str] | None:
    """Kill one process of a kind `delay` seconds after the first is seen; the sockets that the run listened on.

    None: the run came to its end before.
    """
    try:
        victim = _find(root, kind)
        time.sleep(delay)
        sockets = _listening([root, *descendants(root)])
        if not start_time(victim):  # it came to its end meanwhile: another of its kind
            victim = _find(root, kind)
        os.kill(victim, signal.SIGKILL)
    except (LookupError, ProcessLookupError):
        return None
    return sockets


def _find(root: int, kind: str, seconds: float = 200.0) -> int:
    """A living process of a kind in the tree of a run."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and start_time(root):
        if kind == "modferry":
            return root
        for pid in descendants(root):
            words = _command(pid)
            if KINDS[kind] in words and "prctl" not in words:  # not yet the launcher, which names it too
                return pid
        time.sleep(0.02)
    raise LookupError(f"no {kind} below the run")


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _marked(mark: str) -> dict[int, str]:
    """Living processes that carry a run's mark."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"{RUN_MARK}={mark}".encode() in environ and start_time(int(folder.name)):
            found[int(folder.name)] = _command(int(folder.name))
    return found


def _all_listening() -> set[str]:
    """Inodes of listening TCP sockets: a socket has one for its life, a port may be somebody else's next."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[3] == "0A"}


def _listening(pids: list[int]) -> set[str]:
    """Those that these processes hold."""
    held = set()
    for pid in pids:
        for file in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                name = str(file.readlink())
            except OSError:
                continue
            if name.startswith("socket:["):
                held.add(name[8:-1])
    return held & _all_listening()

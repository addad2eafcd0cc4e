"""Programs that run beside us for a while: emulators, the relay, provider processes.

Promise: a service dies with the process that started it, also after kill -9 (Linux: PR_SET_PDEATHSIG, see
prctl(2); elsewhere the next run ends it, `processes.end_orphans`). The signal is tied to the *thread* that
started the service: start services from a thread that lives as long as they should.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipeline.adapters.processes import end_group
from pipeline.errors import UndecidedError

_DIE_WITH_PARENT = (
    "import ctypes,os,sys\n"
    "if sys.platform=='linux': ctypes.CDLL(None).prctl(1,9)\n"
    "if os.getppid()!=int(sys.argv[1]): os._exit(1)\n"
    "os.execvpe(sys.argv[2],sys.argv[2:],os.environ)"
)
"""Runs in the child before the program itself; 12 ms. A preexec_fn is not safe where threads run."""


class Service:
    """A started program, its log file and its end."""

    def __init__(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> None:
        self.name = Path(argv[0]).name
        self.log = log
        launcher = (sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()))
        with log.open("ab") as sink:
            self.process = subprocess.Popen(
                (*launcher, *argv),
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id, which is also its group's."""
        return self.process.pid

    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def wait_until(self, ready: Callable[[], bool], *, seconds: float, interval: float = 0.05) -> None:
        """Wait for `ready()`; raises UndecidedError with the log's last lines when it ends or takes too long."""
        end = time.monotonic() + seconds
        while not ready():
            if not self.is_alive() or time.monotonic() > end:
                state = "took too long to start" if self.is_alive() else f"ended with {self.process.returncode}"
                self.end()
                raise UndecidedError(f"{self.name} {state}: {self.last_words()}", remedy="modferry doctor")
            time.sleep(interval)

    def last_words(self, lines: int = 5) -> str:
        """The last lines of its log."""
        try:
            return " | ".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return "(no log)"

    def end(self, grace: float = 3.0) -> None:
        """End it and all it started; safe to call twice."""
        if self.process.poll() is None:
            end_group(self.process, grace)
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


def free_port() -> int:
    """A loopback TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

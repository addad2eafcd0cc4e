"""Test processes that need not import what they all import: a bench's server that forks them, started when first asked.

Half of what a small part with Python tests costs is to import pytest, boto3 and tftest. The server has done so and
forks a process for each part; a tiny client stands for that process where `processes.run` starts, limits, reads and
ends it (`prepared_client.py`). Promise: the outcome is that of `python -m pytest`; where nothing can be forked (no
Linux, a server that did not come up, or ended) that is what is run.
"""

import sys
import threading
from pathlib import Path

from pipeline.adapters.harness import prepared_client
from pipeline.adapters.processes import base_environment
from pipeline.adapters.services import Service
from pipeline.errors import UndecidedError

START_SECONDS = 60.0
_SERVE = (
    "import sys, pathlib; sys.path.insert(1, sys.argv[1])\n"
    "from pipeline.adapters.harness.prepared_server import main\n"
    "del sys.path[1]; main(pathlib.Path(sys.argv[2]))"
)
"""This modferry, wherever it lies, on the path that `python -m pytest` would have."""


class PreparedTests:
    """Safe to use from several threads. `folder` is made when the server is started, and not removed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._starting = threading.Lock()
        self._asked = False
        self._tried, self._over = threading.Event(), threading.Event()
        self._holder: threading.Thread | None = None
        self._service: Service | None = None

    def command(self, *arguments: str) -> tuple[str, ...]:
        """What to start instead of `python -m pytest ARGUMENTS`."""
        if not self._is_up():
            return (sys.executable, "-m", "pytest", *arguments)
        return (sys.executable, "-I", "-S", prepared_client.__file__, str(self._folder), *arguments)

    def begin(self) -> None:
        """Start the server, and do not wait for it: tests will come soon."""
        with self._starting:
            if self._asked:
                return
            self._asked = True
            if sys.platform != "linux":
                self._tried.set()
                return
            self._holder = threading.Thread(target=self._hold, name="prepared tests", daemon=True)
            self._holder.start()

    @property
    def server(self) -> Service | None:
        """The server, when it was started and came up."""
        return self._service

    def end(self) -> None:
        """End the server and what it still runs; safe to call twice. Later tests run without it."""
        with self._starting:
            self._asked = True
            self._tried.set()
        self._over.set()
        if self._holder:
            self._holder.join()

    def _is_up(self) -> bool:
        self.begin()
        self._tried.wait()
        return self._service is not None and self._service.is_alive() and not self._over.is_set()

    def _hold(self) -> None:
        """A service dies with the thread that started it, and a lane's may end before others'."""
        try:
            service = self._start()
        except (OSError, UndecidedError):
            return
        else:
            self._service = service
        finally:
            self._tried.set()
        self._over.wait()
        service.end()

    def _start(self) -> Service:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        home = Path(__file__).resolve().parents[3]
        service = Service(
            (sys.executable, "-c", _SERVE, str(home), str(self._folder)),
            cwd=self._folder,
            env=base_environment({"PYTHONDONTWRITEBYTECODE": "1"}),
            log=self._folder / "server.log",
        )
        service.wait_until((self._folder / prepared_client.DOOR).exists, seconds=START_SECONDS, interval=0.01)
        return service

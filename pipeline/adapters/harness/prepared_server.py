"""Forks test processes from one that has imported what they all need: the server behind `prepared_tests.py`.

Promise: a test process is what `python -m pytest ARGS` would be: a session and group of its own, the environment,
folder and pipes of its client, no trace of those before it. Only what was imported, and so Python's seed for hashes, is
shared. A request that would show the difference (`is_plain`) is sent back. A test process dies with this one, and with
its client; whoever interrupts one means its whole group.

botocore's models of the services that a part's files name are read before the fork: once, where every part would.
"""

import contextlib
import importlib
import os
import re
import select
import signal
import socket
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipeline.adapters.botocore_data import Models
from pipeline.adapters.collected import kept
from pipeline.adapters.harness.prepared_child import be_tests
from pipeline.adapters.harness.prepared_client import DOOR, INTERRUPT, PLAIN
from pipeline.adapters.harness.prepared_request import PATIENCE, Request, is_plain, receive

SERVICE = re.compile(r"\b(?:aws|client|resource)\(\s*[\"']([a-z0-9-]+)[\"']")
"""How a test names the service whose client it asks for."""
LOADED = ("ctypes", "faulthandler", "pdb", "runpy", "pipeline.adapters.pytest_plugin")
"""Besides pytest's own plugins."""


@dataclass(kw_only=True)
class Running:
    """A test process: its client's connection (None: gone), its pid, and a descriptor that says when it ends."""

    client: socket.socket | None
    pid: int
    watched: int
    interrupted: bool = False

    def signal(self, sign: int) -> None:
        """Send it to the process and its group; it has been waited for by nobody else, so the pid is its own."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, sign)
            return
        with contextlib.suppress(ProcessLookupError):  # it does not lead its group yet
            os.kill(self.pid, sign)


class Server:
    """Serves until it is ended by SIGINT or SIGTERM; then so are the test processes. One thread: it forks."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._poll = select.poll()
        self._poll.register(door, select.POLLIN)
        self._running: list[Running] = []
        self._models: Models | None = None
        self._read: set[str] = set()

    def serve(self) -> None:
        """Answer clients, watch test processes."""
        try:
            while True:
                for fd, _ in self._poll.poll():
                    if fd == self._door.fileno():
                        self._accept()
                    for one in list(self._running):
                        if fd == one.watched:
                            self._ended(one)
                        elif one.client and fd == one.client.fileno():
                            self._heard(one)
        finally:
            for one in self._running:
                one.signal(signal.SIGKILL)

    def _accept(self) -> None:
        client, _ = self._door.accept()
        request = None
        try:
            client.settimeout(PATIENCE)
            request = receive(client)
            if request is None:
                return client.close()
            self._prepare(request)
            if is_plain(request):
                client.sendall(b"%d\n" % PLAIN)
                return client.close()
            self._start(client, request)
        except OSError:  # the client is gone, or there is no room for another process: it sees its connection end
            client.close()
        finally:
            for fd in request.pipes if request else ():
                os.close(fd)

    def _prepare(self, request: Request) -> None:
        """Read what these files will ask for."""
        text = "\n".join(file.read_text(errors="replace") for file in request.files())
        services = set(SERVICE.findall(text)) - self._read
        if services:
            self._read |= services
            with kept(), contextlib.suppress(Exception):  # what cannot be read, the test finds out
                self._models = self._models or Models()
                self._models.read(services)

    def _start(self, client: socket.socket, request: Request) -> None:
        ours = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, ours)
        try:
            server = os.getpid()
            pid = os.fork()
            if not pid:
                be_tests(
                    request.arguments,
                    request.folder,
                    request.environ,
                    request.pipes,
                    server=server,
                    let_go=partial(self._let_go, client),
                    unblock=ours,
                )
            one = Running(client=client, pid=pid, watched=_watch(pid))
            self._running.append(one)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ours)
        self._poll.register(one.watched, select.POLLIN)
        self._poll.register(client, select.POLLIN)
        client.setblocking(False)
        with contextlib.suppress(OSError):  # gone already: heard of as any other's end
            client.sendall(b"%d\n" % pid)

    def _let_go(self, client: socket.socket) -> None:
        """In the test process: close what is the server's."""
        for door in (client, self._door, *(one.client for one in self._running if one.client)):
            door.close()
        for one in self._running:
            os.close(one.watched)

    def _heard(self, one: Running) -> None:
        assert one.client
        try:
            said = one.client.recv(64)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if INTERRUPT in said:
            one.interrupted = True
            one.signal(signal.SIGINT)
        if not said:
            one.interrupted = True
            one.signal(signal.SIGKILL)
            self._close(one)

    def _ended(self, one: Running) -> None:
        if one.interrupted:  # its group outlives it no longer than it would have under `processes.end_group`
            one.signal(signal.SIGKILL)
        _, status = os.waitpid(one.pid, 0)
        self._running.remove(one)
        self._poll.unregister(one.watched)
        os.close(one.watched)
        if one.client:
            with contextlib.suppress(OSError):
                one.client.sendall(b"%d\n" % status)
            self._close(one)

    def _close(self, one: Running) -> None:
        if one.client:
            self._poll.unregister(one.client)
            one.client.close()
            one.client = None


def _watch(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except OSError:  # no descriptor is left: a process that nobody watches is not left either
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise


def main(folder: Path) -> None:
    """Import, open the door in `folder`, and serve."""
    os.close(os.pidfd_open(os.getpid()))  # where there is no such call, all of this ends here
    with kept():
        from _pytest.config import default_plugins

        for name in (*(f"_pytest.{plugin}" for plugin in default_plugins), *LOADED):
            importlib.import_module(name)
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        raise RuntimeError("a process with threads cannot be forked")
    for sign in (signal.SIGINT, signal.SIGTERM):  # a shell's background job was started with SIGINT ignored
        signal.signal(sign, signal.default_int_handler)
    os.chdir(folder)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(f"{DOOR}.new")
        door.listen(64)
        Path(f"{DOOR}.new").rename(DOOR)
        with contextlib.suppress(KeyboardInterrupt):
            Server(door).serve()
    os._exit(0)  # to take apart what was imported costs a tenth of what it cost to import it

"""One provider process: its start, its calls, its end.

The process is the program's own debug mode (`<provider> -debug`), which prints where it listens and serves any
number of connections, but holds one configuration. Its socket lies in the relay's folder; the address is relative
because a socket's path may have 107 characters at most.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.adapters.processes import base_environment
from pipeline.adapters.services import Service
from pipeline.adapters.warm import waits
from pipeline.adapters.warm.rpc import UNAVAILABLE, Caller, RpcError

ENDED = "modferry relay: provider process ended"
QUIET = {
    "TF_LOG": "OFF",
    "TF_LOG_SDK": "OFF",
    "TF_LOG_SDK_PROTO": "OFF",
    "TF_LOG_SDK_FRAMEWORK": "OFF",
    "TF_LOG_SDK_HELPER_SCHEMA": "OFF",
    "TF_LOG_PROVIDER": "OFF",
}
"""In debug mode a provider logs at trace level unless told otherwise: 2 MB for one Configure."""
START_SECONDS = 60.0


class ProviderEndedError(Exception):
    """The process is gone; whether it did what it was asked is not known."""


@dataclass(frozen=True, kw_only=True)
class Attach:
    """What the provider printed: its address and the plugin protocol (5 or 6)."""

    source: str
    protocol: int
    address: str


class Provider:
    """A running provider process; made by `start`."""

    def __init__(self, *, service: Service, attach: Attach, caller: Caller, environment: str) -> None:
        self.service = service
        self.attach = attach
        self.environment = environment
        self.configuration: bytes | None = None
        self.answer: asyncio.Task[bytes] | None = None
        self.connections = 0
        self.calls = 0
        self.last_use = time.monotonic()
        self.retired = False
        self.shortened = False
        self._caller = caller
        self._stopping: asyncio.Task[bytes] | None = None

    @property
    def is_idle(self) -> bool:
        """No connection is bound to it and no call runs."""
        return not self.connections and not self.calls

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self.service.is_alive()

    def memory(self) -> int:
        """Resident bytes; 0 where the system does not say (no /proc)."""
        try:
            return int(Path(f"/proc/{self.service.pid}/statm").read_text().split()[1]) * 4096
        except (OSError, IndexError, ValueError):
            return 0

    async def call(self, method: str, request: bytes) -> bytes:
        """The answer to one call; raises ProviderEndedError or RpcError."""
        while self._stopping is not None:
            await asyncio.wait([self._stopping])
        return await self._call(method, request)

    async def stop(self, method: str, request: bytes) -> bytes:
        """Cancel the calls that run now, and only those: calls that arrive meanwhile wait for the answer."""
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._call(method, request))
            self._stopping.add_done_callback(self._stopped)
        return await asyncio.shield(self._stopping)

    def _stopped(self, _done: "asyncio.Task[bytes]") -> None:
        self._stopping = None

    async def _call(self, method: str, request: bytes) -> bytes:
        self.calls += 1
        try:
            return await self._caller.call(method, request)
        except RpcError as error:
            if error.code == UNAVAILABLE:
                if await self._is_gone():
                    raise ProviderEndedError(f"{ENDED} ({self.service.process.returncode})") from error
                self.retired = True  # it runs, but it hears nobody: the next connection gets another
            raise
        finally:
            self.calls -= 1
            self.last_use = time.monotonic()

    async def end(self) -> None:
        """End the process, close the channel, remove the socket and the log; safe to call twice."""
        self.retired = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.service.pid, signal.SIGKILL)
        while self.service.is_alive():  # to give its memory back takes 20 ms, in which others are served
            await asyncio.sleep(0.002)
        self.service.end()
        self._caller.abandon()
        for file in (Path(self.attach.address), self.service.log):
            file.unlink(missing_ok=True)

    async def _is_gone(self) -> bool:
        for _ in range(50):
            if not self.is_alive():
                return True
            await asyncio.sleep(0.01)
        return False


async def start(
    binary: Path, *, variables: Mapping[str, str], environment: str, folder: Path, number: int, shorten: bool
) -> Provider:
    """Start `binary -debug` with `variables` added to the base environment; `environment` is their digest.

    Call it from the main thread: the process dies with the thread that started it. Raises ProviderEndedError
    with the last words of the log when it does not come up.
    """
    log = folder / f"provider-{number}.log"
    # GOGC: 300 was some percent faster and let a process grow by a third between its 25th plan and its 250th.
    tuned = {"GOGC": "150", "PLUGIN_UNIX_SOCKET_DIR": ".", "TMPDIR": str(folder), **QUIET}
    service = Service((str(binary), "-debug"), cwd=folder, env=base_environment({**tuned, **variables}), log=log)
    end = time.monotonic() + START_SECONDS
    while (attach := read_attach(log.read_text(errors="replace"))) is None:
        if not service.is_alive() or time.monotonic() > end:
            words = service.last_words()
            service.end(grace=0.1)
            raise ProviderEndedError(f"{ENDED} before it listened: {words}")
        await asyncio.sleep(0.01)
    try:
        _, caller = await asyncio.get_running_loop().create_unix_connection(Caller, attach.address)
    except OSError as error:
        service.end(grace=0.1)
        raise ProviderEndedError(f"{ENDED} before it was asked anything: {error}") from error
    provider = Provider(service=service, attach=attach, caller=caller, environment=environment)
    provider.shortened = shorten and waits.may_shorten(variables) and waits.shorten(service.pid, binary)
    return provider


def read_attach(text: str) -> Attach | None:
    """The attach record in what a provider printed (`TF_REATTACH_PROVIDERS='{…}'`), or None."""
    match = re.search(r"TF_REATTACH_PROVIDERS='(\{.+\})'", text)
    if match is None:
        return None
    [(source, record)] = json.loads(match[1]).items()
    return Attach(source=source, protocol=int(record["ProtocolVersion"]), address=str(record["Addr"]["String"]))

"""One listening port of the relay: one environment and one set of types.

Terraform connects here. What must not differ between runs is answered from caches, the rest goes as raw bytes to
the provider process that the connection's Configure chose. Method names: tfplugin5.proto and tfplugin6.proto.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial

from pipeline.adapters.warm.pool import Connection, Pool
from pipeline.adapters.warm.provider import Provider, ProviderEndedError
from pipeline.adapters.warm.rpc import ABORTED, UNIMPLEMENTED, Answerer, RpcError
from pipeline.adapters.warm.wire import without_deferral

SCHEMA = frozenset({"GetSchema", "GetProviderSchema"})
CONFIGURE = frozenset({"Configure", "ConfigureProvider"})
STOP = frozenset({"Stop", "StopProvider"})
PURE = frozenset(
    {
        "PrepareProviderConfig",
        "ValidateProviderConfig",
        "ValidateResourceTypeConfig",
        "ValidateResourceConfig",
        "ValidateDataSourceConfig",
        "ValidateDataResourceConfig",
        "ValidateEphemeralResourceConfig",
        "GetFunctions",
        "GetMetadata",
        "GetResourceIdentitySchemas",
    }
)
"""Calls that Terraform makes without a configuration: equal bytes, equal answer."""
HELD = frozenset({"/plugin.GRPCBroker/StartStream", "/plugin.GRPCStdio/StreamStdio"})
"""The plugin library's own streams, which end with the connection."""


class Answers:
    """Answers of pure calls, by method and bytes; the oldest go first above `limit` bytes."""

    def __init__(self, limit: int = 64 << 20) -> None:
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[tuple[str, bytes], bytes] = OrderedDict()
        self._running: dict[tuple[str, bytes], asyncio.Task[bytes]] = {}
        self.hits = 0

    def kept(self, method: str, request: bytes) -> bytes | None:
        """The kept answer."""
        if (answer := self._kept.get((method, request))) is not None:
            self._kept.move_to_end((method, request))
            self.hits += 1
        return answer

    async def get(self, method: str, request: bytes, ask: Callable[[], Awaitable[bytes]]) -> bytes:
        """The kept answer, else that of `ask()`; equal calls at one time ask once; failures are not kept."""
        key = (method, request)
        if (answer := self.kept(method, request)) is not None:
            return answer
        if (task := self._running.get(key)) is None:
            task = self._running[key] = asyncio.ensure_future(self._ask(key, ask))
        return await asyncio.shield(task)

    async def _ask(self, key: tuple[str, bytes], ask: Callable[[], Awaitable[bytes]]) -> bytes:
        try:
            answer = await ask()
        finally:
            del self._running[key]
        self._kept[key] = answer
        self._size += len(answer) + len(key[1])
        while self._size > self._limit and self._kept:
            (_, request), old = self._kept.popitem(last=False)
            self._size -= len(old) + len(request)
        return answer


class Door:
    """Answers every call that arrives on one port. `schema` is the answer to the question for it."""

    def __init__(self, *, environment: str, schema: bytes, pool: Pool, answers: Answers) -> None:
        self.environment = environment
        self.connections: dict[Answerer, Connection] = {}
        self.calls = 0
        self._schema = schema
        self._pool = pool
        self._answers = answers
        self._server: asyncio.Server | None = None

    async def open(self) -> int:
        """Listen on a port of loopback; its number."""
        self._server = await asyncio.get_running_loop().create_server(self._accept, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def close(self) -> None:
        """Listen no more, end every connection."""
        if self._server is not None:
            self._server.close()
        for end in list(self.connections):
            end.abandon()

    def answer(self, connection: Connection, method: str, request: bytes) -> bytes | Awaitable[bytes]:
        """The answer to one call of a connection, at once where it is kept; raises RpcError."""
        self.calls += 1
        service, _, name = method[1:].rpartition("/")
        if not service.endswith(".Provider"):
            raise RpcError(UNIMPLEMENTED, f"modferry relay: no {method}")
        if name in SCHEMA:
            return self._schema
        if name in PURE and (kept := self._answers.kept(method, request)) is not None:
            return kept
        return self._pass_on(connection, method, name, request)

    async def _pass_on(self, connection: Connection, method: str, name: str, request: bytes) -> bytes:
        try:
            if name in PURE:
                return await self._answers.get(method, request, partial(self._ask_any, method, request))
            if name in CONFIGURE:
                return await self._pool.configure(connection, method, without_deferral(request))
            if name in STOP:
                return await self._stop(connection, method, request)
            return await self._ask(connection, method, request)
        except ProviderEndedError as error:
            # Not UNAVAILABLE: for that code Terraform prints its own sentence and drops ours.
            raise RpcError(ABORTED, str(error)) from error

    async def _ask(self, connection: Connection, method: str, request: bytes) -> bytes:
        provider = connection.provider or await self._pool.any(self.environment)
        connection.calls += 1
        try:
            return await provider.call(method, request)
        finally:
            connection.calls -= 1

    async def _ask_any(self, method: str, request: bytes) -> bytes:
        try:
            return await (await self._pool.any(self.environment, pure=True)).call(method, request)
        except ProviderEndedError:  # it changed nothing, so another process may be asked, once
            return await (await self._pool.any(self.environment, pure=True)).call(method, request)

    async def _stop(self, connection: Connection, method: str, request: bytes) -> bytes:
        """Stop cancels all that runs in a process: it is passed on when only the caller's calls run there.

        Else they run to their end: cancelled one by one, what they already created would be in no state.
        (One Terraform has several connections; each gets its Stop, and one of them has the calls.)
        """
        provider: Provider | None = connection.provider
        if provider is None or not connection.calls or provider.calls > connection.calls:
            return b""
        return await provider.stop(method, request)

    def _accept(self) -> Answerer:
        connection = Connection(environment=self.environment)

        def ended() -> None:
            self._pool.release(connection)
            del self.connections[end]

        end = Answerer(partial(self.answer, connection), ended, HELD)
        self.connections[end] = connection
        return end

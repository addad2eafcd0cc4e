"""One listening port of the relay: one environment and one set of types.

Terraform connects here. What must not differ between runs is answered from caches, the rest goes as raw bytes to
the provider process that the connection's Configure chose. Method names: tfplugin5.proto and tfplugin6.proto.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import grpc

from pipeline.adapters.warm.pool import Connection, Pool
from pipeline.adapters.warm.provider import Provider, ProviderEndedError
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


class Answers:
    """Answers of pure calls, by method and bytes; the oldest go first above `limit` bytes."""

    def __init__(self, limit: int = 64 << 20) -> None:
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[tuple[str, bytes], bytes] = OrderedDict()
        self._running: dict[tuple[str, bytes], asyncio.Task[bytes]] = {}
        self.hits = 0

    async def get(self, method: str, request: bytes, ask: Callable[[], Awaitable[bytes]]) -> bytes:
        """The kept answer, else that of `ask()`; equal calls at one time ask once; failures are not kept."""
        key = (method, request)
        if (answer := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            self.hits += 1
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
    """Handles every call that arrives on one port (a grpc generic handler: `service`)."""

    def __init__(
        self, *, environment: str, schema: Callable[[], Awaitable[bytes]], pool: Pool, answers: Answers
    ) -> None:
        self.environment = environment
        self.connections: dict[str, Connection] = {}
        self.calls = 0
        self._schema = schema
        self._pool = pool
        self._answers = answers

    def service(self, details: Any) -> Any:
        """The handler of a method: provider calls, the plugin's own streams, nothing else."""
        service, _, name = details.method[1:].rpartition("/")
        if service.endswith(".Provider"):
            return grpc.unary_unary_rpc_method_handler(partial(self._answer, details.method, name))
        if name in ("StartStream", "StreamStdio"):
            return grpc.stream_stream_rpc_method_handler(partial(self._hold, name))
        return None

    async def _answer(self, method: str, name: str, request: bytes, context: Any) -> bytes:
        self.calls += 1
        try:
            return await self.answer(self._connection(context.peer()), method, name, request)
        except ProviderEndedError as error:
            # Not UNAVAILABLE: for that code Terraform prints its own sentence and drops ours.
            await context.abort(grpc.StatusCode.ABORTED, str(error))
        except grpc.RpcError as error:
            await context.abort(error.code(), error.details())
        raise AssertionError("abort raises")

    async def answer(self, connection: Connection, method: str, name: str, request: bytes) -> bytes:
        """The answer to one call of a connection; raises ProviderEndedError or grpc.RpcError."""
        if name in SCHEMA:
            return await self._schema()
        if name in PURE:
            return await self._answers.get(method, request, partial(self._ask_any, method, request))
        if name in CONFIGURE:
            return await self._pool.configure(connection, method, without_deferral(request))
        if name in STOP:
            return await self._stop(connection, method, request)
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

    def _connection(self, peer: str) -> Connection:
        if (connection := self.connections.get(peer)) is None:
            connection = self.connections[peer] = Connection(environment=self.environment)
        return connection

    async def _hold(self, name: str, _requests: Any, context: Any) -> None:
        """Keep the plugin library's stream open: its end is the end of the connection."""
        peer = context.peer()
        connection = self._connection(peer)
        if name in connection.streams:  # the peer's port is used again, before we heard of its end
            self._forget(peer, connection)
            connection = self._connection(peer)
        connection.streams.add(name)
        try:
            await asyncio.Event().wait()
        finally:
            self._forget(peer, connection)

    def _forget(self, peer: str, connection: Connection) -> None:
        self._pool.release(connection)
        if self.connections.get(peer) is connection:
            del self.connections[peer]

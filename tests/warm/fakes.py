"""A provider process that is none: it remembers its calls and answers from its environment."""

import asyncio

from pipeline.adapters.warm.pool import Pool
from pipeline.adapters.warm.provider import ENDED, Provider, ProviderEndedError
from pipeline.adapters.warm.wire import encoded

PREFIX = "/tfplugin5.Provider/"
BAD = encoded(1, b"\x08\x01")
"""A Configure answer with one error diagnostic."""


class RememberingProvider(Provider):
    """Answers every call with its environment and the bytes it was configured with."""

    def __init__(self, environment: str, *, memory: int = 100) -> None:
        self.environment = environment
        self.configuration = None
        self.answer = None
        self.connections = self.calls = 0
        self.last_use = 0.0
        self.retired = False
        self.bytes = memory
        self.alive = True
        self.ended = False
        self.failing = False
        self.seen: list[tuple[str, bytes]] = []
        self.configured_with: bytes | None = None
        self.held = asyncio.Event()

    def is_alive(self) -> bool:
        return self.alive

    def memory(self) -> int:
        return self.bytes

    async def stop(self, method: str, request: bytes) -> bytes:
        self.seen.append((method.removeprefix(PREFIX), request))
        self.held.set()
        return b""

    async def call(self, method: str, request: bytes) -> bytes:
        self.calls += 1
        try:
            await asyncio.sleep(0)
            if not self.alive:
                raise ProviderEndedError(f"{ENDED} (-9)")
            self.seen.append((method.removeprefix(PREFIX), request))
            if method.endswith("/ApplyResourceChange"):
                await self.held.wait()
            if method.endswith("/Configure"):
                assert self.configured_with is None, "a process was configured twice"
                self.configured_with = request
                return BAD if self.failing else b""
            return f"{self.environment}:{(self.configured_with or b'-').decode()}:{request.decode()}".encode()
        finally:
            self.calls -= 1

    async def end(self) -> None:
        self.alive, self.ended = False, True


class Stable:
    """Starts remembering providers and keeps them all."""

    def __init__(self, *, memory: int = 10**9, failing: bool = False) -> None:
        self.made: list[RememberingProvider] = []
        self.failing = failing
        self.broken = False
        self.pool = Pool(self._start, memory=memory)

    async def _start(self, environment: str) -> Provider:
        await asyncio.sleep(0)
        if self.broken:
            raise ProviderEndedError(f"{ENDED} before it listened: no memory")
        provider = RememberingProvider(environment)
        provider.failing = self.failing
        self.made.append(provider)
        return provider

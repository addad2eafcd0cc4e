"""Which provider process serves whom: one process for one environment and one configuration, never two.

Idle processes stay for the next run with the same configuration; above the memory budget the least recently used
idle ones are ended. A process in use is never ended for memory.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from pipeline.adapters.warm.provider import Provider, ProviderEndedError
from pipeline.adapters.warm.wire import has_error

Start = Callable[[str], Awaitable[Provider]]
"""Starts a process for the environment with this digest."""


@dataclass(kw_only=True)
class Connection:
    """One Terraform connection: a TCP peer, and after Configure the process it is bound to."""

    environment: str
    provider: Provider | None = None
    calls: int = 0


class Pool:
    """The provider processes of one relay. One event loop; no locks."""

    def __init__(self, start: Start, *, memory: int) -> None:
        self._start = start
        self._memory = memory
        self._starting: dict[str, asyncio.Task[Provider]] = {}
        self._bound: dict[tuple[str, bytes], Provider] = {}
        self.providers: list[Provider] = []
        self.started = self.died = self.evicted = 0

    def warm_up(self, environment: str) -> None:
        """Begin to start a process for an environment that has none, so that it runs when Terraform needs it."""
        if environment not in self._starting and not any(self._alive(environment)):
            task = self._begin(environment)
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def any(self, environment: str, *, pure: bool = False) -> Provider:
        """A process for a call that needs no configuration; a pure one may run in any environment's process."""
        for provider in self._alive(environment):
            return provider
        if pure and environment not in self._starting:
            for provider in self._alive(None):
                return provider
        # Shielded here and below: whoever gives up a call does not end a start that others wait for.
        return await asyncio.shield(self._starting.get(environment) or self._begin(environment))

    async def configure(self, connection: Connection, method: str, request: bytes) -> bytes:
        """Bind the connection to the process of its environment and these bytes; the Configure answer.

        An equal Configure is answered from the first. One that answers with an error retires the process: what
        it holds is not known. Raises ProviderEndedError.
        """
        key = (connection.environment, request)
        self.release(connection)
        provider = self._bound.get(key)
        if provider is None or provider.retired or not provider.is_alive():
            provider = await self._unconfigured(connection.environment, key)
        connection.provider = provider
        provider.connections += 1
        if provider.answer is None:
            provider.answer = asyncio.ensure_future(provider.call(method, request))
        try:
            # Shielded: another run may wait for the same answer when this one is cancelled.
            answer = await asyncio.shield(provider.answer)
        except Exception:
            self._retire(provider)
            raise
        if has_error(answer, 1):
            self._retire(provider)
        return answer

    def release(self, connection: Connection) -> None:
        """The connection is closed or about to be bound anew."""
        if connection.provider is not None:
            connection.provider.connections -= 1
            connection.provider = None

    def retire(self, environment: str) -> None:
        """No new connection gets a process of this environment, also not one that is just starting; `tidy` ends them
        when they are idle."""
        if task := self._starting.get(environment):
            task.add_done_callback(self._retire_started)
        for provider in self.providers:
            if provider.environment == environment:
                self._retire(provider)

    async def tidy(self) -> None:
        """Forget the dead, end retired idle ones, keep the budget. May run several times at once: while one process
        ends, others are taken into use, and ended by others."""
        for provider in list(self.providers):
            if provider in self.providers and not provider.is_alive():
                self.died += not provider.retired
                await self._remove(provider)
        for provider in list(self.providers):
            if provider in self.providers and provider.retired and provider.is_idle:
                await self._remove(provider)
        idle = sorted((p for p in self.providers if p.is_idle), key=lambda p: p.last_use)
        total = self.memory()
        for provider in idle:
            if total <= self._memory:
                break
            if provider not in self.providers or not provider.is_idle:
                continue
            total -= provider.memory()
            self.evicted += 1
            await self._remove(provider)

    def memory(self) -> int:
        """Resident bytes of all provider processes."""
        return sum(p.memory() for p in self.providers)

    async def end(self) -> None:
        """End every process, also those that are just starting."""
        for task in self._starting.values():
            task.cancel()
        for provider in list(self.providers):
            await self._remove(provider)

    async def _unconfigured(self, environment: str, key: tuple[str, bytes]) -> Provider:
        while True:
            # No await between the look and the taking: two connections cannot take one process.
            for provider in self._alive(environment):
                if provider.configuration is None:
                    provider.configuration = key[1]
                    self._bound[key] = provider
                    return provider
            await asyncio.shield(self._starting.get(environment) or self._begin(environment))
            if (found := self._bound.get(key)) and not found.retired and found.is_alive():
                return found

    def _begin(self, environment: str) -> asyncio.Task[Provider]:
        async def begin() -> Provider:
            try:
                await self.tidy()
                provider = await self._start(environment)
                self.providers.append(provider)
                self.started += 1
                return provider
            finally:
                self._starting.pop(environment, None)

        task = self._starting[environment] = asyncio.ensure_future(begin())
        return task

    def _alive(self, environment: str | None) -> Iterable[Provider]:
        return (p for p in self.providers if environment in (None, p.environment) and not p.retired and p.is_alive())

    def _retire_started(self, task: asyncio.Task[Provider]) -> None:
        if not task.cancelled() and task.exception() is None:
            self._retire(task.result())

    def _retire(self, provider: Provider) -> None:
        provider.retired = True
        for key in [key for key, bound in self._bound.items() if bound is provider]:
            del self._bound[key]

    async def _remove(self, provider: Provider) -> None:
        self._retire(provider)
        if provider in self.providers:
            self.providers.remove(provider)
        await provider.end()


__all__ = ["Connection", "Pool", "ProviderEndedError"]

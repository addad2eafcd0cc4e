"""The relay process: `python -m pipeline.adapters.warm.relay`, started by `WarmProvider`.

Listens on loopback only. A control port takes one JSON document a connection, with the run's token; each
registered pair of environment and types gets a port of its own for Terraform. Ends with its parent.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.adapters.warm import provider as processes
from pipeline.adapters.warm.door import Answers, Door
from pipeline.adapters.warm.package import Package, package_of, version_of
from pipeline.adapters.warm.pool import Pool
from pipeline.adapters.warm.rpc import RpcError
from pipeline.adapters.warm.schema import Schema, SchemaCache

TOKEN = "MODFERRY_RELAY_TOKEN"  # noqa: S105 - the variable's name
TIDY_SECONDS = 2.0


class Relay:
    """Doors, provider processes and the schema of one provider binary."""

    def __init__(self, *, binary: Path, source: str, folder: Path, cache: Path, memory: int, shorten: bool) -> None:
        self._binary, self._source, self._folder = binary, source, folder
        self._shorten = shorten
        self._cache = SchemaCache(cache, binary)
        self._variables: dict[str, dict[str, str]] = {}
        self._doors: dict[tuple[str, frozenset[str] | None], tuple[Door, int]] = {}
        self._known: asyncio.Task[tuple[int, Schema]] | None = None
        self._package: asyncio.Task[Package] | None = None
        self._tidying: set[asyncio.Task[None]] = set()
        self._numbers = 0
        self._registering = asyncio.Lock()
        self.pool = Pool(self._start, memory=memory)
        self.answers = Answers()

    async def register(
        self, variables: Mapping[str, str], types: frozenset[str] | None, *, ready: bool
    ) -> dict[str, object]:
        """The reattach document of a port for this environment and these types; equal ones share a port.

        `ready`: a process begins to start, since one will be asked.
        """
        environment = _digest(variables)
        self._variables[environment] = dict(variables)
        if ready:
            self.pool.warm_up(environment)
        protocol, schema = await self._schema(environment)
        used = schema.used(types)
        async with self._registering:
            if (environment, used) not in self._doors:
                self._doors[environment, used] = await self._open(environment, schema.pruned(used))
        _, port = self._doors[environment, used]
        address = {"Network": "tcp", "String": f"127.0.0.1:{port}"}
        record = {"Protocol": "grpc", "ProtocolVersion": protocol, "Pid": os.getpid(), "Test": True, "Addr": address}
        return {self._source: record}

    async def package(self, *, hashed: bool) -> dict[str, object]:
        """What all processes are started from; the hash of its files is read once, and only when somebody asks."""
        if not hashed:
            return {"source": self._source, "version": version_of(self._binary)}
        if self._package is None:
            self._package = asyncio.ensure_future(asyncio.to_thread(package_of, self._binary, self._source))
        return vars(await asyncio.shield(self._package))

    def forget(self, variables: Mapping[str, str]) -> None:
        """Close the ports of an environment; its processes begin to end as soon as they are idle."""
        environment = _digest(variables)
        for key in [key for key in self._doors if key[0] == environment]:
            door, _ = self._doors.pop(key)
            door.close()
        self.pool.retire(environment)
        tidying = asyncio.ensure_future(self.pool.tidy())
        self._tidying.add(tidying)
        tidying.add_done_callback(self._tidying.discard)

    def stats(self) -> dict[str, int]:
        """Counts since the start, and what is there now."""
        doors = [door for door, _ in self._doors.values()]
        return {
            "processes": len(self.pool.providers),
            "memory": self.pool.memory(),
            "started": self.pool.started,
            "died": self.pool.died,
            "evicted": self.pool.evicted,
            "shortened": sum(provider.shortened for provider in self.pool.providers),
            "doors": len(doors),
            "connections": sum(len(door.connections) for door in doors),
            "running": sum(provider.calls for provider in self.pool.providers),
            "calls": sum(door.calls for door in doors),
            "hits": self.answers.hits,
            "relay_memory": int(Path("/proc/self/statm").read_text().split()[1]) * 4096
            if Path("/proc/self/statm").exists()
            else 0,
            "relay_files": len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0,  # noqa: PTH208
        }

    async def end(self) -> None:
        """Close the ports, end the processes."""
        for door, _ in self._doors.values():
            door.close()
        await asyncio.gather(self.pool.end(), *self._tidying)

    async def _open(self, environment: str, answer: bytes) -> tuple[Door, int]:
        door = Door(environment=environment, schema=answer, pool=self.pool, answers=self.answers)
        return door, await door.open()

    async def _start(self, environment: str) -> processes.Provider:
        self._numbers += 1
        return await processes.start(
            self._binary,
            variables=self._variables[environment],
            environment=environment,
            folder=self._folder,
            number=self._numbers,
            shorten=self._shorten,
        )

    async def _schema(self, environment: str) -> tuple[int, Schema]:
        if self._known is None:
            self._known = asyncio.ensure_future(self._learn(environment))
        try:
            return await asyncio.shield(self._known)
        except Exception:
            self._known = None
            raise

    async def _learn(self, environment: str) -> tuple[int, Schema]:
        if (cached := self._cache.read()) is not None:
            return cached
        provider = await self.pool.any(environment)
        protocol = provider.attach.protocol
        name = "GetSchema" if protocol == 5 else "GetProviderSchema"
        schema = Schema(await provider.call(f"/tfplugin{protocol}.Provider/{name}", b""))
        self._cache.write(protocol, schema)
        return protocol, schema


def _digest(variables: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(sorted(variables.items())).encode()).hexdigest()


async def obey(relay: Relay, request: Mapping[str, Any]) -> dict[str, object]:
    """The answer to one control request; an error is a document with "error"."""
    match request.get("act"):
        case "register":
            types = request["types"]
            kept = None if types is None else frozenset(types)
            try:
                return await relay.register(request["environment"], kept, ready=bool(request.get("ready")))
            except (processes.ProviderEndedError, RpcError, ValueError) as error:
                return {"error": str(error)}
        case "forget":
            relay.forget(request["environment"])
        case "package":
            return await relay.package(hashed=bool(request.get("hashed")))
        case "stats":
            return dict(relay.stats())
        case act:
            return {"error": f"unknown act {act!r}"}
    return {}


async def serve(relay: Relay, *, token: str, address: Path) -> None:
    """Answer control requests until SIGTERM or SIGINT; writes the control port to the file `address`."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ValueError):
            request = json.loads(await reader.readline())
            allowed = request.pop("token", None) == token
            answer = await obey(relay, request) if allowed else {"error": "wrong token"}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    ended = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, ended.set)
    server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=16 << 20)
    new = address.with_suffix(".new")
    new.write_text(str(server.sockets[0].getsockname()[1]))
    new.replace(address)
    while not ended.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), TIDY_SECONDS)
        await relay.pool.tidy()
    server.close()
    await relay.end()


def main() -> None:
    """Read the arguments, serve, end."""
    parser = argparse.ArgumentParser()
    for name in ("binary", "source", "cache", "memory", "address", "shorten"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()

    async def run() -> None:
        relay = Relay(
            binary=Path(options.binary),
            source=options.source,
            folder=Path.cwd(),
            cache=Path(options.cache),
            memory=int(options.memory),
            shorten=options.shorten == "1",
        )
        await serve(relay, token=os.environ.pop(TOKEN), address=Path(options.address))

    asyncio.run(run())


if __name__ == "__main__":
    main()

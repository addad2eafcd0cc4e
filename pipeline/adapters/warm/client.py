"""What the rest of modferry sees of the warm provider: start, a value for Terraform's environment, end."""

import json
import os
import secrets
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.adapters.processes import base_environment
from pipeline.adapters.services import Service
from pipeline.adapters.warm.package import Package
from pipeline.adapters.warm.schema import cache_folder
from pipeline.errors import UndecidedError

_START_SECONDS = 30.0
_ANSWER_SECONDS = 120.0


class WarmProvider:
    """One relay process for a run. Thread-safe; `start` may be called from any thread."""

    def __init__(
        self,
        *,
        binary: Path,
        source: str = "registry.terraform.io/hashicorp/aws",
        scratch: Path,
        memory: int | None = None,
        cache: Path | None = None,
        shorten: bool = True,
    ) -> None:
        """`memory`: bytes that provider processes may hold before idle ones are ended (default: half of the
        machine's). `scratch` is a folder of the caller's, for sockets and logs. `cache`: default under XDG.
        `shorten`: the provider's fixed pauses, against emulators on this machine (see waits.py)."""
        self._binary, self._source, self._scratch = binary, source, scratch
        self._memory = memory if memory is not None else _half_of_memory()
        self._cache = cache or cache_folder()
        self._shorten = shorten
        self._token = secrets.token_hex(16)
        self._service: Service | None = None
        self._port = 0
        self._provider: tuple[str, str] | None = None
        self._package: Package | None = None
        self._over = threading.Event()
        self._keeper: threading.Thread | None = None

    def start(self) -> None:
        """Start the relay (0.3 s). Raises UndecidedError when it does not come up."""
        ready = threading.Event()
        failure: list[BaseException] = []

        def keep() -> None:
            # A service dies with the thread that started it; this thread lives as long as the relay should.
            try:
                self._start()
            except BaseException as error:  # noqa: BLE001 - handed to the caller
                failure.append(error)
            ready.set()
            self._over.wait()

        self._keeper = threading.Thread(target=keep, name="warm provider", daemon=True)
        self._keeper.start()
        ready.wait()
        if failure:
            self.end()
            raise failure[0]

    def environment(
        self, aws: Mapping[str, str], types: frozenset[str] | None, *, ready: bool = True
    ) -> dict[str, str]:
        """`{"TF_REATTACH_PROVIDERS": …}` for Terraform commands that run with the environment `aws`.

        `aws` is everything that the provider may read from its environment (credentials, region, endpoint).
        `types`: see `types_in`; None: the whole schema. `ready`: a process is started at once, not when the first
        call needs it. Raises UndecidedError.
        """
        wanted = None if types is None else sorted(types)
        return self._registered(environment=dict(aws), types=wanted, ready=ready)

    def schema_environment(self, types: frozenset[str]) -> dict[str, str]:
        """`{"TF_REATTACH_PROVIDERS": …}` for a Terraform that wants the schemas of these types and no provider.

        Raises UndecidedError.
        """
        return self._registered(environment={}, types=sorted(types), ready=False)

    def provider(self) -> tuple[str, str]:
        """Source address and version of the provider that its processes are. Raises UndecidedError."""
        if self._provider is None:
            found = self._ask("package")
            self._provider = str(found["source"]), str(found["version"])
        return self._provider

    def package(self) -> Package:
        """The same with the hash of its package, which takes half a second once. Raises UndecidedError."""
        if self._package is None:
            found = self._ask("package", hashed=True)
            self._package = Package(**{name: str(found[name]) for name in ("source", "version", "hash")})
        return self._package

    def forget(self, aws: Mapping[str, str]) -> None:
        """No Terraform will run in this environment again (an abandoned account): frees its ports and processes."""
        self._ask("forget", environment=dict(aws))

    def stats(self) -> dict[str, int]:
        """Counts: processes, memory (bytes), started, died, evicted, doors, connections, calls, hits, …"""
        return {str(name): int(count) for name, count in self._ask("stats").items()}

    def end(self) -> None:
        """End the relay and its provider processes; safe to call twice."""
        if self._service is not None:
            self._service.end()
        self._over.set()
        if self._keeper is not None:
            self._keeper.join(10)

    def is_alive(self) -> bool:
        """Whether the relay is there (one that somebody else started is taken to be)."""
        return self._service is None or self._service.is_alive()

    @property
    def address(self) -> str:
        """What `connect` takes, for other commands of the same story; it lets its holder use the relay."""
        return f"{self._port}:{self._token}"

    @classmethod
    def connect(cls, address: str, *, scratch: Path) -> "WarmProvider":
        """A relay that somebody else started and will end."""
        port, _, token = address.partition(":")
        found = cls(binary=Path(), scratch=scratch)
        found._port, found._token = int(port), token
        return found

    @property
    def pid(self) -> int | None:
        """The relay's process id while it was started."""
        return self._service.pid if self._service else None

    def _start(self) -> None:
        folder = self._scratch.resolve() / f"relay-{secrets.token_hex(4)}"
        folder.mkdir(parents=True, mode=0o700)
        address = folder / "control.port"
        home = Path(__file__).resolve().parents[3]
        options = {"binary": self._binary.resolve(), "source": self._source, "cache": self._cache.resolve()}
        more = {"memory": self._memory, "address": address, "shorten": int(self._shorten)}
        argv = [f"--{name}={value}" for name, value in {**options, **more}.items()]
        # Imported by relay.TOKEN's name would load asyncio here.
        variables = {"MODFERRY_RELAY_TOKEN": self._token, "PYTHONPATH": str(home), "TMPDIR": str(folder)}
        self._service = Service(
            (sys.executable, "-m", "pipeline.adapters.warm.relay", *argv),
            cwd=folder,
            env=base_environment(variables),
            log=folder / "relay.log",
        )
        self._service.wait_until(address.exists, seconds=_START_SECONDS, interval=0.01)
        self._port = int(address.read_text())

    def _registered(self, **what: object) -> dict[str, str]:
        return {"TF_REATTACH_PROVIDERS": json.dumps(self._ask("register", **what))}

    def _ask(self, act: str, **more: object) -> dict[str, Any]:
        request = {"act": act, "token": self._token, **more}
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=_ANSWER_SECONDS) as channel:
                channel.sendall(json.dumps(request).encode() + b"\n")
                with channel.makefile("rb") as answers:
                    answer: dict[str, Any] = json.loads(answers.readline())
        except (OSError, ValueError) as error:
            words = self._service.last_words() if self._service else "not started"
            raise UndecidedError(f"The warm provider does not answer: {words}.", remedy="use --cold") from error
        if "error" in answer:
            raise UndecidedError(f"The warm provider refused: {answer['error']}.", remedy="use --cold")
        return answer


def is_provider_lost(stderr: str) -> bool:
    """Whether Terraform's diagnostics say that the provider process ended under it: errored, try once more."""
    text = " ".join(stderr.replace("│", " ").split())
    return "modferry relay: provider process ended" in text or "Plugin did not respond" in text


def _half_of_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2

"""Parts on other processes or machines: a workbench that hands each part to a `concurrent.futures.Executor`.

What travels is an order (which repository, which bytes, which tools) and a part; cases come back. The other side
opens its own bench (emulator, relay, copies) and proves first that it has the same files and tools: evidence is
written here, once, under a key that names them. `dask://HOST:PORT` is a dask.distributed scheduler whose workers
offer lanes as the resource `lane`; a part whose worker dies is given to another one by the scheduler.

Assumed of workers: modferry is installed, and the repository lies at the same path (a shared folder, or a clone
with the same files). Nothing is sent in its place. The connection is plain TCP: for networks that are trusted.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol
from uuid import uuid4

from pipeline.domain.evidence import Tools
from pipeline.domain.module import Files
from pipeline.domain.parts import Part
from pipeline.domain.verdict import Case, Verdict
from pipeline.errors import UndecidedError, UsageError
from pipeline.ports import RunPart

SCHEME = "dask://"
LANE = "lane"
ANSWER_SECONDS = 10.0
PATIENCE = 20.0
"""Seconds without any worker before nobody is waited for: a nanny starts a new one within a few."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the other side needs for any part of one run; `files` is every path that parts need, with its print."""

    id: str
    root: str
    target: str
    cold: bool
    tools: Tools
    files: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Cases and notes of one part; `refused`: why it was not run at all, and what to do."""

    cases: tuple[Case, ...] = ()
    notes: tuple[str, ...] = ()
    refused: tuple[str, str] | None = None


class Lanes(Protocol):
    """Where orders go."""

    executor: Executor
    count: int

    def check(self, order: Order) -> None:
        """Raise UndecidedError, naming who, where somebody could not work on this order."""
        ...

    def close(self, order: Order) -> None:
        """The run is over: end what it started there."""
        ...

    def lost(self, error: Exception) -> str:
        """A part died with every process that tried it: a sentence; empty: something else went wrong."""
        ...

    def is_deserted(self) -> bool:
        """Whether nobody is there any more who could take a part."""
        ...


@dataclass(kw_only=True)
class ExecutorBench:
    """See ports.Workbench. `run` is called on the other side; it must be a function that pickle finds by name."""

    target: str
    tools: Tools
    connect: Callable[[], Lanes]
    run: Callable[[Order, Part], Answer]
    root: str
    cold: bool
    stats: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _lanes: Lanes | None = None

    @property
    def jobs(self) -> int:
        """All lanes there are; the first question connects."""
        return self._connected().count

    @contextmanager
    def open(self, files: Files, wanted: frozenset[str]) -> Iterator[RunPart]:
        """Make sure that all can work, hand out parts, and end what was started there."""
        lanes = self._connected()
        order = Order(
            id=uuid4().hex,
            root=self.root,
            target=self.target,
            cold=self.cold,
            tools=self.tools,
            files=prints(files, wanted),
        )
        try:
            lanes.check(order)
            yield partial(self._hand_over, lanes, order)
            self.stats["lanes"] = lanes.count
        finally:
            lanes.close(order)
            self._lanes = None

    def _connected(self) -> Lanes:
        if self._lanes is None:
            self._lanes = self.connect()
        return self._lanes

    def _hand_over(self, lanes: Lanes, order: Order, part: Part) -> Sequence[Case]:
        try:
            answer = _result(lanes.executor.submit(self.run, order, part), lanes)
        except UndecidedError:
            raise
        except Exception as error:
            if said := lanes.lost(error):
                return [Case(name=part.label, verdict=Verdict.ERRORED, message=said)]
            raise UndecidedError(
                f"{part.module} {part.label} got no answer from elsewhere: {type(error).__name__}: {error}",
                remedy="look at the scheduler and its workers, then run it again (or without --executor)",
            ) from error
        if answer.refused:
            raise UndecidedError(answer.refused[0], remedy=answer.refused[1])
        self.notes += answer.notes
        return answer.cases


def _result(future: Future[Answer], lanes: Lanes) -> Answer:
    """What the other side answered; raises what it raised, or UndecidedError when nobody is there to answer."""
    while True:
        try:
            return future.result(timeout=2)
        except TimeoutError:
            if future.done():  # it is the other side's own
                return future.result()
            if lanes.is_deserted():
                future.cancel()
                raise UndecidedError(
                    f"No worker is left: the last one went more than {PATIENCE:.0f} s ago.",
                    remedy="start workers, then run it again: what has evidence is not repeated",
                ) from None


def prints(files: Files, wanted: frozenset[str]) -> dict[str, str]:
    """Path → sha256 over mode and bytes."""
    return {p: hashlib.sha256(files.mode(p).encode() + b"\0" + files.read(p)).hexdigest() for p in sorted(wanted)}


class DaskLanes:
    """The workers of a dask scheduler that offer the resource `lane`."""

    def __init__(
        self, client: Any, *, check: Callable[[Order], str], close: Callable[[str], None], address: str
    ) -> None:
        """`check` and `close` run in each worker; see `check_here` and `close_here` in wiring/elsewhere.py."""
        self._client, self._check, self._close, self._address = client, check, close, address
        self.count = _lanes_of(client)
        self._seen = time.monotonic()
        self.executor: Executor = client.get_executor(pure=False, resources={LANE: 1})

    def check(self, order: Order) -> None:
        """See Lanes. Workers that come later prove themselves with each part."""
        try:
            found = self._client.run(self._check, order, on_error="return")
        except Exception as error:
            raise UndecidedError(
                f"The workers of {self._address} do not answer: {error}", remedy="look at their logs"
            ) from error
        wrong = {worker: said for worker, said in sorted(found.items()) if said}
        if wrong:
            worker, said = next(iter(wrong.items()))
            more = f" ({len(wrong)} of {len(found)} workers)" if len(found) > 1 else ""
            raise UndecidedError(
                f"Worker {worker} cannot work on this repository{more}: {said}",
                remedy="start workers with this modferry, where the repository lies at the same path with the same "
                "files (a shared folder or a clone); or split the work with --shard I/N",
            )

    def close(self, order: Order) -> None:
        """See Lanes; workers that do not answer end what they started by themselves, idle."""
        with contextlib.suppress(Exception):  # the scheduler may be gone
            self._client.run(self._close, order.id, on_error="ignore")
        self._client.close(timeout=ANSWER_SECONDS)

    def is_deserted(self) -> bool:
        """See Lanes."""
        with contextlib.suppress(Exception):  # the scheduler answers late or never: then the future says so
            if _lanes_of(self._client):
                self._seen = time.monotonic()
        return time.monotonic() - self._seen > PATIENCE

    def lost(self, error: Exception) -> str:
        """See Lanes: the scheduler gave the part to several workers, and each died."""
        from distributed.scheduler import KilledWorker

        if isinstance(error, KilledWorker):
            return f"every worker that ran it died: {error}"
        return ""


def _lanes_of(client: Any) -> int:
    """How many lanes the workers that are there now offer."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    return int(sum(worker.get("resources", {}).get(LANE, 0) for worker in workers.values()))


def connect_dask(
    address: str, *, check: Callable[[Order], str], close: Callable[[str], None], seconds: float = ANSWER_SECONDS
) -> DaskLanes:
    """Connect to `dask://HOST:PORT`. Raises UsageError without the extra, UndecidedError without an answer."""
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError(
            "--executor dask://… needs dask.distributed, which is not installed.",
            remedy="pip install 'modferry[distributed]'",
        ) from error
    place = address.removeprefix(SCHEME)
    try:
        connect: Any = Client
        client = connect(f"tcp://{place}", timeout=seconds, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise UndecidedError(
            f"No dask scheduler answers at {place} within {seconds:.0f} s.",
            remedy="dask scheduler --port PORT, and look at firewalls between here and there",
        ) from error
    lanes = DaskLanes(client, check=check, close=close, address=address)
    if not lanes.count:
        client.close(timeout=seconds)
        raise UndecidedError(
            f"No worker of {address} offers lanes, so no part would ever start.",
            remedy=f"dask worker tcp://{place} --nthreads 3 --resources lane=3",
        )
    return lanes


def check_address(address: str) -> str:
    """The address itself, if it is `dask://HOST:PORT`; raises UsageError."""
    host, _, port = address.removeprefix(SCHEME).rpartition(":")
    if not address.startswith(SCHEME) or not host or not port.isdigit():
        raise UsageError(f"{address!r} is no executor.", remedy="write it like dask://scheduler.example:8786")
    return address

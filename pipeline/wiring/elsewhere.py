"""The other side of `--executor`: what a worker does with an order. Pickle finds these functions by name.

A worker opens one bench for each run and keeps it between parts: a part then costs what it costs in a lane here.
The bench ends when the run says so, or when nobody asked for anything for a while (the run was killed); when the
worker itself is killed, its processes die with it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.adapters.executors import Answer, ExecutorBench, Order, check_address, connect_dask, prints
from pipeline.errors import ModferryError, UndecidedError, UsageError
from pipeline.wiring.bench import open_bench, tools
from pipeline.wiring.repository import open_project

if TYPE_CHECKING:
    from pipeline.adapters.harness.workbench import LocalBench
    from pipeline.commands.project import Project
    from pipeline.domain.module import Files
    from pipeline.domain.parts import Part
    from pipeline.ports import RunPart, TellingWorkbench

IDLE_SECONDS = 120.0
LANES_HERE = 64
"""A bench does not limit how many parts run; the worker's lanes do."""


def open_workbench(
    project: Project,
    environ: Mapping[str, str],
    *,
    target: str | None,
    jobs: int | None,
    cold: bool,
    executor: str | None,
) -> TellingWorkbench:
    """Where suites run: here, or on the workers behind `executor`; nothing is started or connected yet."""
    if not executor:
        return open_bench(project, environ, target=target, jobs=jobs, cold=cold)
    where = check_address(executor)
    if jobs:
        raise UsageError("-j counts lanes of this machine; workers say how many they offer.", remedy="leave out -j")
    chosen = target or project.settings.test.target
    return ExecutorBench(
        target=chosen,
        tools=tools(environ, chosen),
        connect=lambda: connect_dask(where, check=check_here, close=close_here),
        run=run_here,
        root=str(project.repository.root),
        cold=cold,
    )


def run_here(order: Order, part: Part) -> Answer:
    """Run one part in this process, on the bench of its run."""
    try:
        with _bench_of(order).in_use() as (bench, run_part):
            cases = tuple(run_part(part))
    except ModferryError as error:
        return Answer(refused=(f"{part.module} {part.label}: {error.what}", error.remedy))
    notes = tuple(bench.notes)
    del bench.notes[: len(notes)]
    return Answer(cases=cases, notes=notes)


def check_here(order: Order) -> str:
    """Why this process cannot work on an order; empty: it can. Opens nothing."""
    try:
        _prove(order)
    except ModferryError as error:
        return error.what
    return ""


def close_here(order_id: str) -> None:
    """The run is over."""
    with _LOCK:
        kept = _OPEN.pop(order_id, None)
    if kept:
        kept.end()


class _Kept:
    """The bench of one run, held open by a thread of its own: services die with the thread that started them."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._ready, self._over = threading.Event(), threading.Event()
        self._opened: tuple[LocalBench, RunPart] | None = None
        self._failure: BaseException | None = None
        self._running, self._last = 0, time.monotonic()
        self._keeper = threading.Thread(target=self._keep, name="modferry bench", daemon=True)
        self._keeper.start()

    @contextmanager
    def in_use(self) -> Iterator[tuple[LocalBench, RunPart]]:
        """The open bench; raises what opening it raised."""
        with _LOCK:
            self._running += 1
        try:
            self._ready.wait()
            if self._opened is None:
                raise self._failure or UndecidedError("its bench was closed meanwhile", remedy="run it again")
            yield self._opened
        finally:
            with _LOCK:
                self._running, self._last = self._running - 1, time.monotonic()

    def end(self) -> None:
        """Close the bench, and wait for it."""
        self._over.set()
        self._keeper.join(60)

    def _keep(self) -> None:
        try:
            files, bench = _prove(self._order)
            with bench.open(files, frozenset(self._order.files)) as run_part:
                _prove(self._order)  # once more: the bytes that were copied in between must be those
                self._opened = (bench, run_part)
                self._ready.set()
                while not self._over.wait(5) and not self._is_forgotten():
                    pass
        except BaseException as error:  # noqa: BLE001 - handed to who waits for it
            self._failure = error
        with _LOCK:
            _OPEN.pop(self._order.id, None)
        self._opened = None
        self._ready.set()

    def _is_forgotten(self) -> bool:
        """Whether the run seems to be dead; from then on nobody gets this bench."""
        with _LOCK:
            idle = not self._running and time.monotonic() - self._last > IDLE_SECONDS
            if idle:
                _OPEN.pop(self._order.id, None)
            return idle


_LOCK = threading.Lock()
_OPEN: dict[str, _Kept] = {}


def _bench_of(order: Order) -> _Kept:
    with _LOCK:
        if order.id not in _OPEN:
            _OPEN[order.id] = _Kept(order)
        return _OPEN[order.id]


def _prove(order: Order) -> tuple[Files, LocalBench]:
    """This process's files and bench for an order, if its files and tools are those of the order.

    Fails closed: evidence is of bytes and tools, so a worker that has others must not add to it.
    """
    if not Path(order.root).is_dir():
        raise UndecidedError(f"there is no {order.root} on {os.uname().nodename}")
    project = open_project(Path(order.root), os.environ, lambda: datetime.now(UTC))
    bench = open_bench(project, os.environ, target=order.target, jobs=LANES_HERE, cold=order.cold)
    if bench.tools != order.tools:
        raise UndecidedError(f"its tools are {bench.tools}, those of the run {order.tools}")
    files = project.graph().files
    have = set(files.paths)
    for path, sum_there in sorted(order.files.items()):
        if path not in have or prints(files, frozenset({path}))[path] != sum_there:
            raise UndecidedError(f"its {path} is not the file of the run")
    return files, bench

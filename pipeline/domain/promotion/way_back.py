"""What the releases that a stack passes said of their way back, before the stack needs it. Pure.

A release carries how going back to the one before went on an emulator (`domain/rehearsal`). A stack that was
taken from 1.0.0 to 1.3.0 goes back over 1.3.0, 1.2.0 and 1.1.0: what any of them would lose counts.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from pipeline.domain.gate import Allowed, Decision, Refused
from pipeline.domain.history import History
from pipeline.domain.rehearsal import Rehearsal, Undone, WayBack
from pipeline.domain.version import Version


@dataclass(frozen=True, kw_only=True)
class Crossed:
    """A release between where a stack came from and where it went, and what its rehearsal said."""

    module: str
    version: Version
    rehearsal: Rehearsal

    @property
    def name(self) -> str:
        """`core 1.2.0`."""
        return f"{self.module} {self.version}"

    def __str__(self) -> str:
        return f"way back from {self.name}, rehearsed: {self.rehearsal}"

    def to_json(self) -> dict[str, Any]:
        """As `--plan-only --json` prints it."""
        return {
            "module": self.module,
            "version": str(self.version),
            "way_back": str(self.rehearsal.way_back),
            "says": str(self.rehearsal),
        }


def find_crossed(history: History, module: str, origin: Version, target: Version) -> tuple[Crossed, ...]:
    """The rehearsed releases above `origin` up to `target`, newest first; none where the version falls."""
    found = (
        Crossed(module=name, version=version, rehearsal=Rehearsal.from_json(release.rehearsal))
        for (name, version), release in history.releases.items()
        if name == module and origin < version <= target and release.rehearsal
    )
    return tuple(sorted(found, key=lambda one: one.version, reverse=True))


def data_lost(crossed: Iterable[Crossed], held: Collection[str] | None) -> tuple[tuple[Crossed, Undone], ...]:
    """What holds data and would be lost on the way, of the types that the stack holds (None: nobody knows, all of
    them): a rehearsal on an example with a database says nothing about a stack without one."""
    return tuple(
        (one, undone)
        for one in crossed
        if one.rehearsal.way_back is not WayBack.CLEAN
        for undone in one.rehearsal.undone
        if undone.loses and (held is None or undone.type in held)
    )


def judge_rehearsed(stack: str, crossed: Iterable[Crossed], held: Collection[str] | None) -> Decision:
    """Whether a stack may go back by itself as far as rehearsals tell (R6). The stack's own plan is judged besides.

    Fails closed: data was seen to be lost on this very way, and nobody is there to ask. A person who asks for the
    way back (`modferry rollback`) is held to the stack's own plan alone.
    """
    lost = data_lost(crossed, held)
    if not lost:
        return Allowed()
    return Refused(
        reasons=tuple(
            f"{stack}: the way back from {one.name} was rehearsed as lossy: {undone}." for one, undone in lost
        ),
        remedy="save the data, then modferry rollback",
    )


def says_blocked(crossed: Iterable[Crossed]) -> str:
    """Why rehearsals say that there is no way back; empty where none says so."""
    blocked = [one for one in crossed if one.rehearsal.way_back is WayBack.BLOCKED]
    return "; ".join(f"the rehearsal of {one.name} had said so: {one.rehearsal}" for one in blocked)

"""The failure budget of a wave: how many of its stacks may fail and go back alone. Pure."""

from collections.abc import Sequence

from pipeline.domain.promotion.phases import Kind, StackPhase
from pipeline.domain.promotion.record import StackRun

LEAVING = frozenset({StackPhase.FAILED, StackPhase.RESTORING, StackPhase.NOT_RESTORED, StackPhase.REFUSED})
"""Failed, and not yet where it came from."""


def is_spent(kind: Kind, runs: Sequence[StackRun], budget: int) -> bool:
    """Whether so many stacks of a wave failed that everything has to go back.

    Fails closed: a rollback has no budget, and a stack that has nowhere to go back to, or that could not go back,
    cannot be left behind.
    """
    gone = [run for run in runs if run.phase in LEAVING or run.phase is StackPhase.RESTORED]
    stuck = [run for run in gone if run.origin is None or run.phase in (StackPhase.NOT_RESTORED, StackPhase.REFUSED)]
    return len(gone) > (0 if kind is Kind.ROLLBACK else budget) or bool(stuck)


def say_partial(runs: Sequence[StackRun]) -> str:
    """`1 of 3 stacks failed and went back alone: b: 503`; empty where none did."""
    gone = [run for run in runs if run.phase is StackPhase.RESTORED]
    said = "; ".join(f"{run.stack}: {run.reason}" for run in gone)
    return f"{len(gone)} of {len(runs)} stacks failed and went back alone: {said}" if gone else ""

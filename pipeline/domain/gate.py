"""The three words of a gate: Allowed, Refused, Unknown. The worst wins: Refused, then Unknown, then Allowed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from pipeline.errors import RefusedError, UndecidedError


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """Yes; `notes` are what a reader should still know (a waiver used, a bypass)."""

    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Refused:
    """No, with every reason and the next command."""

    reasons: tuple[str, ...]
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """Could not find out, which is never a yes."""

    reasons: tuple[str, ...]
    remedy: str = ""


Decision = Allowed | Refused | Unknown


def combine(decisions: Iterable[Decision]) -> Decision:
    """One decision out of many: all reasons of the worst kind, and the first remedy among them."""
    every = tuple(decisions)
    refused = [d for d in every if isinstance(d, Refused)]
    unknown = [d for d in every if isinstance(d, Unknown)]
    for found, kind in ((refused, Refused), (unknown, Unknown)):
        if found:
            return kind(
                reasons=tuple(reason for d in found for reason in d.reasons),
                remedy=next((d.remedy for d in found if d.remedy), ""),
            )
    return Allowed(notes=tuple(note for d in every if isinstance(d, Allowed) for note in d.notes))


def insist(decision: Decision) -> tuple[str, ...]:
    """The notes of an Allowed; raises RefusedError (10) or UndecidedError (20) otherwise."""
    match decision:
        case Allowed(notes=notes):
            return notes
        case Refused(reasons=reasons, remedy=remedy):
            raise RefusedError(" ".join(reasons), remedy=remedy)
        case Unknown(reasons=reasons, remedy=remedy):
            raise UndecidedError(" ".join(reasons), remedy=remedy)
        case _:
            assert_never(decision)

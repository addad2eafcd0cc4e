"""Yank, hold, unhold: what may be written, looked at on the newest history. Pure: history in, drafts out.

No draft means that there is nothing to do. A version that was never released cannot be stopped: it is a typo.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pipeline.domain.history import History, Hold, Release
from pipeline.domain.ledger import Draft
from pipeline.domain.promotion.claims import fleet_of
from pipeline.domain.version import Version
from pipeline.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One version that somebody wants stopped (or let go). `environment` empty: everywhere."""

    module: str
    version: Version
    reason: str
    environment: str = ""

    @property
    def name(self) -> str:
        """`core 1.2.0`."""
        return f"{self.module} {self.version}"

    def to_body(self) -> dict[str, str]:
        """As the ledger keeps it."""
        body = {"module": self.module, "version": str(self.version), "reason": self.reason}
        return {**body, "environment": self.environment} if self.environment else body


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What to write (perhaps nothing) and the sentence that tells it."""

    drafts: Sequence[Draft]
    says: str


def plan_yank(history: History, stop: Stop) -> Decided:
    """Forbid new promotions of a version; nothing when it is yanked already."""
    find_release(history, stop)
    old = history.yanks.get((stop.module, stop.version))
    if old:
        return Decided(drafts=(), says=f"{stop.name} was yanked by {old.actor} at {old.at}: {old.reason}.")
    return Decided(drafts=(_draft("yank", stop),), says=f"{stop.name} may no longer be promoted: {stop.reason}.")


def plan_hold(history: History, stop: Stop, order: tuple[str, ...]) -> Decided:
    """Keep a version out of an environment and the later ones; nothing when an existing hold covers that."""
    find_release(history, stop)
    old = _covering(history, stop, order)
    if old:
        return Decided(
            drafts=(),
            says=f"{stop.name} is held {where(old.environment)} since {old.at} by {old.actor}: {old.reason}.",
        )
    return Decided(
        drafts=(_draft("hold", stop),), says=f"{stop.name} is held {where(stop.environment)}: {stop.reason}."
    )


def plan_unhold(history: History, stop: Stop, order: tuple[str, ...]) -> Decided:
    """Lift the hold of one environment, or (without an environment) every hold of a version.

    Nothing when it is not held. Raises UsageError when another environment's hold is what stops it there:
    to lift only a part of a hold is not possible.
    """
    find_release(history, stop)
    mine = [hold for hold in history.holds.values() if (hold.module, hold.version) == (stop.module, stop.version)]
    lifted = [hold for hold in mine if not stop.environment or hold.environment == stop.environment]
    if not lifted:
        wider = _covering(history, stop, order)
        if wider and stop.environment:
            at = f" --in {wider.environment}" if wider.environment else ""
            raise UsageError(
                f"{stop.name} is not held in {stop.environment} itself but {where(wider.environment)}.",
                remedy=f"modferry unhold {stop.module} {stop.version}{at} --reason TEXT",
            )
        return Decided(drafts=(), says=f"{stop.name} is not held {where(stop.environment)}.")
    places = ", ".join(where(hold.environment) for hold in lifted)
    return Decided(drafts=(_draft("unhold", stop),), says=f"{stop.name} is no longer held {places}: {stop.reason}.")


def find_release(history: History, stop: Stop) -> Release:
    """The release that is meant; raises UsageError naming what there is."""
    found = history.releases.get((stop.module, stop.version))
    if found:
        return found
    versions = sorted(version for module, version in history.releases if module == stop.module)
    if versions:
        shown = ", ".join(map(str, versions[-5:]))
        raise UsageError(f"{stop.name} was never released.", remedy=f"use one of {shown} (modferry history)")
    names = sorted({module for module, _ in history.releases})
    near = get_close_matches(stop.module, names, n=1) or names
    hint = f"use {' or '.join(near)}" if near else "modferry release first"
    raise UsageError(f"No version of {stop.module} was ever released.", remedy=hint)


def running(history: History, release: Release) -> tuple[tuple[str, str], ...]:
    """(environment, stack) of every stack to which a release is applied."""
    return tuple(
        name
        for name, state in sorted(fleet_of(history).stacks.items())
        if state.content and state.content.pins.get(release.module) == release.tag
    )


def where(environment: str) -> str:
    """`in prod` or `everywhere`."""
    return f"in {environment}" if environment else "everywhere"


def _covering(history: History, stop: Stop, order: tuple[str, ...]) -> Hold | None:
    """The hold that already does what `stop` asks for."""
    everywhere = history.holds.get((stop.module, stop.version, ""))
    if everywhere or not stop.environment:
        return everywhere
    return history.held(stop.module, stop.version, stop.environment, order)


def _draft(kind: str, stop: Stop) -> Draft:
    return Draft(kind=kind, body=stop.to_body())

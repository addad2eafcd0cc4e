"""What the ledger says now: entries folded, in order, into evidence, releases, yanks, holds and promotions.

State is replayed, never stored beside the ledger. Each noun folds its own entries (`promotion.fold`); this
file only hands them round. Entry kinds nobody knows are kept in `unknown`: an old modferry must notice that
a newer one wrote here, and not promote on half of the story.
"""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from pipeline.domain.evidence import Evidence, EvidenceKey
from pipeline.domain.ledger import Entry
from pipeline.domain.reverification import KIND, Outcome, Reverification
from pipeline.domain.version import Version


@dataclass(frozen=True, kw_only=True)
class Release:
    """A version as the ledger knows it; `shipped` is the digest of what users get."""

    module: str
    version: Version
    tag: str
    commit: str
    digest: str
    shipped: str
    bump: str
    evidence: tuple[str, ...]
    at: str
    rehearsal: Mapping[str, Any] = field(default_factory=dict)
    adopted: bool = False
    entry: int = 0


@dataclass(frozen=True, kw_only=True)
class Yank:
    """A version that may no longer be promoted."""

    module: str
    version: Version
    reason: str
    at: str
    actor: str


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A stop in one environment and the later ones; `environment` empty: everywhere."""

    module: str
    version: Version
    environment: str
    reason: str
    at: str
    actor: str
    promotion: str = ""


@dataclass(kw_only=True)
class History:
    """The replay. `last` is the newest entry folded in; keys of `releases` and `yanks` are (module, version)."""

    last: Entry | None = None
    evidence: dict[EvidenceKey, Evidence] = field(default_factory=dict)
    signed: dict[EvidenceKey, tuple[Evidence, ...]] = field(default_factory=dict)
    """All evidence that carries a signature, oldest first, whether the signature is good or not. The same signature
    again is the same evidence: written again it is not newer than what came in between."""
    releases: dict[tuple[str, Version], Release] = field(default_factory=dict)
    yanks: dict[tuple[str, Version], Yank] = field(default_factory=dict)
    holds: dict[tuple[str, Version, str], Hold] = field(default_factory=dict)
    seconds: dict[tuple[str, str, str], float] = field(default_factory=dict)
    """Newest duration by (module, suite, target): what a run may be expected to take."""
    promotions: list[Entry] = field(default_factory=list)
    """Entries of kinds `promotion.*` and `stack.*` in order; domain/promotion.py folds them."""
    reverified: dict[tuple[str, Version], Reverification] = field(default_factory=dict)
    """The newest answer (passed or failed) to whether a version still passes; absent: never asked."""
    inventories: list[Entry] = field(default_factory=list)
    """What the fleet held, each time somebody recorded it, oldest first."""
    unknown: dict[str, int] = field(default_factory=dict)

    def copy(self) -> "History":
        """One that can be folded on without changing this one; what is kept with it goes along."""
        other = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, (dict, list)):
                setattr(other, name, value.copy())
        return other

    def latest(self, module: str) -> Release | None:
        """The newest final release of a module that is not yanked."""
        final = [
            r
            for (name, version), r in self.releases.items()
            if name == module and not version.prerelease and (name, version) not in self.yanks
        ]
        return max(final, key=lambda r: r.version, default=None)

    def failing(self, module: str, version: Version) -> Reverification | None:
        """The reverification that says that a version no longer passes."""
        found = self.reverified.get((module, version))
        return found if found and found.outcome is Outcome.FAILED else None

    def held(self, module: str, version: Version, environment: str, order: tuple[str, ...]) -> Hold | None:
        """The hold that keeps a version out of an environment: one there, earlier, or everywhere."""
        for hold in self.holds.values():
            if (hold.module, hold.version) != (module, version):
                continue
            if not hold.environment or hold.environment == environment:
                return hold
            known = hold.environment in order and environment in order
            if known and order.index(hold.environment) <= order.index(environment):
                return hold
        return None


def fold(history: History, entries: Iterable[Entry]) -> History:
    """Fold entries into a history, in place; returns it."""
    for entry in entries:
        _FOLDS.get(entry.kind, _fold_other)(history, entry)
        history.last = entry
    return history


def _fold_evidence(history: History, entry: Entry) -> None:
    found = Evidence.from_body(entry.body, entry.id, entry.at)
    history.evidence.pop(found.key, None)  # the newest stands last
    history.evidence[found.key] = found
    history.seconds[found.module, found.key.suite, found.key.target] = found.seconds
    before = history.signed.get(found.key, ())
    if found.signature and all(found.signature != other.signature for other in before):
        history.signed[found.key] = (*before, found)


def _fold_release(history: History, entry: Entry) -> None:
    body = entry.body
    version = Version.parse(body["version"])
    history.releases[body["module"], version] = Release(
        module=body["module"],
        version=version,
        tag=body["tag"],
        commit=body["commit"],
        digest=body["digest"],
        shipped=body["shipped"],
        bump=body["bump"],
        evidence=tuple(body["evidence"]),
        at=entry.at,
        rehearsal=body.get("rehearsal", {}),
        adopted=entry.kind == "adopt",
        entry=entry.number,
    )


def _fold_yank(history: History, entry: Entry) -> None:
    body = entry.body
    version = Version.parse(body["version"])
    history.yanks[body["module"], version] = Yank(
        module=body["module"], version=version, reason=body["reason"], at=entry.at, actor=entry.actor
    )


def _fold_hold(history: History, entry: Entry) -> None:
    body = entry.body
    version, environment = Version.parse(body["version"]), body.get("environment", "")
    if entry.kind == "unhold":
        for key in [k for k in history.holds if k[:2] == (body["module"], version)]:
            if not environment or key[2] == environment:
                del history.holds[key]
        return
    history.holds[body["module"], version, environment] = Hold(
        module=body["module"],
        version=version,
        environment=environment,
        reason=body["reason"],
        at=entry.at,
        actor=entry.actor,
        promotion=body.get("promotion", ""),
    )


def _fold_reverify(history: History, entry: Entry) -> None:
    found = Reverification.from_body(entry.body, entry.at, entry.actor)
    if found.outcome is not Outcome.UNKNOWN:  # could not find out: what was known still stands
        history.reverified[found.module, found.version] = found


def _fold_inventory(history: History, entry: Entry) -> None:
    history.inventories.append(entry)


def _fold_other(history: History, entry: Entry) -> None:
    if entry.kind.startswith(("promotion.", "stack.")):
        history.promotions.append(entry)
    else:
        history.unknown[entry.kind] = history.unknown.get(entry.kind, 0) + 1


_FOLDS = {
    "inventory": _fold_inventory,
    KIND: _fold_reverify,
    "evidence": _fold_evidence,
    "release": _fold_release,
    "adopt": _fold_release,
    "yank": _fold_yank,
    "hold": _fold_hold,
    "unhold": _fold_hold,
}

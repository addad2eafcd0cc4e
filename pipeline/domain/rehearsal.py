"""The way back, tried before the version exists: upgrade, then plan the release before on what it left.

*clean*: nothing would be replaced or destroyed. *lossy*: something would, named, with what it holds.
*blocked*: the release before cannot even plan on that state, or could not read it. Of several examples the
worst counts.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pipeline.domain.constraint import Allowed, parse_constraint
from pipeline.domain.plan_changes import Action, read_changes
from pipeline.domain.shapes import as_list, as_mapping
from pipeline.domain.stateful import what_it_holds


class WayBack(StrEnum):
    """How a rollback would go, from good to bad."""

    CLEAN = "clean"
    LOSSY = "lossy"
    BLOCKED = "blocked"


ORDER = tuple(WayBack)
SHOWN = 5
"""How many losses a line names, what holds data first; all of them are in the ledger."""
_INDEX = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')
_BLOCKS: tuple[tuple[str, str], ...] = (
    (
        r"newer provider version|schema version \d+ .{0,80}newer|newer than (?:the )?current",
        "the upgrade writes the state with a newer provider schema",
    ),
    (
        r"does not match configured version constraint|no available releases match",
        "the versions of a provider that both allow are none",
    ),
    (r"Unsupported Terraform Core version", "the release does not allow this Terraform"),
)
"""Terraform's words → why the way back is blocked; anything else is said as Terraform says it."""


@dataclass(frozen=True, kw_only=True)
class Undone:
    """One object that going back would replace or destroy; `loses` is what it holds, empty where nothing."""

    address: str
    action: str
    loses: str = ""
    forced_by: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """The resource's type, from its address."""
        parts = _INDEX.sub("", self.address.partition(" ")[0]).split(".")
        return parts[-2] if len(parts) > 1 else ""

    def __str__(self) -> str:
        because = f" ({', '.join(self.forced_by)} forces it)" if self.forced_by else ""
        return f"{self.action} of {self.address}{because}" + (f": {self.loses} would be lost" if self.loses else "")


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What came of trying the way back to `base`; `why` a sentence where it is blocked."""

    way_back: WayBack
    base: str
    undone: tuple[Undone, ...] = ()
    why: str = ""

    def __str__(self) -> str:
        """`clean`, or with what would happen: one line for a tag, notes and people."""
        match self.way_back:
            case WayBack.CLEAN:
                return str(self.way_back)
            case WayBack.LOSSY:
                first = sorted(self.undone, key=lambda u: not u.loses)[:SHOWN]
                more = f"; and {len(self.undone) - SHOWN} more" if len(self.undone) > SHOWN else ""
                return f"{self.way_back}: {'; '.join(map(str, first))}{more}"
            case WayBack.BLOCKED:
                return f"{self.way_back}: {self.why}"

    def to_json(self) -> dict[str, Any]:
        """As evidence and the release's entry keep it."""
        return {
            "way_back": str(self.way_back),
            "base": self.base,
            "why": self.why,
            "undone": [
                {"address": u.address, "action": u.action, "loses": u.loses, "forced_by": list(u.forced_by)}
                for u in self.undone
            ],
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Rehearsal":
        """As read from evidence or a release's entry."""
        return cls(
            way_back=WayBack(raw["way_back"]),
            base=str(raw["base"]),
            why=str(raw.get("why", "")),
            undone=tuple(
                Undone(
                    address=str(row["address"]),
                    action=str(row["action"]),
                    loses=str(row.get("loses", "")),
                    forced_by=tuple(row.get("forced_by", ())),
                )
                for row in raw.get("undone", ())
            ),
        )


def judge_way_back(
    plan: Mapping[str, object],
    base: str,
    *,
    before: Mapping[str, object] | None = None,
    stateful: Iterable[str] = (),
) -> Rehearsal:
    """What the release's plan on the upgraded state says. Raises UndecidedError where it cannot be read.

    What the release's own second plan (`before`) replaces or destroys already is no doing of the way back.
    """
    more = tuple(stateful)
    known = {(c.name, c.action) for c in read_changes(before)} if before is not None else set()
    undone = tuple(
        Undone(
            address=change.name,
            action=str(change.action),
            loses=what_it_holds(change.type, more),
            forced_by=change.forced_by,
        )
        for change in read_changes(plan)
        if change.action in (Action.DESTROY, Action.REPLACE) and (change.name, change.action) not in known
    )
    return Rehearsal(way_back=WayBack.LOSSY if undone else WayBack.CLEAN, base=base, undone=undone)


def blocked(base: str, said: str) -> Rehearsal:
    """The release cannot plan on the upgraded state: `said` is Terraform's first error."""
    flat = " ".join(said.split())
    why = next((words for pattern, words in _BLOCKS if re.search(pattern, flat)), "")
    return Rehearsal(way_back=WayBack.BLOCKED, base=base, why=f"{why} ({flat})" if why else flat)


def worst(found: Iterable[Rehearsal]) -> Rehearsal | None:
    """The worst of several examples, with everything that any of them would undo; None of none."""
    every = tuple(found)
    if not every:
        return None
    worst_one = max(every, key=lambda r: ORDER.index(r.way_back))
    undone = dict.fromkeys(u for r in every for u in r.undone)
    why = "; ".join(dict.fromkeys(r.why for r in every if r.why))
    return Rehearsal(way_back=worst_one.way_back, base=worst_one.base, undone=tuple(undone), why=why)


def provider_wall(old: Mapping[str, object], new: Mapping[str, object]) -> str:
    """Why no provider version serves both: from the plans of the release and of the candidate; empty when one does.

    Going back then means an older provider, which may not read the state that the newer one wrote.
    """
    theirs, ours = _constraints(old), _constraints(new)
    for name in sorted(theirs.keys() & ours.keys()):
        both = parse_constraint(", ".join((*theirs[name], *ours[name])))
        if not _leaves_some(both):
            old_text, new_text = ", ".join(theirs[name]), ", ".join(ours[name])
            return f"no version of {name} is allowed by both: the release has {old_text}, the upgrade {new_text}"
    return ""


def newer_schemas(old: Mapping[str, object], new: Mapping[str, object]) -> tuple[str, ...]:
    """Addresses whose state (`terraform state pull`) has a newer schema version after the upgrade than before."""
    before, after = _schemas(old), _schemas(new)
    return tuple(sorted(address for address, version in after.items() if version > before.get(address, version)))


def _leaves_some(allowed: Allowed) -> bool:
    if allowed.exact is not None:
        return allowed.allows(allowed.exact)
    return allowed.ceiling is None or allowed.floor < allowed.ceiling


def _constraints(plan: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Provider's full name → every constraint that the configuration puts on it."""
    found: dict[str, dict[str, None]] = {}
    for entry in as_mapping(as_mapping(plan.get("configuration")).get("provider_config")).values():
        row = as_mapping(entry)
        if text := row.get("version_constraint"):
            found.setdefault(str(row.get("full_name")), {})[str(text)] = None
    return {name: tuple(texts) for name, texts in found.items()}


def _schemas(state: Mapping[str, object]) -> dict[str, int]:
    """Resource → the newest schema version of its instances."""
    found: dict[str, int] = {}
    for entry in as_list(state.get("resources")):
        row = as_mapping(entry)
        address = ".".join(str(row[k]) for k in ("module", "type", "name") if row.get(k))
        versions = [as_mapping(i).get("schema_version") for i in as_list(row.get("instances"))]
        found[address] = max([v for v in versions if isinstance(v, int)], default=0)
    return found

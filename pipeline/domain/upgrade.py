"""What an upgrade does to whoever runs the release before: findings read from plans, never from promises.

A plan of the released example on the candidate's module, with the state that the release left, says it: a
replacement or destruction is major, a change in place or something new is minor, a move is patch. What the
release's own second plan wants already is no fact about the upgrade and is taken out. Instances of one
resource with the same fate are one finding, which names the first. No value of an attribute is ever named.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.domain.plan_changes import Action, Change, read_changes, read_output_changes
from pipeline.domain.rules.finding import Finding
from pipeline.domain.shapes import as_mapping
from pipeline.domain.stateful import what_it_holds
from pipeline.domain.version import Bump

ROWS: Mapping[Action, tuple[str, Bump, str]] = {
    Action.DESTROY: ("upgrade-destroys", Bump.MAJOR, "The upgrade destroys {address}"),
    Action.REPLACE: ("upgrade-replaces", Bump.MAJOR, "The upgrade replaces {address}"),
    Action.FORGET: ("upgrade-forgets", Bump.MAJOR, "The upgrade no longer manages {address}, which stays as it is"),
    Action.UPDATE: ("upgrade-updates", Bump.MINOR, "The upgrade changes {address} in place"),
    Action.CREATE: ("upgrade-creates", Bump.MINOR, "The upgrade creates {address}"),
    Action.IMPORT: ("upgrade-imports", Bump.MINOR, "The upgrade takes over {address}, which exists"),
    Action.MOVE: ("upgrade-moves", Bump.PATCH, "The upgrade moves {address} and changes nothing of it"),
}
"""What an action of the plan requires: rule id, bump, and the beginning of its sentence."""

REASONS: Mapping[str, str] = {
    "replace_because_tainted": "it is tainted",
    "replace_by_triggers": "replace_triggered_by names something that changes",
    "delete_because_no_resource_config": "its resource block is gone and no moved block says where to",
    "delete_because_wrong_repetition": "count and for_each were exchanged without a moved block",
    "delete_because_count_index": "count no longer reaches it",
    "delete_because_each_key": "for_each no longer has its key",
    "delete_because_no_module": "its module call is gone and no moved block says where to",
    "delete_because_no_move_target": "a moved block points at something that is not there",
}
"""Terraform's `action_reason` in words
(https://developer.hashicorp.com/terraform/internals/json-format#change-representation)."""

NO_PLAN, NO_APPLY, NO_REST = "example-no-longer-plans", "upgrade-does-not-apply", "upgrade-does-not-settle"
_SAYS: Mapping[str, str] = {
    NO_PLAN: "Whoever calls the module as {example} of {base} does can no longer plan: {why}",
    NO_APPLY: "The upgrade of {example} from {base} plans but does not apply: {why}",
    NO_REST: "After the upgrade of {example} from {base} the next plan still wants to change something: {why}",
}
_INDEX = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Where a finding was measured: the example (`examples/minimal`), the release's tag, and the example's file."""

    example: str
    base: str
    file: str


def upgrade_findings(
    plan: Mapping[str, object],
    where: Measured,
    *,
    before: Mapping[str, object] | None = None,
    stateful: Iterable[str] = (),
) -> tuple[Finding, ...]:
    """The findings of the upgrade's plan, the largest bump first. `before` is the release's own second plan.

    Raises UndecidedError where a document is no whole plan of format 1.x: that is never "no finding".
    """
    known = {_fate(c, exact=True) for c in read_changes(before)} if before is not None else set()
    groups: dict[object, list[Change]] = {}
    for change in read_changes(plan):
        if _fate(change, exact=True) not in known:
            groups.setdefault(_fate(change), []).append(change)
    more = tuple(stateful)
    found = (_finding(group, where, more) for group in groups.values())
    return tuple(sorted(found, key=lambda f: (-f.bump, f.address, f.rule)))


def refusal(rule: str, where: Measured, why: str, address: str = "") -> Finding:
    """The finding of an upgrade that Terraform refuses (`NO_PLAN`, `NO_APPLY`) or that never settles (`NO_REST`)."""
    says = _SAYS[rule].format(example=where.example, base=where.base, why=why)
    return Finding(rule=rule, bump=Bump.MAJOR, address=address or where.example, says=says, file=where.file, line=1)


def wants_changes(plan: Mapping[str, object], before: Mapping[str, object] | None = None) -> tuple[str, ...]:
    """What a plan would change, objects and outputs, without what `before` changes in the same way."""

    def wanted(document: Mapping[str, object]) -> dict[object, str]:
        found: dict[object, str] = {_fate(c, exact=True): f"{c.name} ({c.action})" for c in read_changes(document)}
        found.update({(o.name, o.action): f"output.{o.name} ({o.action})" for o in read_output_changes(document)})
        return found

    known = wanted(before) if before is not None else {}
    return tuple(says for fate, says in wanted(plan).items() if fate not in known)


def parse_findings(rows: Iterable[Mapping[str, Any]]) -> tuple[Finding, ...]:
    """Findings as evidence keeps them (`Finding.to_json`)."""
    return tuple(
        Finding(
            rule=str(row["rule"]),
            bump=Bump.parse(str(row["bump"])),
            address=str(row["address"]),
            says=str(row["says"]),
            file=str(row["file"]),
            line=int(row["line"]),
        )
        for row in rows
    )


def _fate(change: Change, *, exact: bool = False) -> tuple[object, ...]:
    """What is equal for instances that one sentence can tell of."""
    address = change.name if exact else _INDEX.sub("", change.address)
    moved = bool(change.previous) if not exact else change.previous
    return address, change.action, change.forced_by, change.reason, moved, _differing(change)


def _finding(group: Sequence[Change], where: Measured, stateful: Sequence[str]) -> Finding:
    first = group[0]
    rule, bump, begins = ROWS[first.action]
    others = f" and {len(group) - 1} more of the same resource" if len(group) > 1 else ""
    text = begins.format(address=first.name + others)
    clauses = tuple(_clauses(first, stateful))
    says = f"{text}{': ' if clauses else ''}{'; '.join(clauses)} (measured with {where.example} of {where.base})."
    return Finding(rule=rule, bump=bump, address=first.address, says=says, file=where.file, line=1)


def _clauses(change: Change, stateful: Sequence[str]) -> Iterator[str]:
    gone = change.action in (Action.REPLACE, Action.DESTROY)
    if change.forced_by:
        yield f"{' and '.join(change.forced_by)} {'forces' if len(change.forced_by) == 1 else 'force'} it"
    elif change.reason in REASONS:
        yield REASONS[change.reason]
    elif change.action is Action.UPDATE:
        names = _differing(change)
        yield f"{' and '.join(names) or 'something unknown'} {'differ' if len(names) > 1 else 'differs'}"
    if gone and (holds := what_it_holds(change.type, stateful)):
        yield f"{holds} would be lost"
    if change.previous:
        yield f"it moves from {change.previous}"


def _differing(change: Change) -> tuple[str, ...]:
    """Names of the top attributes that an update changes."""
    if change.action is not Action.UPDATE:
        return ()
    old, new = as_mapping(change.values.before), as_mapping(change.values.after)
    unknown = as_mapping(change.values.after_unknown)
    names = {name for name in {*old, *new} if old.get(name) != new.get(name)}
    return tuple(sorted(names | {name for name, mark in unknown.items() if mark is True}))

"""What a plan would change, as addresses and attribute paths without values; rules about noise are held against it."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.domain.plan_changes import Action, Change, read_changes, read_drift, read_output_changes, spell_steps
from pipeline.domain.plan_values import differing, sides

_NOTHING: tuple[object, ...] = (None, "", [], {})
"""A provider writes what was not set as one of these, and as another one when it reads it back (`tags` of a new
resource: null, then {}): Terraform's own "changed outside" leaves such a pair out too."""

PARTIAL = "incomplete"
"""The action of a difference that stands for whatever a partial plan does not show."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One object or output (`output.<name>`) that would change. `attributes` are the paths that differ (`a[0].b`),
    for an update only; of an output that is updated it is `value`."""

    address: str
    action: str
    attributes: tuple[str, ...] = ()

    @property
    def is_update(self) -> bool:
        """Whether the object stays and some of its attributes change."""
        return self.action == Action.UPDATE


def read_differences(plan: Mapping[str, object]) -> tuple[Difference, ...]:
    """All differences of a plan document: none exactly where the plan is empty.

    Raises UndecidedError where the document is no whole plan of format 1.x.
    """
    found = [_difference(change) for change in read_changes(plan)]
    for output in read_output_changes(plan):
        value = ("value",) if output.action is Action.UPDATE else ()
        found.append(Difference(address=f"output.{output.name}", action=str(output.action), attributes=value))
    if plan.get("complete") is False:
        found.append(Difference(address="the plan", action=PARTIAL))
    return tuple(found)


def read_outside(plan: Mapping[str, object]) -> tuple[Difference, ...]:
    """What changed outside of Terraform since the state was written, whether the plan puts it right or not.

    Raises UndecidedError where the document is no whole plan of format 1.x.
    """
    found = (_difference(change, blind=_NOTHING) for change in read_drift(plan))
    return tuple(one for one in found if one.attributes or not one.is_update)


def _difference(change: Change, blind: tuple[object, ...] = ()) -> Difference:
    """`blind`: values that are one and the same here."""
    if change.action is not Action.UPDATE:
        return Difference(address=change.name, action=str(change.action))
    if change.previous or change.imported or change.deposed:
        return Difference(address=change.name, action="update with move or import")
    pairs = differing(*sides(change.values))
    paths = (spell_steps(will.path) for was, will in pairs if not (was.value in blind and will.value in blind))
    return Difference(address=change.name, action=str(change.action), attributes=tuple(paths))

"""What a plan would change, as addresses and attribute paths without values; rules about noise are held against it."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.domain.plan_changes import Action, Change, read_changes, read_drift, read_output_changes, spell_steps
from pipeline.domain.plan_values import differing, sides

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
    return tuple(_difference(change) for change in read_drift(plan))


def _difference(change: Change) -> Difference:
    update = change.action is Action.UPDATE and not (change.previous or change.imported or change.deposed)
    paths = [spell_steps(after.path) for _, after in differing(*sides(change.values))] if update else []
    action = "update with move or import" if change.action is Action.UPDATE and not update else str(change.action)
    return Difference(address=change.name, action=action, attributes=tuple(paths))

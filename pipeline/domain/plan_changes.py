"""What a Terraform plan would change, read from its JSON (`terraform show -json`, format 1.x).

https://developer.hashicorp.com/terraform/internals/json-format#change-representation
Left out are data sources and what stays as it is. A pure move, an import and a forgotten object are changes
of the state and stay in, although Terraform gives the first two the action no-op.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipeline.domain.shapes import as_list, as_mapping
from pipeline.errors import UndecidedError


class Action(StrEnum):
    """What happens to one object, the gravest first."""

    DESTROY = "destroy"
    REPLACE = "replace"
    FORGET = "forget"
    UPDATE = "update"
    CREATE = "create"
    IMPORT = "import"
    MOVE = "move"


_ACTIONS: dict[tuple[str, ...], Action] = {
    ("create",): Action.CREATE,
    ("update",): Action.UPDATE,
    ("delete",): Action.DESTROY,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("create", "forget"): Action.REPLACE,
    ("forget",): Action.FORGET,
}


@dataclass(frozen=True, kw_only=True)
class Values:
    """Before and after of one object or output, with Terraform's marks of what is sensitive or unknown."""

    before: object
    after: object
    before_sensitive: object
    after_sensitive: object
    after_unknown: object

    @classmethod
    def of(cls, change: Mapping[str, object]) -> "Values":
        """From a change representation."""
        names = ("before", "after", "before_sensitive", "after_sensitive", "after_unknown")
        return cls(**{name: change.get(name) for name in names})


@dataclass(frozen=True, kw_only=True)
class Change:
    """One object that would change. `forced_by` are the attributes that force a replacement (`a[0].b`).

    `previous` is the address it moves from, `deposed` the key of a leftover of an interrupted replacement.
    """

    address: str
    type: str
    action: Action
    steps: tuple[str, ...]
    values: Values
    forced_by: tuple[str, ...] = ()
    reason: str = ""
    previous: str = ""
    deposed: str = ""
    imported: str = ""
    provider: str = ""

    @property
    def name(self) -> str:
        """The address, and which leftover of it."""
        return f"{self.address} (deposed {self.deposed})" if self.deposed else self.address


@dataclass(frozen=True, kw_only=True)
class OutputChange:
    """One output that would change; `action` is create, update or destroy."""

    name: str
    action: Action
    values: Values


def read_changes(plan: Mapping[str, object]) -> tuple[Change, ...]:
    """All changes, by address. Raises UndecidedError where the document is no whole plan of format 1.x."""
    _insist_readable(plan)
    return _sorted(_changes(plan.get("resource_changes")))


def read_drift(plan: Mapping[str, object]) -> tuple[Change, ...]:
    """What refreshing found changed since the state was written, by address: also what the plan then leaves alone."""
    _insist_readable(plan)
    return _sorted(_changes(plan.get("resource_drift")))


def read_output_changes(plan: Mapping[str, object]) -> tuple[OutputChange, ...]:
    """All outputs that would change, by name."""
    rows = sorted(as_mapping(plan.get("output_changes")).items())
    return tuple(
        OutputChange(name=name, action=_action(_steps(as_mapping(row)), name), values=Values.of(as_mapping(row)))
        for name, row in rows
        if _steps(as_mapping(row)) != ("no-op",)
    )


def _sorted(changes: Iterator[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda change: (change.address, change.deposed)))


def _changes(rows: object) -> Iterator[Change]:
    for entry in as_list(rows):
        row = as_mapping(entry)
        change = as_mapping(row.get("change"))
        address, steps = str(row.get("address")), _steps(change)
        previous = str(row.get("previous_address") or "")
        imported = _import_id(change)
        if row.get("mode") == "data" or steps == ("read",):
            continue
        if steps == ("no-op",):
            if not previous and not imported:
                continue
            action = Action.IMPORT if imported else Action.MOVE
        else:
            action = _action(steps, address)
        yield Change(
            address=address,
            type=str(row.get("type")),
            action=action,
            steps=steps,
            values=Values.of(change),
            forced_by=tuple(spell_path(as_list(path)) for path in as_list(change.get("replace_paths"))),
            reason=str(row.get("action_reason") or ""),
            previous=previous,
            deposed=str(row.get("deposed") or ""),
            imported=imported,
            provider=str(row.get("provider_name") or ""),
        )


def spell_path(path: object) -> str:
    """`["a", 0, "b"]` → `a[0].b`."""
    spelled = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in as_list(path))
    return spelled.lstrip(".")


def spell_steps(steps: tuple[str, ...]) -> str:
    """The same for steps that are all text: `("a", "0", "b")`."""
    return spell_path([int(step) if step.isdecimal() else step for step in steps])


def _import_id(change: Mapping[str, object]) -> str:
    importing = change.get("importing")
    return str(as_mapping(importing).get("id", "(unknown)")) if importing is not None else ""


def _steps(change: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(str(action) for action in as_list(change.get("actions")))


def _action(steps: tuple[str, ...], of: str) -> Action:
    """Fails closed: an action of a Terraform newer than this table may destroy."""
    if steps not in _ACTIONS:
        raise UndecidedError(
            f"The plan wants {' and '.join(steps) or 'nothing that it names'} for {of}, which is not known here.",
            remedy="use a Terraform version that modferry supports, or a newer modferry",
        )
    return _ACTIONS[steps]


def _insist_readable(plan: Mapping[str, object]) -> None:
    version = str(plan.get("format_version", "none"))
    root = as_mapping(as_mapping(plan.get("planned_values")).get("root_module"))
    if version.split(".", maxsplit=1)[0] != "1":
        raise UndecidedError(f"The plan has format version {version}, not 1.x.", remedy="make the plan again")
    if plan.get("errored"):
        raise UndecidedError("The plan stopped with an error.", remedy="read Terraform's messages, plan again")
    if root and "resource_changes" not in plan:
        raise UndecidedError("The plan lists objects but no changes.", remedy="make the plan again")

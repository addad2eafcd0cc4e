"""Small hand-made plans for the policy tests: objects with their expressions, modules and their calls."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


def ref(*names: str) -> Json:
    """An expression that mentions these."""
    return {"references": list(names)}


def planned(
    name: str,
    after: Mapping[str, Any] | None = None,
    *,
    unknown: Mapping[str, Any] | None = None,
    module: str = "",
    index: str | int | None = None,
    mode: str = "managed",
) -> Json:
    """One row of `resource_changes`; `name` is `type.name`."""
    kind, label = name.split(".")
    key = "" if index is None else f'["{index}"]' if isinstance(index, str) else f"[{index}]"
    row: Json = {
        "address": f"{module}.{name}{key}".lstrip("."),
        "mode": mode,
        "type": kind,
        "name": label,
        "change": {"actions": ["create"], "after": dict(after or {}), "after_unknown": dict(unknown or {})},
    }
    return row | ({"module_address": module} if module else {}) | ({} if index is None else {"index": index})


def written(name: str, mode: str = "managed", **expressions: Any) -> Json:
    """One resource of the configuration; `name` is `type.name`, `data.` left out."""
    kind, label = name.split(".")
    address = f"data.{name}" if mode == "data" else name
    return {"address": address, "mode": mode, "type": kind, "name": label, "expressions": expressions}


def plan(rows: list[Json], resources: list[Json], calls: Json | None = None) -> Json:
    """A whole document."""
    root = {"resources": resources, "module_calls": calls or {}}
    return {"format_version": "1.2", "resource_changes": rows, "configuration": {"root_module": root}}

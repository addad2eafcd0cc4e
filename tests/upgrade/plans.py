"""Small plan documents, as `terraform show -json` writes them."""

from collections.abc import Mapping, Sequence
from typing import Any


def change(address: str, *actions: str, **more: Any) -> dict[str, Any]:
    """One entry of `resource_changes`; `type` is taken from the address."""
    names = ("previous_address", "action_reason", "deposed")
    kind = next(part for part in address.split("[", maxsplit=1)[0].split(".") if part.startswith("aws_"))
    outer = {name: more.pop(name) for name in names if name in more}
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        **outer,
        "change": {"actions": list(actions), "before": {}, "after": {}, **more},
    }


def plan(*changes: Mapping[str, Any], constraints: Mapping[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """A whole plan; `constraints` are those on a provider, by its full name."""
    providers = {
        f"p{n}": {"full_name": name, "version_constraint": text}
        for n, (name, text) in enumerate((constraints or {}).items())
    }
    return {
        "format_version": "1.2",
        "resource_changes": list(changes),
        "configuration": {"provider_config": providers},
        **more,
    }


def state(schema: Mapping[str, int]) -> dict[str, Sequence[object]]:
    """A pulled state with one instance of each resource, by its schema version."""
    return {
        "resources": [
            {"type": a.split(".")[0], "name": a.split(".")[1], "instances": [{"schema_version": v}]}
            for a, v in schema.items()
        ]
    }

"""Plans for the tests of plan identity: those that Terraform made, and small ones made by hand."""

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]
RECORDED = Path(__file__).parent / "recorded"
"""Plans that Terraform 1.11 made of recorded/main.tf, `prior_state` left out."""


def recorded(name: str) -> Json:
    """A fresh copy of one of them."""
    document: Json = json.loads((RECORDED / f"{name}.json").read_text())
    return document


def changed(address: str, actions: list[str], before: Any, after: Any, **more: Any) -> Json:
    """One row of `resource_changes`; `more` goes into the change, or is one of the row's own names."""
    kind = address.removeprefix("module.x.").split(".")[0]
    own = {"previous_address", "deposed", "action_reason", "mode", "provider_name"}
    row = {"address": address, "mode": "managed", "type": kind} | {k: v for k, v in more.items() if k in own}
    change = {"actions": actions, "before": before, "after": after, "after_unknown": {}}
    return row | {"change": change | {k: v for k, v in more.items() if k not in own}}


def plan(*rows: Json, **more: Any) -> Json:
    """A whole document."""
    return {"format_version": "1.2", "resource_changes": list(rows), "timestamp": "2026-11-22T23:00:00Z"} | more

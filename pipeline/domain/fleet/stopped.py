"""What stands in the way of a promotion, as `--json` prints it: holds, and promotions that are open."""

from typing import Any

from pipeline.domain.history import Hold
from pipeline.domain.promotion.claims import say_next
from pipeline.domain.promotion.record import Promotion


def hold_json(hold: Hold) -> dict[str, Any]:
    """A hold as `--json` prints it."""
    return {
        "module": hold.module,
        "version": str(hold.version),
        "environment": hold.environment or None,
        "reason": hold.reason,
        "at": hold.at,
        "actor": hold.actor,
        "promotion": hold.promotion or None,
    }


def promotion_json(promotion: Promotion) -> dict[str, Any]:
    """An open promotion as `--json` prints it."""
    return {
        "promotion": promotion.id,
        "kind": str(promotion.kind),
        "environment": promotion.environment,
        "targets": dict(promotion.targets),
        "stacks": list(promotion.stacks),
        "phase": str(promotion.phase),
        "why": promotion.why,
        "holder": promotion.holder.actor,
        "since": promotion.holder.since or promotion.opened_at,
        "approval": promotion.approval or None,
        "next": say_next(promotion),
    }

"""Turning round: the promotion has failed and goes back, or is left where it is for a person."""

from typing import Any

from pipeline.commands.ferry.pauses import Paused
from pipeline.commands.ferry.planning import moved_versions
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.recorder import Recorder
from pipeline.domain.promotion import claims
from pipeline.domain.promotion.phases import Kind, Phase


def fail(ferry: Ferry, pen: Recorder, reason: str, *, asked: str = "") -> None:
    """Turn round: record why, and hold what was on its way. A rollback stops where it is: it is not rolled back.

    `asked`: the person who wants it.
    """
    promotion = pen.promotion
    ferry.say(f"  failed: {reason}")
    if promotion.kind is Kind.ROLLBACK:
        pen.move(Phase.STUCK, reason=f"{reason}; a rollback is not rolled back")
        raise Paused(reason)
    moved = moved_versions(ferry, promotion)
    told: dict[str, Any] = {"asked": asked} if asked else {}
    pen.move(Phase.FAILING, reason=reason, also=lambda _: claims.holds(promotion, reason, moved), **told)

"""What keeps a wave from beginning: the environment is shut at this time (and the soak of the wave before, soak.py).

Promise: only a wave of which nothing was touched waits; one that was begun is finished, whatever the calendar
says. A rollback never waits.
"""

from typing import Any, NoReturn

from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.recorder import Recorder
from pipeline.domain.gate import Allowed, Decision
from pipeline.domain.promotion.calendar import Calendar, judge_calendar
from pipeline.domain.promotion.eligibility import bypassed
from pipeline.domain.promotion.phases import Kind, Phase, StackPhase


class Paused(Exception):  # noqa: N818 - not an error: the promotion waits, and the ledger says for what
    """The promotion was left waiting, or closed before anything was changed."""


def pause(ferry: Ferry, pen: Recorder, reason: str, **details: Any) -> NoReturn:
    """Leave the promotion waiting for what `reason` says."""
    ferry.say(f"  waiting: {reason}")
    pen.move(Phase.WAITING, reason=reason, **details)
    raise Paused(reason)


def judge_time(ferry: Ferry, environment: str, kind: Kind, bypass: str) -> Decision:
    """Whether stacks of an environment may be moved now, by its freezes and windows."""
    if kind is Kind.ROLLBACK:
        return Allowed()
    return bypassed(judge_calendar(Calendar.of(ferry.environment(environment)), ferry.now()), bypass)


def check_time(ferry: Ferry, pen: Recorder, wave: int) -> None:
    """Wait until the environment opens, unless this wave was begun."""
    promotion = pen.promotion
    if any(promotion.stacks[stack].phase is not StackPhase.PENDING for stack in promotion.waves[wave]):
        return
    decision = judge_time(ferry, promotion.environment, promotion.kind, promotion.bypass)
    if not isinstance(decision, Allowed):
        pause(ferry, pen, " ".join(decision.reasons))

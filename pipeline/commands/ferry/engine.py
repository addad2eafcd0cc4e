"""The engine: does the next step until the promotion is closed or waits.

Promise: which step comes next is read from the ledger alone (`domain/promotion/steps`), so a run that was
killed and one that was not go the same way. What a run leaves is a `Result`; errors are for what could not
even be recorded.
"""

import re
from dataclasses import dataclass
from typing import Any, assert_never

from pipeline.commands.ferry.back import restore, say_old
from pipeline.commands.ferry.crew import Stop
from pipeline.commands.ferry.forward import run_wave
from pipeline.commands.ferry.landing import land_reverse, land_wave
from pipeline.commands.ferry.pauses import Paused
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.recorder import Recorder
from pipeline.domain.promotion.claims import say_next
from pipeline.domain.promotion.phases import EXITS, Kind, Outcome, Phase
from pipeline.domain.promotion.record import Promotion, StackRun
from pipeline.domain.promotion.steps import EndRollback, Finished, GiveUp, Land, Restore, RunWave, next_step
from pipeline.errors import Exit, InterruptedRunError

PUBLIC = {Outcome.STOPPED: "refused", Outcome.ABANDONED: "refused"}
"""Outcomes that `--json` calls by another name."""


AFTER = {
    Outcome.PARTIAL: "find out why these stacks failed, then modferry unhold, and promote again",
    Outcome.ROLLED_BACK: "find the cause, then release and promote the next version",
    Outcome.FAILED: "promote a version that keeps the data, modferry rollback {environment} with --accept-loss, or "
    "modferry deploy",
    Outcome.STOPPED: "modferry status, then run the command again",
    Outcome.REFUSED: "modferry status, then run the command again",
}
"""What to do about a closed promotion, where nobody said it."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a run of the engine left its promotion."""

    promotion: Promotion
    phase: str
    code: Exit
    next: str = ""

    def to_document(self) -> dict[str, Any]:
        """As `--json` prints it (docs: modferry.promote/1)."""
        promotion = self.promotion
        module, version = next(iter(promotion.targets.items()), ("", ""))
        return {
            "promotion": promotion.id,
            "kind": str(promotion.kind),
            "module": module,
            "version": version,
            "targets": dict(promotion.targets),
            "environment": promotion.environment,
            "phase": self.phase,
            "approval": promotion.approval or None,
            "reason": promotion.why,
            "next": self.next,
            "stacks": [_stack_document(promotion, run) for run in promotion.stacks.values()],
        }


def run_promotion(ferry: Ferry, pen: Recorder) -> Result:
    """Go on with a promotion that we hold until it is closed or has to wait."""
    stop, tried, before = Stop(), set[str](), pen.promotion
    try:
        while _step(ferry, pen, stop, tried):
            pass
    except Paused:
        pass
    except KeyboardInterrupt as error:
        raise InterruptedRunError(
            f"{pen.promotion.title} was interrupted; what ran was finished and recorded.",
            remedy="modferry recover (or the same command again) goes on",
        ) from error
    result = result_of(pen.refresh())
    if not _still_waits(before, result.promotion):
        ferry.notify(result.promotion, result.phase, result.next)
    return result


def _still_waits(before: Promotion, after: Promotion) -> bool:
    """Whether a run found a promotion waiting and left it so, for the same reason: nothing new to tell."""
    return (before.phase, before.why, before.approval) == (after.phase, after.why, after.approval)


def _step(ferry: Ferry, pen: Recorder, stop: Stop, tried: set[str]) -> bool:
    """Do one step; whether there may be another."""
    step = next_step(pen.promotion, tried)
    match step:
        case RunWave(wave=wave):
            count = len(pen.promotion.waves)
            ferry.say(f"Wave {wave + 1} of {count}: {', '.join(pen.promotion.waves[wave])}")
            run_wave(ferry, pen, wave, stop)
        case Land(wave=wave, last=last):
            landed = land_wave(ferry, pen, wave, last=last)
            ferry.say(f"Wave {wave + 1} {'is on main' if landed else 'is verified, but main would not take it'}")
            return landed
        case Restore(stacks=stacks):
            ferry.say(f"Rolling back {', '.join(stacks)}")
            tried.update(restore(ferry, pen, stacks, stop))
        case GiveUp(stacks=stacks):
            why = {s: say_old(ferry, pen.promotion, s) or pen.promotion.stacks[s].reason for s in stacks}
            reasons = "; ".join(f"{stack}: {said}" for stack, said in why.items())
            pen.move(Phase.STUCK, reason=f"not restored: {reasons}")
            return False
        case EndRollback(outcome=outcome, reverse=reverse):
            return land_reverse(ferry, pen, reverse, outcome)
        case Finished():
            return False
        case _:
            assert_never(step)
    return True


def result_of(promotion: Promotion) -> Result:
    """What a caller is told about a promotion that nobody is working on."""
    if promotion.outcome is not None:
        phase = PUBLIC.get(promotion.outcome, str(promotion.outcome))
        return Result(promotion=promotion, phase=phase, code=EXITS[promotion.outcome], next=_say_after(promotion))
    match promotion.phase:
        case Phase.UNLANDED:
            remedy = "let main take the push (rights, branch protection), then modferry recover"
            return Result(promotion=promotion, phase="unlanded", code=Exit.WAITING, next=remedy)
        case Phase.STUCK:
            return Result(promotion=promotion, phase="failed", code=Exit.NOT_RESTORED, next=say_next(promotion))
        case _:
            return Result(promotion=promotion, phase="waiting", code=Exit.WAITING, next=say_next(promotion))


def _say_after(promotion: Promotion) -> str:
    if promotion.remedy:
        return promotion.remedy
    if promotion.outcome is Outcome.FAILED and promotion.kind is Kind.DEPLOY:
        return f"mend main or the environment, then modferry deploy {promotion.environment}"
    return AFTER.get(promotion.outcome, "").format(environment=promotion.environment) if promotion.outcome else ""


def version_in(ref: str) -> str | None:
    """The version that a ref ends with (`core/v1.2.0` → `1.2.0`); the ref itself where it ends otherwise."""
    found = re.search(r"\d+\.\d+\.\d+\S*$", ref)
    return found[0] if found else ref or None


def _stack_document(promotion: Promotion, run: StackRun) -> dict[str, Any]:
    module = next(iter(promotion.targets), "")
    plan = run.plan or run.shown
    return {
        "stack": run.stack,
        "from": version_in(run.origin.pins.get(module, "")) if run.origin else None,
        "to": version_in(run.target.get(module, "")),
        "phase": str(run.phase),
        "plan": dict(plan) if plan else None,
        "reason": run.reason,
    }

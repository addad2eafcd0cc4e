"""Verifying a stack that was applied, by this run or by an earlier one."""

from pipeline.commands.ferry.planning import Ready, plan_forward
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.recorder import Recorder
from pipeline.domain.promotion.phases import StackPhase
from pipeline.domain.promotion.work import CheckVerdict
from pipeline.errors import ModferryError

PHASES = {
    CheckVerdict.PASSED: StackPhase.VERIFIED,
    CheckVerdict.FAILED: StackPhase.FAILED,
    CheckVerdict.INCONCLUSIVE: StackPhase.INCONCLUSIVE,
}


def verify_stack(ferry: Ferry, pen: Recorder, stack: str, one: Ready | None) -> bool:
    """Verify what is applied (also by an earlier run); whether others may go on."""
    promotion = pen.promotion
    try:
        job = (one or plan_forward(ferry, promotion, promotion.stacks[stack])).job
    except ModferryError as error:
        pen.stack(stack, StackPhase.INCONCLUSIVE, reason=error.what)
        return True
    found = ferry.stacks.verify(job)
    ferry.stacks.drop(job)
    phase = PHASES[found.verdict]
    pen.stack(stack, phase, reason=found.reason, checks=[check.to_body() for check in found.checks])
    ferry.say(f"  {stack}: {phase}" + (f": {found.reason}" if found.reason else ""))
    return phase is not StackPhase.FAILED

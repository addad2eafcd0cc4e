"""The soak of a wave: until it is over the next one waits, and whoever comes meanwhile verifies what soaks again.

Promise: at the end it is verified once more in any case. What fails, during the soak or at its end, takes everything
back; what could not be found out waits.
"""

from pipeline.commands.ferry.checking import verify_stack
from pipeline.commands.ferry.crew import Stop, run_all
from pipeline.commands.ferry.pauses import pause
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.recorder import Recorder
from pipeline.commands.ferry.turning import fail
from pipeline.domain.promotion.eligibility import parse_time
from pipeline.domain.promotion.phases import Kind, StackPhase
from pipeline.domain.settings import duration

LOOKED_AT = (StackPhase.VERIFIED, StackPhase.INCONCLUSIVE)


FRESH = 20
"""Nothing is verified again in the first 20th of a soak: the run that landed the wave has just done it."""


def wait_for_soak(ferry: Ferry, pen: Recorder, wave: int, stop: Stop) -> bool:
    """Leave the promotion waiting while the wave before soaks, with what soaks verified beside it.

    False where that failed, and the promotion turned round.
    """
    promotion = pen.promotion
    if not promotion.landed_at:
        return True
    landed, soak = parse_time(promotion.landed_at), duration(ferry.environment(promotion.environment).soak)
    now = ferry.now()
    if now < landed + soak:
        if now >= landed + soak / FRESH and not _verify_again(ferry, pen, wave, stop, when="during its soak"):
            return False
        pause(ferry, pen, f"the wave before soaks until {landed + soak:%Y-%m-%dT%H:%M:%SZ}")
    return True


def verify_soaked(ferry: Ferry, pen: Recorder, wave: int, stop: Stop) -> bool:
    """Verify the wave that landed last once more, if it had to soak and this wave was not begun; whether it is well."""
    if not duration(ferry.environment(pen.promotion.environment).soak):
        return True
    return _verify_again(ferry, pen, wave, stop, when="after its soak")


def _verify_again(ferry: Ferry, pen: Recorder, wave: int, stop: Stop, *, when: str) -> bool:
    """One that failed takes everything back; what could not be found out waits for a person."""
    promotion = pen.promotion
    begun = any(promotion.stacks[stack].phase is not StackPhase.PENDING for stack in promotion.waves[wave])
    if begun or not promotion.landed or promotion.kind is Kind.ROLLBACK:
        return True
    before = promotion.waves[max(promotion.landed)]
    todo = [stack for stack in before if promotion.stacks[stack].phase in LOOKED_AT]
    ferry.say(f"Verifying {', '.join(todo)} again, {when}")
    width = ferry.environment(promotion.environment).parallel
    run_all(todo, lambda stack: _verify(ferry, pen, stack), width=width, stop=stop)
    runs = [pen.promotion.stacks[stack] for stack in before]
    failed = [f"{run.stack}: {run.reason}" for run in runs if run.phase is StackPhase.FAILED]
    unsure = [f"{run.stack}: {run.reason}" for run in runs if run.phase is StackPhase.INCONCLUSIVE]
    if failed:
        fail(ferry, pen, f"{when} {'; '.join(failed)}")
        return False
    if unsure:
        pause(ferry, pen, f"could not be verified {when}: {'; '.join(unsure)}")
    return True


def _verify(ferry: Ferry, pen: Recorder, stack: str) -> None:
    verify_stack(ferry, pen, stack, None)

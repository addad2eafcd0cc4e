"""What a wave says at the end of its soak, before the next one begins (it must have stayed verified)."""

from pipeline.commands.ferry.checking import verify_stack
from pipeline.commands.ferry.crew import Stop, run_all
from pipeline.commands.ferry.pauses import pause
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.recorder import Recorder
from pipeline.commands.ferry.turning import fail
from pipeline.domain.promotion.phases import Kind, StackPhase
from pipeline.domain.settings import duration

LOOKED_AT = (StackPhase.VERIFIED, StackPhase.INCONCLUSIVE)


def verify_soaked(ferry: Ferry, pen: Recorder, wave: int, stop: Stop) -> bool:
    """Verify the wave that landed last once more, if it had to soak and this wave was not begun; whether it is well.

    One that failed takes everything back; what could not be found out waits for a person.
    """
    promotion = pen.promotion
    environment = ferry.environment(promotion.environment)
    begun = any(promotion.stacks[stack].phase is not StackPhase.PENDING for stack in promotion.waves[wave])
    if begun or not promotion.landed or promotion.kind is Kind.ROLLBACK or not duration(environment.soak):
        return True
    before = promotion.waves[max(promotion.landed)]
    todo = [stack for stack in before if promotion.stacks[stack].phase in LOOKED_AT]
    ferry.say(f"The soak is over: verifying {', '.join(todo)} again")
    run_all(todo, lambda stack: _verify(ferry, pen, stack), width=environment.parallel, stop=stop)
    runs = [pen.promotion.stacks[stack] for stack in before]
    failed = [f"{run.stack}: {run.reason}" for run in runs if run.phase is StackPhase.FAILED]
    unsure = [f"{run.stack}: {run.reason}" for run in runs if run.phase is StackPhase.INCONCLUSIVE]
    if failed:
        fail(ferry, pen, f"after its soak {'; '.join(failed)}")
        return False
    if unsure:
        pause(ferry, pen, f"could not be verified after its soak: {'; '.join(unsure)}")
    return True


def _verify(ferry: Ferry, pen: Recorder, stack: str) -> None:
    verify_stack(ferry, pen, stack, None)

"""One wave forward: plan all of it, ask, announce, apply, verify. Failures are recorded, not raised.

Promise: nothing is applied that was not announced in the ledger with its plan's hash; what is applied is the
saved plan with that hash.
"""

from pipeline.commands.ferry.back import leave_behind, say_old
from pipeline.commands.ferry.checking import verify_stack
from pipeline.commands.ferry.crew import Stop, run_all
from pipeline.commands.ferry.pauses import Paused, check_time, pause
from pipeline.commands.ferry.planning import Ready, approval_of, judge_plans, plan_forward, show_facts
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.recorder import Recorder
from pipeline.commands.ferry.soak import verify_soaked, wait_for_soak
from pipeline.commands.ferry.tags import TagMovedError
from pipeline.commands.ferry.turning import fail
from pipeline.domain.gate import Allowed
from pipeline.domain.pins import content_digest
from pipeline.domain.promotion.budget import LEAVING, is_spent
from pipeline.domain.promotion.phases import Kind, Outcome, Phase, StackPhase
from pipeline.domain.promotion.record import StackRun
from pipeline.errors import ModferryError, TestsFailedError


def run_wave(ferry: Ferry, pen: Recorder, wave: int, stop: Stop) -> None:
    """Take what is left of a wave to verified; or leave the promotion waiting, failing or closed."""
    promotion = pen.promotion
    phases = {promotion.stacks[stack].phase for stack in promotion.waves[wave]}
    if (phases & LEAVING or phases == {StackPhase.RESTORED}) and promotion.kind is not Kind.ROLLBACK:
        _judge_wave(ferry, pen, wave)  # an earlier run was killed before it turned round
        return
    if not wait_for_soak(ferry, pen, wave, stop):
        return
    check_time(ferry, pen, wave)
    if not verify_soaked(ferry, pen, wave, stop):
        return
    if not _check_main(ferry, pen, wave):
        return
    runs = [promotion.stacks[stack] for stack in promotion.waves[wave]]
    unapplied = [run for run in runs if run.phase in (StackPhase.PENDING, StackPhase.APPLYING, StackPhase.FAILED)]
    ready = plan_stacks(ferry, pen, unapplied, stop)
    if ready is None:
        return
    if not _find_what_happened(ferry, pen, ready):
        return
    left = {stack: plan for stack, plan in ready.items() if pen.promotion.stacks[stack].phase is not StackPhase.APPLIED}
    approved = _ask(ferry, pen, wave, left)
    if left:  # nothing left: all of it was applied by an earlier run
        pen.move(
            Phase.APPLYING,
            wave=wave,
            approved=approved,
            stacks={
                stack: {"phase": "applying", "content": one.content.to_body(), "plan": one.planned.facts.to_body()}
                for stack, one in left.items()
            },
        )
    _apply_and_verify(ferry, pen, wave, ready, stop)
    _judge_wave(ferry, pen, wave)


def plan_stacks(ferry: Ferry, pen: Recorder, runs: list[StackRun], stop: Stop) -> dict[str, Ready] | None:
    """A saved plan for each; None when a plan said no: the promotion then goes back, or is closed as refused."""
    ready: dict[str, Ready] = {}
    promotion = pen.promotion

    def plan(stack: str) -> None:
        ready[stack] = plan_forward(ferry, promotion, promotion.stacks[stack])

    try:
        width = ferry.environment(promotion.environment).parallel
        run_all([run.stack for run in runs], plan, width=width, stop=stop)
    except ModferryError as error:
        if isinstance(error, TagMovedError) and all(run.phase is StackPhase.PENDING for run in runs):
            pen.close(Outcome.STOPPED if promotion.landed else Outcome.REFUSED, error.what, remedy=error.remedy)
            return None
        if all(run.phase is StackPhase.PENDING for run in promotion.stacks.values()):
            pen.close(Outcome.REFUSED, error.what, remedy=error.remedy)
            if isinstance(error, TestsFailedError):  # Terraform itself says that this cannot be
                return None
            raise
        if not isinstance(error, TestsFailedError):
            pause(ferry, pen, f"could not be planned: {error}")
        fail(ferry, pen, str(error))
        return None
    return {run.stack: ready[run.stack] for run in runs}


def _check_main(ferry: Ferry, pen: Recorder, wave: int) -> bool:
    """Main may move anywhere but in stacks of this promotion that are still to come."""
    promotion = pen.promotion
    main = ferry.trunk.fetch()
    moved = [
        stack
        for stack in promotion.waves[wave]
        if promotion.stacks[stack].phase is StackPhase.PENDING and main != promotion.base
        if content_digest(ferry.trunk.files(main, promotion.environment, stack))
        != content_digest(ferry.trunk.files(promotion.base, promotion.environment, stack))
    ]
    if not moved:
        return True
    reason = f"main moved in {', '.join(moved)} since this promotion opened"
    pen.close(Outcome.STOPPED if promotion.landed else Outcome.REFUSED, reason)
    return False


def _find_what_happened(ferry: Ferry, pen: Recorder, ready: dict[str, Ready]) -> bool:
    """For stacks that say `applying` since before this run: applied, untouched or half applied?"""
    promotion = pen.promotion
    for stack, one in ready.items():
        run = promotion.stacks[stack]
        if run.phase is not StackPhase.APPLYING:
            continue
        if one.planned.facts.empty:
            pen.stack(stack, StackPhase.APPLIED, content=one.content.to_body(), reason="found applied")
        elif one.planned.facts.hash != run.plan.get("hash"):
            if ferry.environment(promotion.environment).approve and run.origin:
                fail(ferry, pen, f"{stack} was interrupted half applied, and what is left was not approved")
                return False
            ferry.say(f"  {stack} was interrupted half applied: going on")
    return True


def _ask(ferry: Ferry, pen: Recorder, wave: int, ready: dict[str, Ready]) -> dict[str, str]:
    """Policy and approval. Returns what was approved and by whom; pauses or refuses otherwise."""
    promotion = pen.promotion
    decision = judge_plans(ferry, promotion.environment, ready)
    if not isinstance(decision, Allowed):
        if all(run.phase is StackPhase.PENDING for run in promotion.stacks.values()):
            pen.close(Outcome.REFUSED, " ".join(decision.reasons), remedy=decision.remedy)
            raise Paused
        pause(ferry, pen, " ".join(decision.reasons))
    announced = pen.promotion.stacks
    fresh = {
        stack: one
        for stack, one in ready.items()
        if one.planned.facts.hash != announced[stack].plan.get("hash") and not one.planned.facts.empty
    }
    if not fresh or not ferry.environment(promotion.environment).approve:
        return {}
    wanted = approval_of(promotion.kind, promotion.environment, promotion.targets, ready)
    if wanted not in ferry.approvals and wanted not in promotion.approved:
        stale = " (what was approved was another plan)" if ferry.approvals else ""
        plans = {s: one.planned.facts.to_body() for s, one in fresh.items()}
        pause(ferry, pen, f"wave {wave + 1} needs approval{stale}", approval=wanted, plans=plans)
    return {wanted: promotion.approved.get(wanted, ferry.holder.actor)}


def _apply_and_verify(ferry: Ferry, pen: Recorder, wave: int, ready: dict[str, Ready], stop: Stop) -> None:
    promotion = pen.promotion
    environment = ferry.environment(promotion.environment)
    broken = Stop()

    def work(stack: str) -> None:
        if broken:
            return
        phase = pen.promotion.stacks[stack].phase
        fine = phase is not StackPhase.APPLYING or _apply(ferry, pen, stack, ready[stack])
        if fine and not stop:
            fine = verify_stack(ferry, pen, stack, ready.get(stack))
        runs = [pen.promotion.stacks[one] for one in promotion.waves[wave]]
        if not fine and is_spent(promotion.kind, runs, environment.failure_budget):
            broken.set()

    settled = (StackPhase.VERIFIED, StackPhase.RESTORED)
    todo = [s for s in promotion.waves[wave] if pen.promotion.stacks[s].phase not in settled]
    run_all(todo, work, width=environment.parallel, stop=stop)


def _apply(ferry: Ferry, pen: Recorder, stack: str, one: Ready) -> bool:
    """Apply the saved plan; whether the stack can be verified now."""
    try:
        if not one.planned.facts.empty:
            ferry.say(f"  {stack}: applying {show_facts(one.planned)}")
            ferry.stacks.apply(one.job)
    except ModferryError as error:
        pen.stack(stack, StackPhase.FAILED, reason=error.what)
        return False
    pen.stack(stack, StackPhase.APPLIED)
    return True


def _judge_wave(ferry: Ferry, pen: Recorder, wave: int) -> None:
    runs = [pen.promotion.stacks[stack] for stack in pen.promotion.waves[wave]]
    leaving = tuple(run.stack for run in runs if run.phase in LEAVING)
    budget = ferry.environment(pen.promotion.environment).failure_budget
    old = any(say_old(ferry, pen.promotion, stack) for stack in leaving)
    if leaving and not old and not is_spent(pen.promotion.kind, runs, budget):
        leave_behind(ferry, pen, leaving)
        runs = [pen.promotion.stacks[run.stack] for run in runs]
    failed = [run for run in runs if run.phase in LEAVING]
    unsure = [run for run in runs if run.phase is StackPhase.INCONCLUSIVE]
    if not failed and all(run.phase is StackPhase.RESTORED for run in runs):
        failed = runs  # a budget is no reason to go on with what works nowhere
    if failed:
        fail(ferry, pen, "; ".join(f"{run.stack}: {run.reason}" for run in failed))
    elif unsure:
        pause(ferry, pen, "; ".join(f"{run.stack} could not be verified: {run.reason}" for run in unsure))

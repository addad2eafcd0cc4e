"""Back: each touched stack to where it came from, by the same means as forward, verified again.

Promise: a way back that would destroy or replace something stateful, or that was seen to when the release was
rehearsed, is not taken (R6); a stack without an
earlier content is left as it is, and so is, unless a person asked, what was applied longer ago than the age
limit; what was tried in vain is named and stays claimed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.commands.ferry import contents
from pipeline.commands.ferry.crew import Stop, run_all
from pipeline.commands.ferry.planning import show_facts
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.recorder import Recorder
from pipeline.commands.ferry.rehearsed import crossed_by, types_held
from pipeline.commands.ferry.tags import insist_unmoved
from pipeline.domain.gate import Allowed, Decision, combine
from pipeline.domain.promotion.age import is_older
from pipeline.domain.promotion.approval import judge_losses
from pipeline.domain.promotion.phases import Phase, StackPhase
from pipeline.domain.promotion.record import Promotion
from pipeline.domain.promotion.way_back import Crossed, data_lost, judge_rehearsed, says_blocked
from pipeline.domain.promotion.work import CheckVerdict, Job, Planned
from pipeline.domain.settings import duration
from pipeline.errors import ModferryError

NOTHING_BEFORE = "no earlier version was applied here: nothing was destroyed"


@dataclass(frozen=True, kw_only=True)
class Way:
    """A planned way back, or why there is none."""

    job: Job | None = None
    planned: Planned | None = None
    error: str = ""
    refused: str = ""


def restore(ferry: Ferry, pen: Recorder, stacks: tuple[str, ...], stop: Stop) -> tuple[str, ...]:
    """Try each stack once; returns those that could not be restored now, or must not be without a person."""
    promotion = pen.promotion
    old = _leave_old(ferry, pen, stacks)
    stacks = tuple(stack for stack in stacks if stack not in old)
    width = ferry.environment(promotion.environment).parallel
    ways: dict[str, Way] = {}
    returning = [stack for stack in stacks if promotion.stacks[stack].origin is not None]
    for stack in stacks:
        if stack not in returning:
            pen.stack(stack, StackPhase.UNRESTORABLE, reason=NOTHING_BEFORE)
            ferry.say(f"  {stack}: {NOTHING_BEFORE}")

    def plan(stack: str) -> None:
        ways[stack] = _plan_back(ferry, promotion, stack)

    run_all(returning, plan, width=width, stop=stop)
    for stack in returning:
        if ways[stack].refused:
            pen.stack(stack, StackPhase.REFUSED, reason=ways[stack].refused)
            ferry.say(f"  {stack}: refused: {ways[stack].refused}")
    _announce(pen, {stack: way for stack, way in ways.items() if not way.refused})
    failed = [stack for stack in returning if ways[stack].error]
    for stack in failed:
        pen.stack(stack, StackPhase.NOT_RESTORED, reason=ways[stack].error)

    def work(stack: str) -> None:
        if not _go_back(ferry, pen, stack, ways[stack]):
            failed.append(stack)

    run_all([s for s in returning if ways[s].planned and not ways[s].refused], work, width=width, stop=stop)
    return (*failed, *(stack for stack in old if promotion.stacks[stack].phase is not StackPhase.VERIFIED))


def leave_behind(ferry: Ferry, pen: Recorder, stacks: tuple[str, ...]) -> None:
    """Take stacks of a wave back alone, while the promotion goes forward (failure budget).

    What became of each is in its phase: one that is not `restored` cannot be left behind.
    """
    for stack in stacks:
        run = pen.promotion.stacks[stack]
        ferry.say(f"  {stack}: failed within the budget, goes back alone: {run.reason}")
        way = _plan_back(ferry, pen.promotion, stack)
        if way.refused:
            pen.stack(stack, StackPhase.REFUSED, reason=way.refused)
            continue
        facts = {"back": way.planned.facts.to_body()} if way.planned else {}
        pen.stack(stack, StackPhase.RESTORING, reason=run.reason, **facts)
        if way.error:
            pen.stack(stack, StackPhase.NOT_RESTORED, reason=way.error)
        else:
            _go_back(ferry, pen, stack, way, reason=run.reason)


def say_old(ferry: Ferry, promotion: Promotion, stack: str) -> str:
    """Why a stack is not taken back without a person; empty where it may be."""
    run, limit = promotion.stacks[stack], ferry.environment(promotion.environment).rollback_age
    if promotion.asked or not run.is_touched or not is_older(run.touched_at, duration(limit), ferry.now()):
        return ""
    return f"applied at {run.touched_at}, longer ago than rollback_age ({limit}): it is not taken back by itself"


def _leave_old(ferry: Ferry, pen: Recorder, stacks: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are too old to go back by themselves; the verified ones among them stay for good."""
    promotion = pen.promotion
    why = {stack: said for stack in stacks if (said := say_old(ferry, promotion, stack))}
    for stack, said in why.items():
        ferry.say(f"  {stack}: {said}")
        if promotion.stacks[stack].phase is StackPhase.VERIFIED:
            pen.stack(stack, StackPhase.KEPT, reason=said)
    return tuple(why)


def _announce(pen: Recorder, ways: Mapping[str, Way]) -> None:
    if ways:
        pen.move(
            Phase.RESTORING,
            reason=pen.promotion.why,
            stacks={
                stack: {
                    "phase": "restoring",
                    **({"back": way.planned.facts.to_body()} if way.planned else {}),
                }
                for stack, way in ways.items()
            },
        )


def _plan_back(ferry: Ferry, promotion: Promotion, stack: str) -> Way:
    run = promotion.stacks[stack]
    assert run.origin is not None
    crossed = crossed_by(ferry, ferry.ledger.history(), run.origin, run.target)
    try:
        ferry.say(f"  {stack}: back to {', '.join(run.origin.pins.values()) or run.origin.commit[:12]}")
        files = contents.make_again(ferry, promotion.environment, stack, run.origin)
        job = Job(
            environment=promotion.environment,
            stack=stack,
            commit=run.origin.commit,
            files=files,
            key=f"{promotion.id}-back",
        )
        planned = ferry.stacks.plan(job, may_upgrade=False)
        insist_unmoved(ferry, job.name, files, planned.taken)
    except ModferryError as error:
        ferry.say(f"  {stack}: {error}")
        had_said = says_blocked(crossed)
        return Way(error=f"{error.what} ({had_said})" if had_said else error.what)
    decision = combine(
        (judge_losses(stack, planned.facts, ferry.accepted), _judge_rehearsed(ferry, promotion, job, crossed))
    )
    refused = "" if isinstance(decision, Allowed) else f"going back: {' '.join(decision.reasons)}"
    return Way(job=job, planned=planned, refused=refused)


def _judge_rehearsed(ferry: Ferry, promotion: Promotion, job: Job, crossed: Sequence[Crossed]) -> Decision:
    """Rehearsals bind robots; the state is asked only where one of them lost data."""
    if promotion.asked or not data_lost(crossed, None):
        return Allowed()
    return judge_rehearsed(job.stack, crossed, types_held(ferry, job))


def _go_back(ferry: Ferry, pen: Recorder, stack: str, way: Way, *, reason: str = "") -> bool:
    assert way.job is not None and way.planned is not None
    try:
        if not way.planned.facts.empty:
            ferry.say(f"  {stack}: applying {show_facts(way.planned)}")
            ferry.stacks.apply(way.job)
    except ModferryError as error:
        ferry.say(f"  {stack}: {error}")
        pen.stack(stack, StackPhase.NOT_RESTORED, reason=error.what)
        return False
    found = ferry.stacks.verify(way.job)
    ferry.stacks.drop(way.job)
    checks = [check.to_body() for check in found.checks]
    if found.verdict is not CheckVerdict.PASSED:
        ferry.say(f"  {stack}: not restored: {found.reason}")
        pen.stack(stack, StackPhase.NOT_RESTORED, reason=found.reason, checks=checks)
        return False
    pen.stack(stack, StackPhase.RESTORED, checks=checks, reason=reason)
    ferry.say(f"  {stack}: restored and verified")
    return True

"""Plans of stacks on their way forward, and what is judged on them. Nothing here changes anything."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.commands.ferry import contents
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.tags import insist_unmoved
from pipeline.domain.gate import Decision, combine
from pipeline.domain.pins import LOCK_FILE, move_pins
from pipeline.domain.promotion.approval import approval_hash, judge_losses, judge_size
from pipeline.domain.promotion.phases import Kind
from pipeline.domain.promotion.record import Content, Promotion, StackRun
from pipeline.domain.promotion.work import Job, Planned


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A stack of the wave with its saved plan."""

    job: Job
    content: Content
    planned: Planned


def plan_forward(ferry: Ferry, promotion: Promotion, run: StackRun) -> Ready:
    """The stack's files with its pins moved, and a saved plan of them. Raises TagMovedError where a tag is not what it
    was."""
    was = ferry.trunk.files(promotion.base, promotion.environment, run.stack)
    files = move_pins(was, ferry.source, run.target)
    lock = run.content.lock if run.content else run.lock
    if lock:
        files[LOCK_FILE] = lock.encode()
    job = Job(environment=promotion.environment, stack=run.stack, commit=promotion.base, files=files, key=promotion.id)
    planned = ferry.stacks.plan(job, may_upgrade=not lock and promotion.kind is not Kind.DEPLOY)
    insist_unmoved(ferry, job.name, files, planned.taken)
    if planned.lock is not None:
        files = {**files, LOCK_FILE: planned.lock}
    return Ready(job=job, content=contents.describe(ferry, promotion.base, files, was=was), planned=planned)


def moved_versions(ferry: Ferry, promotion: Promotion) -> list[tuple[str, str]]:
    """The (module, version) pairs that a failed promotion holds; going back holds nothing."""
    if promotion.kind is Kind.ROLLBACK:
        return []
    moved: dict[tuple[str, str], None] = {}
    for run in promotion.stacks.values():
        for module, ref in run.target.items():
            version = ferry.version(module, ref)
            if version and (run.origin is None or run.origin.pins.get(module) != ref):
                moved[module, str(version)] = None
    return list(moved)


def approval_of(kind: Kind, environment: str, targets: Mapping[str, str], ready: Mapping[str, Ready]) -> str:
    """The hash that a person approves for these plans."""
    return approval_hash(kind, environment, targets, {s: (one.content, one.planned.facts) for s, one in ready.items()})


def judge_plans(ferry: Ferry, environment: str, ready: Mapping[str, Ready]) -> Decision:
    """Policy over the plans of a wave: losses of data, size."""
    limit = ferry.environment(environment).max_changes
    return combine(
        decision
        for stack, one in ready.items()
        for decision in (
            judge_losses(stack, one.planned.facts, ferry.accepted),
            judge_size(stack, one.planned.facts, limit),
        )
    )


def show_facts(planned: Planned) -> str:
    """`3 to add, 1 to change, 0 to replace, 0 to destroy`."""
    facts = planned.facts
    return f"{facts.add} to add, {facts.change} to change, {facts.replace} to replace, {facts.destroy} to destroy"

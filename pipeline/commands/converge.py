"""`modferry converge`: the promotions that the convergence policy asks for, made through the same engine.

A step that does not end well stops the later ones of its module and of its environment: what failed there must
not be carried on by a robot. The other steps go on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.commands.attempts import Attempt, attempt, worst
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.promote import find_candidates, judge_versions, look, promote
from pipeline.domain.fleet.board import plan_board
from pipeline.domain.fleet.converging import Step, plan_steps
from pipeline.domain.fleet.rows import MainStack
from pipeline.domain.gate import insist
from pipeline.domain.pins import content_digest, find_pins, refs_of
from pipeline.domain.promotion.phases import Kind
from pipeline.errors import Exit, UsageError

Order = Callable[[str], Sequence[str]]
"""A commit → its modules, those that others are made of first."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of a step."""

    step: Step
    attempt: Attempt

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "environment": self.step.environment,
            "module": self.step.module,
            "version": str(self.step.version),
            "stacks": list(self.step.stacks),
            "says": list(self.step.says),
            **self.attempt.to_json(),
        }


def converge(ferry: Ferry, modules: Order, environments: Sequence[str], *, dry_run: bool) -> tuple[Taken, ...]:
    """Make (`dry_run`: name) every promotion that these environments (none: all) need; empty: none is needed.

    Raises UsageError where there is no policy to hold the fleet against.
    """
    taken: list[Taken] = []
    for step in find_steps(ferry, modules, environments):
        taken.append(Taken(step=step, attempt=_take(ferry, step, taken, dry_run=dry_run)))
    return tuple(taken)


def exit_of(taken: Sequence[Taken]) -> Exit:
    """As bad as the worst step; 3 when nothing lags."""
    return worst((one.attempt for one in taken), Exit.NOTHING)


def find_steps(ferry: Ferry, modules: Order, environments: Sequence[str]) -> tuple[Step, ...]:
    """What lags on main now, as steps."""
    for name in environments:
        ferry.environment(name)
    if not ferry.settings.convergence:
        raise UsageError(
            "modferry.toml has no convergence policy.",
            remedy='add [[convergence]] with environment = "prod", minors = 1, within = "7d"',
        )
    main = ferry.trunk.fetch_with_ledger()
    history = ferry.ledger.history()
    order = ferry.settings.order
    stacks = [_on_main(ferry, main, name, stack) for name in order for stack in ferry.trunk.stacks(main, name)]
    board = plan_board(history, main, stacks, ferry.settings, ferry.tags, ferry.now())
    chosen = set(environments or order)
    return plan_steps([lag for lag in board.lags if lag.environment in chosen], history, order, modules(main))


def _on_main(ferry: Ferry, main: str, environment: str, stack: str) -> MainStack:
    files = ferry.trunk.files(main, environment, stack)
    pins = refs_of(find_pins(files, ferry.source))
    return MainStack(environment=environment, stack=stack, pins=pins, digest=content_digest(files))


def _take(ferry: Ferry, step: Step, before: Sequence[Taken], *, dry_run: bool) -> Attempt:
    if step.skipped:
        return Attempt(phase="skipped", code=Exit.REFUSED, reason=step.skipped, next="release a newer version")
    bad = next((one for one in before if not one.attempt.is_good and _stops(one, step)), None)
    if bad:
        reason = f"{bad.step.name} is {bad.attempt.phase}."
        return Attempt(phase="left", code=bad.attempt.code, reason=reason, next="mend it, then modferry converge")
    if not dry_run:
        return attempt(lambda: promote(ferry, {step.module: step.version}, step.environment, kind=Kind.CONVERGE))
    moved_before = any(one.step.module == step.module for one in before)
    judged = attempt(lambda: None if moved_before else _judge(ferry, step))
    return Attempt(phase="planned", next=step.command) if judged.is_good else judged


def _stops(bad: Taken, step: Step) -> bool:
    """A held version stops its own module only: nothing was tried in that environment."""
    same_place = bad.step.environment == step.environment and bad.attempt.phase != "skipped"
    return same_place or bad.step.module == step.module


def _judge(ferry: Ferry, step: Step) -> None:
    """What the gates say today, as they raise it; of no use where an earlier step moves the same module."""
    targets = {step.module: step.version}
    refs = {step.module: ferry.ref(step.module, step.version)}
    scene = look(ferry, step.environment)
    insist(judge_versions(ferry, scene, find_candidates(ferry, targets, refs), refs, ""))

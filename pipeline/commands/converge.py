"""`modferry converge`: the promotions that the convergence policy asks for, made through the same engine.

A step that does not end well stops the later ones of its module and of its environment: what failed there must
not be carried on by a robot. The other steps go on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.preview import Preview
from pipeline.commands.promote import find_candidates, judge_versions, look, promote
from pipeline.domain.fleet.board import MainStack, plan_board
from pipeline.domain.fleet.converging import Step, plan_steps
from pipeline.domain.gate import insist
from pipeline.domain.pins import content_digest, find_pins, refs_of
from pipeline.domain.promotion.phases import Kind
from pipeline.errors import Exit, InterruptedRunError, ModferryError, UsageError

Order = Callable[[str], Sequence[str]]
"""A commit → its modules, those that others are made of first."""
WORDS = {Exit.REFUSED: "refused", Exit.WAITING: "waiting", Exit.UNDECIDED: "unknown"}
"""What an error before anything was opened makes of a step."""
SEVERITY = (
    Exit.DONE,
    Exit.NOTHING,
    Exit.WAITING,
    Exit.REFUSED,
    Exit.UNDECIDED,
    Exit.TESTS_FAILED,
    Exit.USAGE,
    Exit.RESTORED,
    Exit.NOT_RESTORED,
)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of a step. `phase`: a promotion's phase, `planned` (dry run), `skipped` (held) or `left` (a step
    before it did not end well)."""

    step: Step
    phase: str
    code: Exit
    reason: str = ""
    next: str = ""
    promotion: str = ""

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "environment": self.step.environment,
            "module": self.step.module,
            "version": str(self.step.version),
            "stacks": list(self.step.stacks),
            "says": list(self.step.says),
            "phase": self.phase,
            "promotion": self.promotion or None,
            "reason": self.reason,
            "next": self.next,
        }


def converge(ferry: Ferry, modules: Order, environments: Sequence[str], *, dry_run: bool) -> tuple[Taken, ...]:
    """Make (`dry_run`: name) every promotion that these environments (none: all) need; empty: none is needed.

    Raises UsageError where there is no policy to hold the fleet against.
    """
    steps = find_steps(ferry, modules, environments)
    taken: list[Taken] = []
    for step in steps:
        taken.append(_take(ferry, step, taken, dry_run=dry_run))
        if not dry_run:
            ferry.say(f"{step.name}: {taken[-1].phase}" + (f": {taken[-1].reason}" if taken[-1].reason else ""))
    return tuple(taken)


def exit_of(taken: Sequence[Taken]) -> Exit:
    """As bad as the worst step; 3 when nothing lags."""
    return max((one.code for one in taken), key=SEVERITY.index, default=Exit.NOTHING)


def find_steps(ferry: Ferry, modules: Order, environments: Sequence[str]) -> tuple[Step, ...]:
    """What lags on main now, as steps."""
    for name in environments:
        ferry.environment(name)
    if not ferry.settings.convergence:
        raise UsageError(
            "modferry.toml has no convergence policy.",
            remedy='add [[convergence]] with environment = "prod", minors = 1, within = "7d"',
        )
    ferry.ledger.fetch()
    main = ferry.trunk.fetch()
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


def _take(ferry: Ferry, step: Step, before: Sequence[Taken], *, dry_run: bool) -> Taken:
    if step.skipped:
        return Taken(step=step, phase="skipped", code=Exit.REFUSED, reason=step.skipped, next="release a newer version")
    bad = [
        one
        for one in before
        if one.code not in (Exit.DONE, Exit.NOTHING)
        and (one.step.module == step.module or (one.step.environment == step.environment and one.phase != "skipped"))
    ]
    if bad:
        reason = f"{bad[0].step.name} is {bad[0].phase}."
        return Taken(step=step, phase="left", code=bad[0].code, reason=reason, next="mend it, then modferry converge")
    try:
        if dry_run:
            return _judge(ferry, step, moved_before=any(one.step.module == step.module for one in before))
        result = promote(ferry, {step.module: step.version}, step.environment, kind=Kind.CONVERGE)
    except InterruptedRunError:
        raise
    except ModferryError as error:
        phase = WORDS.get(error.code, "failed")
        return Taken(step=step, phase=phase, code=error.code, reason=error.what, next=error.remedy)
    if result is None:
        return Taken(step=step, phase="nothing", code=Exit.NOTHING)
    assert not isinstance(result, Preview)
    why = result.promotion.why
    return Taken(
        step=step, phase=result.phase, code=result.code, reason=why, next=result.next, promotion=result.promotion.id
    )


def _judge(ferry: Ferry, step: Step, *, moved_before: bool) -> Taken:
    """What the gates say today, as they raise it; nothing yet where an earlier step moves the same module."""
    planned = Taken(step=step, phase="planned", code=Exit.DONE, next=step.command)
    if moved_before:
        return planned
    targets = {step.module: step.version}
    refs = {step.module: ferry.ref(step.module, step.version)}
    scene = look(ferry, step.environment)
    insist(judge_versions(ferry, scene, find_candidates(ferry, targets, refs), refs, ""))
    return planned

"""What has to be done next, read from the promotion alone: so a run that was killed and one that was not go
the same way."""

from collections.abc import Collection
from dataclasses import dataclass

from pipeline.domain.promotion.phases import Outcome, Phase, StackPhase
from pipeline.domain.promotion.record import Promotion


@dataclass(frozen=True, kw_only=True)
class RunWave:
    """Plan, apply and verify what is left of a wave."""

    wave: int


@dataclass(frozen=True, kw_only=True)
class Land:
    """Put the pins of a verified wave on main; with the last one the promotion closes as verified."""

    wave: int
    last: bool


@dataclass(frozen=True, kw_only=True)
class Restore:
    """Take these stacks (of one wave) back to where they came from."""

    stacks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GiveUp:
    """These stacks could not be restored in this run: a person is needed, `recover` tries again."""

    stacks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class EndRollback:
    """Nothing is left to restore: land the reverse for restored stacks that had landed, and close."""

    outcome: Outcome
    reverse: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The promotion is closed."""

    outcome: Outcome


Step = RunWave | Land | Restore | GiveUp | EndRollback | Finished

_LEFT = frozenset({StackPhase.RESTORING, StackPhase.NOT_RESTORED})

_SETTLED = frozenset({StackPhase.VERIFIED, StackPhase.RESTORED})
"""Of a wave on its way forward: RESTORED went back alone, within the failure budget."""

_STAYS = frozenset({StackPhase.REFUSED, StackPhase.UNRESTORABLE, StackPhase.KEPT})


def next_step(promotion: Promotion, tried: Collection[str] = ()) -> Step:
    """The next thing to do; pure, and the same for the first run and for a recovery.

    `tried` are stacks that this run already tried to restore in vain: it does not try for ever.
    """
    if not promotion.is_open:
        assert promotion.outcome is not None
        return Finished(outcome=promotion.outcome)
    if promotion.is_going_back:
        return _step_back(promotion, tried)
    for number, wave in enumerate(promotion.waves):
        if number in promotion.landed:
            continue
        phases = {promotion.stacks[stack].phase for stack in wave}
        if phases <= _SETTLED and StackPhase.VERIFIED in phases:
            return Land(wave=number, last=number == len(promotion.waves) - 1)
        return RunWave(wave=number)
    return Land(wave=len(promotion.waves) - 1, last=True)


def _step_back(promotion: Promotion, tried: Collection[str]) -> Step:
    for wave in reversed(promotion.waves):
        runs = [promotion.stacks[stack] for stack in wave]
        left = tuple(run.stack for run in runs if (run.is_touched or run.phase in _LEFT) and run.stack not in tried)
        if left:
            return Restore(stacks=left)
    if tried:
        return GiveUp(stacks=tuple(sorted(tried)))
    restored = [run for run in promotion.stacks.values() if run.phase is StackPhase.RESTORED]
    lost = [run for run in promotion.stacks.values() if run.phase in _STAYS]
    return EndRollback(
        outcome=Outcome.FAILED if lost else Outcome.ROLLED_BACK,
        reverse=tuple(run.stack for run in restored if run.wave in promotion.landed),
    )


def is_resumable(promotion: Promotion) -> bool:
    """Whether it waits without a process: whoever comes next may go on with it."""
    return promotion.phase in (Phase.WAITING, Phase.UNLANDED, Phase.STUCK)


def is_abandonable(promotion: Promotion) -> bool:
    """Whether it can simply be closed: nothing was changed, or a person was told that it is not restored."""
    untouched = all(run.phase is StackPhase.PENDING for run in promotion.stacks.values())
    return untouched or promotion.phase is Phase.STUCK

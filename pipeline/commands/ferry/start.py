"""Begins a promotion, or goes on with the one that waits for the same thing (R2)."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.commands.ferry.engine import Result, result_of, run_promotion
from pipeline.commands.ferry.pauses import judge_time
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.recorder import Recorder
from pipeline.commands.ferry.rehearsed import crossed_in
from pipeline.domain.gate import insist
from pipeline.domain.promotion import claims
from pipeline.domain.promotion.claims import Opening
from pipeline.domain.promotion.phases import Kind
from pipeline.domain.promotion.record import Promotion
from pipeline.domain.promotion.steps import is_resumable
from pipeline.domain.promotion.waves import plan_waves


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a command asks for, before anything is claimed."""

    kind: Kind
    environment: str
    targets: Mapping[str, str]
    only: str = ""
    """The one stack that was named; empty: whatever needs it."""

    def is_same(self, promotion: Promotion) -> bool:
        """Whether a promotion is about the very same thing."""
        return (not self.only or set(promotion.stacks) == {self.only}) and (
            promotion.kind,
            promotion.environment,
            dict(promotion.targets),
        ) == (
            self.kind,
            self.environment,
            dict(self.targets),
        )


def find_waiting(ferry: Ferry, wanted: Wanted) -> Promotion | None:
    """The open promotion of the same thing that waits, or whose holder is provably dead."""
    for promotion in claims.fleet_of(ferry.ledger.history()).open():
        if wanted.is_same(promotion) and (is_resumable(promotion) or ferry.is_dead(promotion.holder)):
            return promotion
    return None


def find_rollback(ferry: Ferry, environment: str, module: str) -> Promotion | None:
    """The open rollback of a module that failed there: it is gone on with, whatever version runs by now."""
    for promotion in claims.fleet_of(ferry.ledger.history()).open():
        is_it = (promotion.kind, promotion.environment, set(promotion.targets)) == (
            Kind.ROLLBACK,
            environment,
            {module},
        )
        if is_it and (is_resumable(promotion) or ferry.is_dead(promotion.holder)):
            return promotion
    return None


def begin(ferry: Ferry, opening: Opening) -> Result:
    """Claim the stacks and run. Push rights are asked for first: pins that cannot land must not be applied."""
    insist(judge_time(ferry, opening.environment, opening.kind, opening.bypass))
    ferry.trunk.check_push()
    ferry.ledger.append(lambda history: claims.open_promotion(history, opening, ferry.holder), push=True)
    pen = Recorder(ferry.ledger, opening.id, fence=1)
    ferry.say(f"{pen.promotion.title} is open: {len(opening.stacks)} stacks in {len(opening.waves)} waves")
    for step in crossed_in(ferry, opening):
        ferry.say(f"  the {step}")
    return run_promotion(ferry, pen)


def resume(ferry: Ferry, promotion: Promotion, *, vouched: bool = False, bypass: str = "") -> Result:
    """Take a promotion over and go on with it. `bypass`: why it may although its environment is shut; recorded."""
    if not promotion.is_open:
        return result_of(promotion)
    pen = take(ferry, promotion, vouched=vouched, bypass=bypass)
    ferry.say(f"Going on with {promotion.title}, which is {promotion.phase}")
    return run_promotion(ferry, pen)


def take(ferry: Ferry, promotion: Promotion, *, vouched: bool = False, bypass: str = "") -> Recorder:
    """Become the holder, with the next fence.

    What provably dead holders (`vouched`: a person says so of those elsewhere) left running here is ended first,
    and the state locks that they left are broken when they are met. A holder that lives keeps its lock.
    """
    for holder in (*promotion.past, promotion.holder):
        dead = ferry.is_dead(holder)
        if dead or (dead is None and vouched):
            ferry.end_leftovers(holder)
            ferry.stacks.may_break(holder, promotion.opened_at)
    ferry.ledger.append(
        lambda history: claims.take_over(history, promotion.id, promotion.fence, ferry.holder, bypass=bypass),
        push=True,
    )
    return Recorder(ferry.ledger, promotion.id, fence=promotion.fence + 1)


def waves_of(ferry: Ferry, environment: str, stacks: list[str]) -> tuple[tuple[str, ...], ...]:
    """The environment's order for these stacks."""
    return plan_waves(stacks, ferry.environment(environment).waves)

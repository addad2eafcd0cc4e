"""`modferry recover`: finish or undo what an interrupted run left (R4).

A promotion that waits without a process is gone on with; one that has a holder only when that holder is
provably dead, or a person says so. Fails closed: a holder that only looks dead may still be applying.
"""

from dataclasses import dataclass

from pipeline.commands.ferry.engine import Result, result_of
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.recorder import Recorder
from pipeline.commands.ferry.start import resume
from pipeline.domain.promotion import claims
from pipeline.domain.promotion.phases import Outcome, Phase
from pipeline.domain.promotion.record import Promotion
from pipeline.domain.promotion.steps import is_abandonable, is_resumable
from pipeline.errors import Exit, ModferryError, RefusedError


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What became of each open promotion: a result, or why it was left alone."""

    results: tuple[Result, ...]
    left: tuple[tuple[Promotion, str], ...]

    @property
    def code(self) -> Exit:
        """Nothing was open: 3. A holder that may live: 20. Else the worst result."""
        if self.left:
            return Exit.UNDECIDED
        codes = [result.code for result in self.results]
        for worst in (Exit.NOT_RESTORED, Exit.RESTORED, Exit.WAITING, Exit.REFUSED):
            if worst in codes:
                return worst
        return Exit.DONE if codes else Exit.NOTHING

    def to_document(self) -> dict[str, object]:
        """As `--json` prints it (docs: modferry.recover/1)."""
        return {
            "promotions": [result.to_document() for result in self.results],
            "left": [
                {"promotion": promotion.id, "phase": str(promotion.phase), "reason": why}
                for promotion, why in self.left
            ],
        }


def recover(ferry: Ferry, *, holder_dead: bool = False, abandon: str = "", dry_run: bool = False) -> Recovery:
    """Go on with every open promotion that may be taken; `abandon` closes one by its id instead."""
    ferry.ledger.fetch()
    if dry_run:
        every = claims.fleet_of(ferry.ledger.history()).open()
        would = {
            p.id: _why_not(ferry, p, holder_dead=holder_dead) or f"would be gone on with ({p.phase})" for p in every
        }
        left = tuple((claims.find(ferry.ledger.history(), name), why) for name, why in would.items())
        return Recovery(results=(), left=left)
    if abandon:
        return Recovery(results=(give_up(ferry, abandon, holder_dead=holder_dead),), left=())
    results: list[Result] = []
    alone: list[tuple[Promotion, str]] = []
    for promotion in tuple(claims.fleet_of(ferry.ledger.history()).open()):
        why = _why_not(ferry, promotion, holder_dead=holder_dead)
        if why:
            ferry.say(f"{promotion.title} is left alone: {why}")
            alone.append((promotion, why))
            continue
        try:
            results.append(resume(ferry, promotion, vouched=holder_dead))
        except ModferryError as error:
            ferry.say(str(error))
            alone.append((claims.find(ferry.ledger.history(), promotion.id), str(error)))
    return Recovery(results=tuple(results), left=tuple(alone))


def _why_not(ferry: Ferry, promotion: Promotion, *, holder_dead: bool) -> str:
    """Why a promotion must not be taken over; empty when it may."""
    if is_resumable(promotion) and promotion.phase is not Phase.WAITING:
        return ""
    if promotion.phase is Phase.WAITING:
        return "" if not promotion.approval else f"it waits for approval of {promotion.approval}"
    dead = ferry.is_dead(promotion.holder)
    if dead or (dead is None and holder_dead):
        return ""
    holder = promotion.holder
    if dead is None:
        return (
            f"{holder.actor} runs it on {holder.host} since {holder.since}, and whether that process lives "
            "cannot be seen from here (--holder-dead if you know that it is gone)"
        )
    return f"{holder.actor} is running it on this machine since {holder.since}"


def give_up(ferry: Ferry, name: str, *, holder_dead: bool) -> Result:
    """Close a promotion that changed nothing, or that a person has put right by hand."""
    promotion = claims.find(ferry.ledger.history(), name)
    if not promotion.is_open:
        return result_of(promotion)
    if not is_abandonable(promotion):
        raise RefusedError(
            f"{promotion.title} has changed stacks; it can only be finished or undone.", remedy="modferry recover"
        )
    if not is_resumable(promotion):
        why = _why_not(ferry, promotion, holder_dead=holder_dead)
        if why:
            raise RefusedError(f"{promotion.title} cannot be abandoned: {why}.", remedy="end that run first")
    ferry.ledger.append(lambda history: claims.take_over(history, name, promotion.fence, ferry.holder), push=True)
    pen = Recorder(ferry.ledger, name, fence=promotion.fence + 1)
    pen.close(
        Outcome.FAILED if promotion.phase is Phase.STUCK else Outcome.ABANDONED, f"abandoned by {ferry.holder.actor}"
    )
    return result_of(pen.promotion)

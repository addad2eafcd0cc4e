"""`modferry recover`: finish or undo what an interrupted run left (R4).

A promotion that waits without a process is gone on with; one that has a holder only when that holder is
provably dead, or a person says so. Fails closed: a holder that only looks dead may still be applying.
"""

from dataclasses import dataclass

from pipeline.commands.ferry.engine import Result, result_of, run_promotion
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.recorder import Recorder
from pipeline.commands.ferry.start import resume, take
from pipeline.commands.ferry.turning import fail
from pipeline.domain.promotion import claims
from pipeline.domain.promotion.phases import Kind, Outcome, Phase, StackPhase
from pipeline.domain.promotion.record import Promotion
from pipeline.domain.promotion.steps import is_abandonable, is_resumable
from pipeline.errors import Exit, ModferryError, RefusedError, UsageError


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


def recover(
    ferry: Ferry,
    *,
    holder_dead: bool = False,
    abandon: str = "",
    back: str = "",
    reason: str = "",
    dry_run: bool = False,
) -> Recovery:
    """Go on with every open promotion that may be taken; `abandon` closes one by its id instead, `back` takes it
    back for a `reason`."""
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
    if back:
        return Recovery(results=(turn_round(ferry, back, reason, holder_dead=holder_dead),), left=())
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


def turn_round(ferry: Ferry, name: str, reason: str, *, holder_dead: bool) -> Result:
    """Take a promotion back because a person says so: whatever it waits for, and however old what it applied is."""
    if not reason.strip():
        raise UsageError("Taking a promotion back needs a reason.", remedy="--reason TEXT")
    promotion = claims.find(ferry.ledger.history(), name)
    if not promotion.is_open:
        return result_of(promotion)
    if promotion.kind is Kind.ROLLBACK:
        raise RefusedError(
            f"{promotion.title} is a rollback, which is not rolled back.",
            remedy=f"modferry recover tries it again; modferry recover --abandon {name} lets its stacks go",
        )
    if all(run.phase is StackPhase.PENDING for run in promotion.stacks.values()):
        raise RefusedError(f"{promotion.title} changed nothing.", remedy=f"modferry recover --abandon {name}")
    _insist_free(ferry, promotion, "taken back", holder_dead=holder_dead)
    return run_promotion(ferry, ask_back(ferry, take(ferry, promotion, vouched=holder_dead), reason))


def ask_back(ferry: Ferry, pen: Recorder, reason: str) -> Recorder:
    """Turn the promotion round in a person's name, which lifts the age limit."""
    said = f"taken back by {ferry.holder.actor}: {reason}"
    if pen.promotion.is_going_back:  # it failed before, and its holds are written
        pen.move(Phase.FAILING, reason=said, asked=ferry.holder.actor)
    else:
        fail(ferry, pen, said, asked=ferry.holder.actor)
    return pen


def _insist_free(ferry: Ferry, promotion: Promotion, what: str, *, holder_dead: bool) -> None:
    if not is_resumable(promotion):
        why = _why_not(ferry, promotion, holder_dead=holder_dead)
        if why:
            raise RefusedError(f"{promotion.title} cannot be {what}: {why}.", remedy="end that run first")


def give_up(ferry: Ferry, name: str, *, holder_dead: bool) -> Result:
    """Close a promotion that changed nothing, or that a person has put right by hand."""
    promotion = claims.find(ferry.ledger.history(), name)
    if not promotion.is_open:
        return result_of(promotion)
    if not is_abandonable(promotion):
        raise RefusedError(
            f"{promotion.title} has changed stacks; it can only be finished or undone.",
            remedy=f"modferry recover, or modferry recover --back {name} --reason TEXT",
        )
    _insist_free(ferry, promotion, "abandoned", holder_dead=holder_dead)
    ferry.ledger.append(lambda history: claims.take_over(history, name, promotion.fence, ferry.holder), push=True)
    pen = Recorder(ferry.ledger, name, fence=promotion.fence + 1)
    pen.close(
        Outcome.FAILED if promotion.phase is Phase.STUCK else Outcome.ABANDONED, f"abandoned by {ferry.holder.actor}"
    )
    return result_of(pen.promotion)

"""What may be written to the ledger about promotions: each function looks at the newest history and returns
drafts, or raises. They run inside the ledger's compare-and-swap, so what they saw is what they write on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.domain.history import History
from pipeline.domain.ledger import Draft
from pipeline.domain.promotion.fold import Fleet, fold
from pipeline.domain.promotion.phases import (
    Kind,
    Outcome,
    Phase,
    StackPhase,
    check_move,
    check_stack_move,
)
from pipeline.domain.promotion.record import Content, Holder, Promotion
from pipeline.errors import BusyError, RefusedError


class FencedError(BusyError):
    """Somebody took this promotion over while we slept: nothing that we know may be written any more."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What a promotion wants to claim. `stacks`: name → (where it comes from, pins it goes to); `locks`: the lock
    file's text of stacks whose target brings its own; `also`: entries that belong to the same claim (holds)."""

    id: str
    kind: Kind
    environment: str
    targets: Mapping[str, str]
    waves: tuple[tuple[str, ...], ...]
    stacks: Mapping[str, tuple[Content | None, Mapping[str, str]]]
    base: str
    locks: Mapping[str, str] = field(default_factory=dict)
    also: tuple[Draft, ...] = ()
    reason: str = ""
    bypass: str = ""


_FOLDED = "_fleet"


def fleet_of(history: History) -> Fleet:
    """The fleet that a history tells of. What was folded stays with the history, so that a longer one costs only
    what is new; the caller gets a fleet of its own."""
    known: tuple[int, Fleet] = getattr(history, _FOLDED, (0, Fleet()))
    count, fleet = known[0], Fleet(promotions=dict(known[1].promotions), stacks=dict(known[1].stacks))
    if count < len(history.promotions):
        fold(history.promotions[count:], fleet)
        setattr(history, _FOLDED, (len(history.promotions), fleet))
        return fleet_of(history)
    return fleet


def open_promotion(history: History, opening: Opening, holder: Holder) -> tuple[Draft, ...]:
    """Claim the stacks (R3).

    Fails closed: a stack that an open promotion has, or that changed since we looked, is not ours to move.
    Raises BusyError naming who has it, since when, and what to do.
    """
    fleet = fleet_of(history)
    for stack, (origin, _) in opening.stacks.items():
        busy = fleet.claim(opening.environment, stack)
        if busy:
            raise BusyError(say_busy(f"{opening.environment}/{stack}", busy), remedy=say_next(busy))
        now = fleet.stack(opening.environment, stack).content
        if (now and now.digest) != (origin and origin.digest):
            raise BusyError(
                f"{opening.environment}/{stack} was changed by {fleet.stack(opening.environment, stack).last} "
                "while this promotion looked at it.",
                remedy="run the command again",
            )
    body = {
        "promotion": opening.id,
        "kind": str(opening.kind),
        "environment": opening.environment,
        "targets": dict(opening.targets),
        "waves": [list(wave) for wave in opening.waves],
        "stacks": {
            stack: {
                "from": origin.to_body() if origin else None,
                "to": dict(target),
                **({"lock": opening.locks[stack]} if stack in opening.locks else {}),
            }
            for stack, (origin, target) in opening.stacks.items()
        },
        "holder": holder.to_body(),
        "fence": 1,
        "base": opening.base,
        "reason": opening.reason,
        "bypass": opening.bypass,
    }
    return (Draft(kind="promotion.opened", body=body), *opening.also)


def take_over(history: History, name: str, seen_fence: int, holder: Holder, *, bypass: str = "") -> tuple[Draft, ...]:
    """Become the holder, with the next fence; only if nobody else did since we looked. A bypass stays with it."""
    promotion = find(history, name)
    if not promotion.is_open:
        raise RefusedError(f"Promotion {name} is closed ({promotion.outcome}).", remedy="modferry status")
    if promotion.fence != seen_fence:
        raise BusyError(say_busy(name, promotion), remedy=say_next(promotion))
    body = {"promotion": name, "fence": promotion.fence + 1, "holder": holder.to_body()}
    return (Draft(kind="promotion.taken", body={**body, "bypass": bypass} if bypass else body),)


def find(history: History, name: str) -> Promotion:
    """A promotion by its id."""
    promotion = fleet_of(history).promotions.get(name)
    if promotion is None:
        raise RefusedError(f"There is no promotion {name} in the ledger.", remedy="modferry history")
    return promotion


def held(history: History, name: str, fence: int) -> Promotion:
    """The promotion, if the writer with this fence still holds it; raises FencedError otherwise (R3, R4)."""
    promotion = find(history, name)
    if promotion.fence != fence or not promotion.is_open:
        raise FencedError(
            f"{promotion.title} was taken over by {promotion.holder.actor} at {promotion.holder.since}; "
            "this run may write neither the ledger nor main any more.",
            remedy="modferry status; a Terraform that this run started may still be ending",
        )
    return promotion


def move(
    history: History,
    name: str,
    fence: int,
    phase: Phase,
    *,
    stacks: Mapping[str, Mapping[str, Any]] | None = None,
    **details: Any,
) -> tuple[Draft, ...]:
    """Move a promotion (and some of its stacks) to a phase."""
    promotion = held(history, name, fence)
    check_move(promotion.phase, phase, name)
    for stack, told in (stacks or {}).items():
        check_stack_move(promotion.stacks[stack].phase, StackPhase(told["phase"]), stack)
    body = {"promotion": name, "fence": fence, "phase": str(phase), **details}
    return (Draft(kind="promotion.moved", body={**body, "stacks": dict(stacks)} if stacks else body),)


def move_stack(
    history: History, name: str, fence: int, stack: str, phase: StackPhase, **details: Any
) -> tuple[Draft, ...]:
    """Say what became of one stack."""
    promotion = held(history, name, fence)
    check_stack_move(promotion.stacks[stack].phase, phase, stack)
    body = {"promotion": name, "fence": fence, "environment": promotion.environment, "stack": stack, **details}
    return (Draft(kind=f"stack.{phase}", body=body),)


def close(
    history: History, name: str, fence: int, outcome: Outcome, *, reason: str = "", remedy: str = ""
) -> tuple[Draft, ...]:
    """End a promotion; its stacks are free."""
    promotion = held(history, name, fence)
    check_move(promotion.phase, Phase.CLOSED, name)
    body = {"promotion": name, "fence": fence, "outcome": str(outcome), "reason": reason, "next": remedy}
    return (Draft(kind="promotion.closed", body=body),)


def holds(promotion: Promotion, reason: str, moved: Iterable[tuple[str, str]]) -> tuple[Draft, ...]:
    """Holds on (module, version) pairs in the promotion's environment and, by meaning, the later ones."""
    return tuple(
        Draft(
            kind="hold",
            body={
                "module": module,
                "version": version,
                "environment": promotion.environment,
                "reason": reason,
                "promotion": promotion.id,
            },
        )
        for module, version in moved
    )


def say_busy(what: str, promotion: Promotion) -> str:
    """Who has it, since when, and why it takes long."""
    state = f"{promotion.phase}: {promotion.why}" if promotion.why else str(promotion.phase)
    return (
        f"{what} is held by {promotion.title}, run by {promotion.holder.actor} on {promotion.holder.host} "
        f"since {promotion.holder.since or promotion.opened_at} ({state})."
    )


def say_next(promotion: Promotion) -> str:
    """What to do about a promotion that is in the way."""
    if promotion.approval:
        return f"approve it with --approve {promotion.approval}, or modferry recover --abandon {promotion.id}"
    if promotion.phase in (Phase.WAITING, Phase.UNLANDED, Phase.STUCK):
        touched = any(run.is_touched for run in promotion.stacks.values())
        back = touched and promotion.kind is not Kind.ROLLBACK
        other = f"--back {promotion.id} --reason TEXT" if back else f"--abandon {promotion.id}"
        return f"modferry recover, or modferry recover {other}"
    return "wait for it; if its holder has died, modferry recover"

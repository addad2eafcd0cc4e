"""Replays `promotion.*` and `stack.*` entries into the fleet: promotions and stacks as they are now.

Every entry is checked against the tables of `phases` and against the fence: an entry that the machine does
not allow means that two writers or two versions of modferry disagreed, and then nobody goes on (Refused).
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pipeline.domain.ledger import Entry
from pipeline.domain.promotion.phases import (
    Kind,
    Outcome,
    Phase,
    StackPhase,
    check_move,
    check_stack_move,
)
from pipeline.domain.promotion.record import Content, Holder, Promotion, Stable, StackRun, StackState
from pipeline.errors import RefusedError

Record = TypeVar("Record", Promotion, StackRun, StackState, Content)


@dataclass(kw_only=True)
class Fleet:
    """All promotions by id and all stacks by (environment, name)."""

    promotions: dict[str, Promotion] = field(default_factory=dict)
    stacks: dict[tuple[str, str], StackState] = field(default_factory=dict)

    def open(self) -> Iterator[Promotion]:
        """Promotions that still claim stacks, oldest first."""
        return (p for p in self.promotions.values() if p.is_open)

    def stack(self, environment: str, stack: str) -> StackState:
        """A stack's state; one that nobody touched yet is empty."""
        return self.stacks.get((environment, stack)) or StackState(environment=environment, stack=stack)

    def claim(self, environment: str, stack: str) -> Promotion | None:
        """The open promotion that has a stack."""
        return self.promotions.get(self.stack(environment, stack).promotion)


def fold(entries: Iterable[Entry], fleet: Fleet | None = None) -> Fleet:
    """Fold entries into a fleet, in place; returns it. Raises RefusedError for a move the machine forbids."""
    fleet = fleet or Fleet()
    for entry in entries:
        if entry.kind == "promotion.opened":
            _open(fleet, entry)
        elif entry.kind == "stack.adopted":
            _adopt(fleet, entry)
        else:
            _follow(fleet, entry)
    return fleet


def _open(fleet: Fleet, entry: Entry) -> None:
    body = entry.body
    environment, name = body["environment"], body["promotion"]
    waves = tuple(tuple(wave) for wave in body["waves"])
    stacks: dict[str, StackRun] = {}
    for number, wave in enumerate(waves):
        for stack in wave:
            busy = fleet.claim(environment, stack)
            if busy or name in fleet.promotions:
                raise RefusedError(f"Entry {entry.number} claims {environment}/{stack}, which {name} cannot have.")
            told = body["stacks"][stack]
            origin = Content.from_body(told["from"]) if told.get("from") else None
            stacks[stack] = StackRun(
                stack=stack, wave=number, origin=origin, target=dict(told["to"]), lock=told.get("lock", "")
            )
            fleet.stacks[environment, stack] = replace(
                fleet.stack(environment, stack), promotion=name, last=name, note=""
            )
    fleet.promotions[name] = Promotion(
        id=name,
        kind=Kind(body["kind"]),
        environment=environment,
        targets=dict(body["targets"]),
        waves=waves,
        stacks=stacks,
        holder=_holder(entry),
        fence=body["fence"],
        base=body["base"],
        opened_at=entry.at,
        reason=body.get("reason", ""),
        bypass=body.get("bypass", ""),
    )


def _adopt(fleet: Fleet, entry: Entry) -> None:
    body = entry.body
    content = Content.from_body(body["content"])
    name = (body["environment"], body["stack"])
    stable = Stable(content=content, at=entry.at, promotion="")
    old = fleet.stack(*name)
    fleet.stacks[name] = replace(
        old, content=content, verified_at=entry.at, stables=(*old.stables, stable), note="adopted"
    )


def _follow(fleet: Fleet, entry: Entry) -> None:
    body = entry.body
    promotion = fleet.promotions.get(body["promotion"])
    if promotion is None:
        raise RefusedError(f"Entry {entry.number} speaks of promotion {body['promotion']}, which was never opened.")
    taken = entry.kind == "promotion.taken"
    if body["fence"] != promotion.fence + taken:
        raise RefusedError(
            f"Entry {entry.number} was written with fence {body['fence']}, but {promotion.id} is at {promotion.fence}."
        )
    match entry.kind:
        case "promotion.taken":
            promotion = replace(
                promotion,
                holder=_holder(entry),
                fence=body["fence"],
                past=(*promotion.past, promotion.holder),
                bypass=body.get("bypass", promotion.bypass),
            )
        case "promotion.moved":
            promotion = _move(fleet, promotion, entry)
        case "promotion.closed":
            promotion = _close(fleet, promotion, entry)
        case kind if kind.startswith("stack."):
            promotion = _move_stack(
                fleet, promotion, body["stack"], {**body, "phase": kind.removeprefix("stack.")}, entry.at
            )
        case kind:
            raise RefusedError(f"Entry {entry.number} is a {kind}, which this modferry does not know.")
    fleet.promotions[promotion.id] = promotion


def _move(fleet: Fleet, promotion: Promotion, entry: Entry) -> Promotion:
    body = entry.body
    phase = Phase(body["phase"])
    check_move(promotion.phase, phase, promotion.id)
    for stack, told in body.get("stacks", {}).items():
        promotion = _move_stack(fleet, promotion, stack, told, entry.at)
    shown = {s: replace(promotion.stacks[s], shown=plan) for s, plan in body.get("plans", {}).items()}
    wave = int(body.get("wave", promotion.wave))
    landed = {**promotion.landed, wave: body["commit"]} if phase is Phase.LANDED else promotion.landed
    if phase is Phase.LANDED:
        _record_landing(fleet, promotion, wave, body["commit"], body.get("moved", ()))
    return replace(
        promotion,
        stacks={**promotion.stacks, **shown},
        phase=phase,
        wave=wave,
        landed=landed,
        landed_at=entry.at if phase is Phase.LANDED else promotion.landed_at,
        why=body.get("reason", ""),
        approval=body.get("approval", ""),
        approved={**promotion.approved, **body.get("approved", {})},
        asked=body.get("asked", promotion.asked),
    )


def _record_landing(fleet: Fleet, promotion: Promotion, wave: int, commit: str, moved: Collection[str]) -> None:
    """From now on the content of the wave's stacks is simply what main holds at `commit`, but for `moved` ones:
    somebody changed their files on main meanwhile."""
    for stack in set(promotion.waves[wave]) - set(moved):
        if promotion.stacks[stack].phase is not StackPhase.VERIFIED:  # it went back alone
            continue
        state = fleet.stack(promotion.environment, stack)
        if state.content:
            landed = replace(state.content, commit=commit, lock="")
            fleet.stacks[promotion.environment, stack] = replace(state, content=landed)


def _move_stack(fleet: Fleet, promotion: Promotion, stack: str, told: Any, at: str) -> Promotion:
    phase, run = StackPhase(told["phase"]), promotion.stacks[stack]
    check_stack_move(run.phase, phase, f"{promotion.environment}/{stack}")
    run = replace(
        run,
        phase=phase,
        content=Content.from_body(told["content"]) if told.get("content") else run.content,
        plan=told.get("plan", run.plan),
        reason=told.get("reason", ""),
        touched_at=at if phase in (StackPhase.APPLYING, StackPhase.APPLIED) else run.touched_at,
    )
    state = fleet.stack(promotion.environment, stack)
    match phase:
        case StackPhase.APPLIED:
            state = replace(state, content=run.content, verified_at="")
        case StackPhase.VERIFIED:
            state = replace(state, verified_at=state.verified_at or at, note="")
        case StackPhase.RESTORED:
            state = replace(state, content=run.origin, verified_at=at, note="")
        case StackPhase.REFUSED | StackPhase.UNRESTORABLE:
            state = replace(state, content=run.content, verified_at="", note=run.reason)
        case StackPhase.APPLYING | StackPhase.RESTORING:
            state = replace(state, verified_at="")
        case StackPhase.FAILED | StackPhase.INCONCLUSIVE | StackPhase.NOT_RESTORED:
            state = replace(state, verified_at="", note=run.reason)
        case StackPhase.PENDING | StackPhase.KEPT:
            pass
    fleet.stacks[promotion.environment, stack] = state
    return replace(promotion, stacks={**promotion.stacks, stack: run})


def _close(fleet: Fleet, promotion: Promotion, entry: Entry) -> Promotion:
    check_move(promotion.phase, Phase.CLOSED, promotion.id)
    outcome = Outcome(entry.body["outcome"])
    for stack, run in promotion.stacks.items():
        state = replace(fleet.stack(promotion.environment, stack), promotion="")
        done = outcome in (Outcome.VERIFIED, Outcome.PARTIAL)
        if done and run.phase is StackPhase.VERIFIED and state.content:
            stable = Stable(content=state.content, at=entry.at, promotion=promotion.id)
            state = replace(state, stables=(*state.stables, stable))
        elif not done and run.phase is StackPhase.NOT_RESTORED:
            state = replace(state, content=run.content, verified_at="")
        fleet.stacks[promotion.environment, stack] = state
    return replace(
        promotion,
        phase=Phase.CLOSED,
        outcome=outcome,
        closed_at=entry.at,
        why=entry.body.get("reason", ""),
        remedy=entry.body.get("next", ""),
    )


def _holder(entry: Entry) -> Holder:
    told = entry.body["holder"]
    return Holder(host=told["host"], mark=told["mark"], actor=told["actor"], since=entry.at)


def replace(record: Record, **fields: Any) -> Record:
    """As dataclasses.replace for these frozen records, which compute nothing when they are made: in a twentieth of
    the time, and a long ledger replaces a hundred thousand times. Raises TypeError for a field that there is not."""
    if unknown := fields.keys() - record.__dataclass_fields__.keys():
        raise TypeError(f"{type(record).__name__} has no {', '.join(sorted(unknown))}")
    new = object.__new__(type(record))
    new.__dict__.update(record.__dict__, **fields)
    return new

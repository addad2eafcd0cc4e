"""Landing: the pins of verified stacks on main, in the same push as the entry that says so.

Promise: pins are rebased on a main that moved, nothing else is; what origin rejects changes nothing there.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.commands.ferry import contents
from pipeline.commands.ferry.planning import moved_versions
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.recorder import Recorder
from pipeline.commands.ferry.tags import locked
from pipeline.domain.history import History
from pipeline.domain.ledger import Draft
from pipeline.domain.pins import LOCK_FILE, content_digest, find_pins, move_pins, refs_of
from pipeline.domain.promotion import claims
from pipeline.domain.promotion.budget import say_partial
from pipeline.domain.promotion.phases import Kind, Outcome, Phase, StackPhase
from pipeline.domain.promotion.record import Content, Promotion, StackRun
from pipeline.domain.promotion.work import Landing
from pipeline.errors import UsageError

ATTEMPTS = 20
"""Main may move again while we land; this often in a row is not normal."""

Finish = Callable[[History, str, tuple[str, ...]], tuple[Draft, ...]]
"""(history, commit, stacks whose files moved on main meanwhile) → what to write with the push."""


def land_wave(ferry: Ferry, pen: Recorder, wave: int, *, last: bool) -> bool:
    """Land a verified wave; with the last one the promotion closes as verified. Whether it landed."""
    promotion = pen.promotion
    name, fence = pen.name, pen.fence

    def finish(history: History, commit: str, moved: tuple[str, ...]) -> tuple[Draft, ...]:
        drafts: tuple[Draft, ...] = ()
        if wave not in promotion.landed:
            there: dict[str, Any] = {"moved": list(moved)} if moved else {}
            drafts = claims.move(history, name, fence, Phase.LANDED, wave=wave, commit=commit, **there)
        return (*drafts, *_close(ferry, pen, history)) if last else drafts

    runs = [run for stack in promotion.waves[wave] if (run := promotion.stacks[stack]).phase is StackPhase.VERIFIED]
    if _is_on_main(ferry, promotion, runs) or wave in promotion.landed:
        pen.write(lambda history: finish(history, promotion.base, ()))
        return True
    goals = {run.stack: (run.content, run.target) for run in runs}
    what = "locks" if promotion.kind is Kind.DEPLOY else "pins"
    message = f"{promotion.title}: {what} of {', '.join(goals)}\n\nPromotion: {promotion.id}\n"
    try:
        rejected = _land(ferry, pen, goals, message, finish)
    except UsageError as error:  # the stack's files on main can no longer take the pins
        rejected = str(error)
    if rejected:
        pen.move(Phase.UNLANDED, wave=wave, reason=rejected)
    return not rejected


def _close(ferry: Ferry, pen: Recorder, history: History) -> tuple[Draft, ...]:
    """Verified; or partial, and then what failed on some stacks is held: robots must not try it there again."""
    promotion = pen.promotion
    reason = say_partial(tuple(promotion.stacks.values()))
    outcome = Outcome.PARTIAL if reason else Outcome.VERIFIED
    held = claims.holds(promotion, reason, moved_versions(ferry, promotion)) if reason else ()
    return (*claims.close(history, pen.name, pen.fence, outcome, reason=reason), *held)


def _is_on_main(ferry: Ferry, promotion: Promotion, runs: Sequence[StackRun]) -> bool:
    """Whether main holds all that was applied, as a deploy found it, and the locks of its pins too."""
    if promotion.kind is not Kind.DEPLOY or any(run.content and run.content.lock for run in runs):
        return False
    for run in runs:
        files = ferry.trunk.files(promotion.base, promotion.environment, run.stack)
        if locked(ferry, f"{promotion.environment}/{run.stack}", files, {}) != files:
            return False
    return True


def land_reverse(ferry: Ferry, pen: Recorder, stacks: tuple[str, ...], outcome: Outcome) -> bool:
    """Land the pins that the restored stacks came from, and close. Whether it landed."""
    promotion = pen.promotion

    def finish(history: History, commit: str, moved: tuple[str, ...]) -> tuple[Draft, ...]:  # noqa: ARG001
        return claims.close(history, pen.name, pen.fence, outcome, reason=promotion.why)

    if not stacks or promotion.kind is Kind.DEPLOY:
        pen.write(lambda history: finish(history, "", ()))
        return True
    goals: dict[str, tuple[Content | None, Mapping[str, str]]] = {}
    for stack in stacks:
        run = promotion.stacks[stack]
        assert run.origin is not None  # a stack without one is never `restored`
        goals[stack] = (run.origin, {m: run.origin.pins[m] for m in run.target if m in run.origin.pins})
    message = f"Back: {promotion.title}: pins of {', '.join(goals)}\n\nPromotion: {promotion.id}\n"
    try:
        rejected = _land(ferry, pen, goals, message, finish, reverse=True)
    except UsageError as error:
        rejected = str(error)
    if rejected:
        pen.move(Phase.STUCK, reason=f"restored, but main would not take the pins back: {rejected}")
    return not rejected


def _land(
    ferry: Ferry,
    pen: Recorder,
    goals: Mapping[str, tuple[Content | None, Mapping[str, str]]],
    message: str,
    finish: Finish,
    *,
    reverse: bool = False,
) -> str:
    """Try until main stands still; returns why origin rejects it, or nothing when it landed."""
    environment = pen.promotion.environment
    said = ""
    for _ in range(ATTEMPTS):
        main = ferry.trunk.fetch()
        as_written = pen.promotion.kind is Kind.DEPLOY
        changed, moved = _rebase(ferry, environment, main, goals, reverse=reverse, as_written=as_written)
        if not changed:  # a person put the same pins there
            pen.write(lambda history, main=main, moved=moved: finish(history, main, moved))  # type: ignore[misc]
            return ""
        commit = ferry.trunk.commit(main, environment, changed, message)
        landing, said = ferry.trunk.land(
            commit,
            lambda history, commit=commit, moved=moved: finish(history, commit, moved),  # type: ignore[misc]
        )
        match landing:
            case Landing.LANDED:
                pen.refresh()
                return ""
            case Landing.REJECTED:
                return said or "origin rejected the push"
            case Landing.MOVED:
                continue
    return said or f"main moved {ATTEMPTS} times while we landed"


def _rebase(
    ferry: Ferry,
    environment: str,
    main: str,
    goals: Mapping[str, tuple[Content | None, Mapping[str, str]]],
    *,
    reverse: bool,
    as_written: bool,
) -> tuple[dict[str, dict[str, bytes]], tuple[str, ...]]:
    """What to write on `main`, by stack and file, and the stacks whose files moved there otherwise.

    `as_written`: what was applied came from main, so what moved there meanwhile is newer and stays.
    """
    changed: dict[str, dict[str, bytes]] = {}
    moved: list[str] = []
    for stack, (content, refs) in goals.items():
        assert content is not None
        name, there = f"{environment}/{stack}", ferry.trunk.files(main, environment, stack)
        if as_written and not content.lock and content_digest(there) != content.digest:
            moved.append(stack)
            continue
        lost = [module for module in refs if module not in refs_of(find_pins(there, ferry.source))]
        if lost:
            raise UsageError(
                f"{name} on main no longer calls {', '.join(lost)}.",
                remedy="put the call back, then modferry recover",
            )
        files = move_pins(there, ferry.source, refs)
        wanted = contents.make_again(ferry, environment, stack, content)
        if LOCK_FILE in wanted and (content.lock or reverse):
            files[LOCK_FILE] = wanted[LOCK_FILE]
        files = locked(ferry, name, files, wanted if reverse else {})
        new = {path: data for path, data in files.items() if there.get(path) != data}
        if new:
            changed[stack] = new
        if content_digest(files) != content_digest(wanted):
            moved.append(stack)
    return changed, tuple(moved)

"""Tags that stand still: origin, the ledger and a stack's modferry.lock say the same about what it pins (R5)."""

from collections.abc import Collection, Iterable, Mapping

from pipeline.commands.ferry.ports import Ferry
from pipeline.domain.gate import Allowed, Decision, Refused, combine, insist
from pipeline.domain.history import History
from pipeline.domain.pin_lock import Lock, judge_lock, lock_of, read_lock, with_lock
from pipeline.domain.pins import find_pins, refs_of
from pipeline.domain.promotion.eligibility import judge_unmoved
from pipeline.errors import RefusedError, UsageError


class TagMovedError(RefusedError):
    """A tag names another commit than the one that was released or applied."""


def judge_locks(
    ferry: Ferry,
    history: History,
    main: str,
    stacks: Iterable[tuple[str, str]],
    refs: Collection[str] | None = None,
) -> Decision:
    """The locks of these stacks (environment, stack) on main against origin's tags and the ledger: of what each pins,
    or of `refs`, where they are locked."""
    wanted: dict[str, tuple[Lock, Collection[str]]] = {}
    for environment, stack in stacks:
        name, files = f"{environment}/{stack}", ferry.trunk.files(main, environment, stack)
        lock = read_lock(files, name)
        if lock:
            pins = refs_of(find_pins(files, ferry.source)).values() if refs is None else refs
            wanted[name] = lock, [ref for ref in dict.fromkeys(pins) if ref in lock]
    there = ferry.trunk.tags(sorted({ref for _, pins in wanted.values() for ref in pins}))
    releases = tuple(history.releases.values())
    return combine(judge_lock(name, lock, pins, there, releases) for name, (lock, pins) in wanted.items())


def insist_unmoved(ferry: Ferry, stack: str, files: Mapping[str, bytes], taken: Mapping[str, str]) -> None:
    """Raise TagMovedError where a tag that these files pin is no longer what was released or what they are locked to,
    or not what was planned for it (`taken`).

    Asked when a stack was planned: what the tag named was fetched before. Fails closed.
    """
    refs = refs_of(find_pins(files, ferry.source)).values()
    history, there = ferry.ledger.history(), ferry.trunk.tags(sorted(refs))
    known = {release.tag: release for release in history.releases.values()}
    decision = combine(
        (
            judge_lock(stack, read_lock(files, stack), refs, there, known.values()),
            *(judge_unmoved(known[ref], there.get(ref)) for ref in refs if ref in known),
            *(_judge_taken(stack, ref, taken[ref], there.get(ref)) for ref in refs if ref in taken),
        )
    )
    if isinstance(decision, Refused):
        raise TagMovedError(" ".join(decision.reasons), remedy=decision.remedy)
    insist(decision)


def _judge_taken(stack: str, ref: str, taken: str, on_origin: str | None) -> Decision:
    """Fails closed: what was planned must be what the tag still names when it is approved."""
    if taken == on_origin:
        return Allowed()
    now = f"is at {on_origin[:12]} on origin now" if on_origin else "is gone from origin"
    return Refused(
        reasons=(f"The tag {ref} moved while {stack} was planned: it was at {taken[:12]} and {now}.",),
        remedy=f"find out who moved the tag {ref}, then run it again",
    )


def locked(ferry: Ferry, stack: str, files: Mapping[str, bytes], before: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files with the lock of their pins: rows that they or `before` have stay, new ones come from the ledger.

    Raises UsageError where a lock on main cannot be read.
    """
    try:
        there = {**read_lock(files, stack), **read_lock(before, stack)}
    except RefusedError as error:
        raise UsageError(error.what, remedy=error.remedy) from error
    refs = refs_of(find_pins(files, ferry.source)).values()
    return with_lock(files, lock_of(refs, there, ferry.ledger.history().releases.values()))

"""`modferry.lock` of a stack: which commit and which bytes each of its pins stood for when they were last applied.

Promise: a tag that is in a lock is never written there anew with another commit. The lock is a second witness, on
main, reviewed by people: a tag that was moved or made again shows, also where the ledger was written to agree.
A stack without a lock, or a pin that is not in it yet, is as good as before; the next landing writes it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.domain.evidence import short
from pipeline.domain.gate import Allowed, Decision, Refused, combine
from pipeline.domain.history import Release
from pipeline.domain.pins import PIN_LOCK
from pipeline.errors import RefusedError

SCHEMA = "modferry.lock/1"


@dataclass(frozen=True, kw_only=True)
class Locked:
    """What a tag stood for: its commit, and the digest of the released bytes."""

    commit: str
    digest: str


Lock = Mapping[str, Locked]
"""Tag → what it stood for."""


def read_lock(files: Mapping[str, bytes], stack: str) -> Lock:
    """The lock among a stack's files; empty where there is none.

    Raises RefusedError for one that cannot be read. Fails closed: an unreadable witness is not an absent one.
    """
    data = files.get(PIN_LOCK)
    if data is None:
        return {}
    try:
        document = json.loads(data)
        if document["schema"] != SCHEMA:
            raise ValueError(f"its schema is {document['schema']!r}, not {SCHEMA}")  # noqa: TRY301
        return {str(tag): Locked(commit=str(row["commit"]), digest=str(row["digest"])) for tag, row in _rows(document)}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RefusedError(
            f"{PIN_LOCK} of {stack} cannot be read: {error}.", remedy=f"git log -- '*/{stack}/{PIN_LOCK}', put it back"
        ) from error


def _rows(document: Any) -> Iterable[tuple[str, Any]]:
    return [*document["pins"].items()]


def write_lock(lock: Lock) -> bytes:
    """As the file holds it: JSON, sorted, one pin after the other."""
    pins = {tag: {"commit": one.commit, "digest": one.digest} for tag, one in lock.items()}
    return (json.dumps({"schema": SCHEMA, "pins": pins}, sort_keys=True, indent=2) + "\n").encode()


def lock_of(pins: Iterable[str], before: Lock, releases: Iterable[Release]) -> Lock:
    """The lock of these refs: what was locked stays, what is new is taken from its release.

    A ref that is no release has no row: nobody knows what it stood for.
    """
    known = {release.tag: Locked(commit=release.commit, digest=release.digest) for release in releases}
    found = {ref: before.get(ref) or known.get(ref) for ref in pins}
    return {ref: one for ref, one in found.items() if one}


def with_lock(files: Mapping[str, bytes], lock: Lock) -> dict[str, bytes]:
    """The files with this lock; with an empty one as they were, but never with a lock of other pins."""
    others = {name: data for name, data in files.items() if name != PIN_LOCK}
    return {**others, PIN_LOCK: write_lock(lock)} if lock or PIN_LOCK in files else others


def judge_lock(
    stack: str, lock: Lock, refs: Iterable[str], on_origin: Mapping[str, str], releases: Iterable[Release]
) -> Decision:
    """What a stack is locked to is what origin and the ledger say now (R5).

    Fails closed: a tag that moved, was made again or is gone names other bytes than the ones that were applied and
    verified, whatever else agrees with it.
    """
    known = {release.tag: release for release in releases}
    return combine(_judge_ref(stack, ref, lock[ref], on_origin.get(ref), known.get(ref)) for ref in refs if ref in lock)


def _judge_ref(stack: str, ref: str, locked: Locked, now: str | None, release: Release | None) -> Decision:
    said = f"{stack} is locked to {ref} at {locked.commit[:12]} ({PIN_LOCK})"
    remedy = f"find out who moved it, then put the tag {ref} back at {locked.commit[:12]}"
    if now is None:
        return Refused(reasons=(f"The tag {ref} is gone from origin: {said}.",), remedy=remedy)
    if now != locked.commit:
        return Refused(reasons=(f"The tag {ref} moved: {said}, and origin has it at {now[:12]}.",), remedy=remedy)
    if release and (release.commit, release.digest) != (locked.commit, locked.digest):
        told = f"{release.commit[:12]} with the files {short(release.digest)}"
        return Refused(
            reasons=(f"The ledger now says {ref} is {told}: {said} with the files {short(locked.digest)}.",),
            remedy=f"modferry history, then yank {ref} if its entry was written over",
        )
    return Allowed()

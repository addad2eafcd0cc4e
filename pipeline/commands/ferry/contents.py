"""Contents of stacks: made from main and pins, and made again from what the ledger says."""

from collections.abc import Mapping

from pipeline.commands.ferry.ports import Ferry
from pipeline.domain.pins import LOCK_FILE, content_digest, content_shape, find_pins, move_pins, refs_of
from pipeline.domain.promotion.record import Content
from pipeline.errors import UndecidedError


def describe(
    ferry: Ferry, commit: str, files: Mapping[str, bytes], *, was: Mapping[str, bytes] | None = None
) -> Content:
    """The content that these files are; `was` are the files at `commit`: another lock file is kept as text."""
    lock = files.get(LOCK_FILE)
    before = files if was is None else was
    return Content(
        commit=commit,
        pins=refs_of(find_pins(files, ferry.source)),
        digest=content_digest(files),
        shape=content_shape(files, ferry.source),
        lock=lock.decode() if lock is not None and lock != before.get(LOCK_FILE) else "",
    )


def make_again(ferry: Ferry, environment: str, stack: str, content: Content) -> dict[str, bytes]:
    """The files of a content, proved by its digest.

    Fails closed: files that are not the written-down ones would be a version that nobody knows (R4).
    """
    files = move_pins(ferry.trunk.files(content.commit, environment, stack), ferry.source, content.pins)
    if content.lock:
        files[LOCK_FILE] = content.lock.encode()
    if content_digest(files) != content.digest:
        raise UndecidedError(
            f"What was applied to {environment}/{stack} cannot be made again from commit {content.commit[:12]}.",
            remedy="git fetch --unshallow; if main was rewritten, restore the commit",
        )
    return files

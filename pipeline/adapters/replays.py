"""The ledger's commits as histories: read from the nearest replay that is known, in memory or in the cache.

Promise: a gap, a broken link or a changed file is Refused, never read on. A history that was handed out is never
folded on.
"""

import contextlib
from collections.abc import Sequence

from pipeline.adapters.git import GitRepository
from pipeline.adapters.replay_cache import ReplayCache, without_collector
from pipeline.domain.history import History, fold
from pipeline.domain.ledger import Entry, check_chain
from pipeline.domain.promotion.claims import fleet_of
from pipeline.errors import RefusedError


class Replays:
    """The replays of one clone's ledger."""

    def __init__(self, repository: GitRepository, cache: ReplayCache) -> None:
        self.repository = repository
        self.cache = cache
        self._known: tuple[str, History] | None = None

    def entries(self, old: str | None, new: str) -> list[Entry]:
        """The entries added between two ledger commits, in order; Refused when any was changed or removed."""
        if old:
            out = self.repository.git("diff-tree", "-r", "-z", "--no-renames", old, new)
        else:
            out = self.repository.git("ls-tree", "-r", "-z", new)
        found: list[tuple[str, str]] = []
        if old:
            parts = out.split("\0")
            for head, path in zip(parts[0::2], parts[1::2], strict=False):
                _, _, _, blob, status = head.split()
                if status != "A":
                    raise RefusedError(
                        f"The ledger's file {path} was changed after it was written.",
                        remedy=f"git log {new[:12]} -- {path} shows by whom; restore the branch",
                    )
                found.append((path, blob))
        else:
            for row in out.split("\0"):
                if row:
                    head, path = row.split("\t", 1)
                    found.append((path, head.split()[2]))
        blobs = self.repository.blobs([blob for _, blob in found])
        entries = [Entry.from_bytes(blobs[blob], path) for path, blob in found]
        return sorted(entries, key=lambda e: e.number)

    def at(self, commit: str | None) -> History:
        """The history at a ledger commit, from the nearest cached replay on."""
        if commit is None:
            return History()
        if self._known and self._known[0] == commit:
            return self._known[1]
        known, history = self._known or self.cache.read()
        if known != commit:
            if known and history and self.repository.is_ancestor(known, commit):
                history, added = history.copy() if self._known else history, self.entries(known, commit)
            else:
                history, added = History(), None
            with without_collector():
                added = self.entries(None, commit) if added is None else added
                check_chain(added, after=history.last)
                fold(history, added)
                with contextlib.suppress(RefusedError):  # said to whoever asks for the fleet; others need not know
                    fleet_of(history)  # kept with the history: a status must not fold years of promotions again
                self.cache.write(commit, history)
        assert history is not None
        self._known = (commit, history)
        return history

    def remember(self, base: str | None, commit: str, new: Sequence[Entry]) -> None:
        """We wrote `commit` on `base` ourselves: what it adds need not be read again."""
        history = self.at(base).copy()
        self._known = (commit, fold(history, new))

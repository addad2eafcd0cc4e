"""A disposable copy of the ledger's replay, keyed by the ledger's commit; deleting it costs only time.

The file is two pickles, one after the other: version and commit, then the history, so that who needs to know only
how far the replay went (and that the ledger was whole up to there) need not read all of it.
"""

import contextlib
import dataclasses
import gc
import os
import pickle
from collections.abc import Iterator
from pathlib import Path

from pipeline import __version__
from pipeline.domain.history import History

MADE_BY = (__version__, *(field.name for field in dataclasses.fields(History)))
"""A replay that knows other things than ours is another version's."""


class ReplayCache:
    """One file inside `.git`: nobody else writes there, so unpickling it runs nobody else's code."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[str | None, History | None]:
        """(ledger commit, its replay), or nothing when it is absent, unreadable or another version's."""
        try:
            with self.path.open("rb") as file, without_collector():
                made_by, commit = pickle.load(file)  # noqa: S301 - see the class
                return (commit, pickle.load(file)) if made_by == MADE_BY else (None, None)  # noqa: S301
        except Exception:  # noqa: BLE001 - unreadable means absent
            return None, None

    def commit(self) -> str | None:
        """The ledger commit that `read` would give: up to there the chain was checked."""
        try:
            with self.path.open("rb") as file:
                made_by, commit = pickle.load(file)  # noqa: S301 - see the class
        except Exception:  # noqa: BLE001 - unreadable means absent
            return None
        return str(commit) if made_by == MADE_BY else None

    def write(self, commit: str, history: History) -> None:
        """Keep a replay; a full disk must not stop a reader."""
        draft = self.path.with_suffix(f".{os.getpid()}-{os.urandom(3).hex()}")
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(exist_ok=True)
            draft.write_bytes(pickle.dumps((MADE_BY, commit), protocol=5) + pickle.dumps(history, protocol=5))
            draft.replace(self.path)


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """No look for garbage while a hundred thousand objects are made that all stay; none is looked at later."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()

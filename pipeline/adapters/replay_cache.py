"""A disposable copy of the ledger's replay, keyed by the ledger's commit; deleting it costs only time."""

import contextlib
import dataclasses
import gc
import os
import pickle
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
        gc.disable()  # it would look again and again at a hundred thousand new objects, none of them garbage
        try:
            made_by, commit, history = pickle.loads(self.path.read_bytes())  # noqa: S301 - see the class
            gc.freeze()
        except Exception:  # noqa: BLE001 - unreadable means absent
            return None, None
        finally:
            gc.enable()
        return (commit, history) if made_by == MADE_BY else (None, None)

    def write(self, commit: str, history: History) -> None:
        """Keep a replay; a full disk must not stop a reader."""
        draft = self.path.with_suffix(f".{os.getpid()}-{os.urandom(3).hex()}")
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(exist_ok=True)
            draft.write_bytes(pickle.dumps((MADE_BY, commit, history), protocol=5))
            draft.replace(self.path)

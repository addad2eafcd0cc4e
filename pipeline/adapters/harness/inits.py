"""`terraform init` once for equal folders of a run: later copies get what the first one made.

Only for Terraform that is attached to a warm provider, and only for copies of the same tree: init reads nothing
else there but the addresses of called modules, so the second answer would be the first. Each copy gets files of its
own. An init that fails is kept by nobody: every part hears of it from its own.
"""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

MADE = (".terraform", ".terraform.lock.hcl")


class Inits:
    """What init made, by a key that names the folder and how init was called. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the run's own; nothing is made there before it is needed."""
        self._folder = folder
        self._alone = threading.Lock()
        self._locks: dict[tuple[str, ...], threading.Lock] = {}
        self._kept: dict[tuple[str, ...], Path] = {}

    def prepare(self, key: tuple[str, ...], workdir: Path, init: Callable[[], None]) -> bool:
        """Bring `workdir` to where `init()` would; whether init was called. Raises what `init` raises."""
        with self._alone:
            lock = self._locks.setdefault(key, threading.Lock())
            number = len(self._locks)
        with lock:  # of two that come at once the second waits, which is cheaper than its own init
            kept = self._kept.get(key)
            if kept is None:
                init()
                kept = self._folder / str(number)
                _copy(workdir, kept)
                self._kept[key] = kept
                return True
        _copy(kept, workdir)
        return False


def _copy(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in MADE:
        found = source / name
        if found.is_dir():
            shutil.copytree(found, target / name, symlinks=True)
        elif found.exists():
            shutil.copyfile(found, target / name)

"""`terraform init` once for equal folders of a run: later copies get what the first one made.

Only for Terraform that is attached to a warm provider. Equal means equal: the same flags in the same folder of trees
with the same configuration files, byte for byte (init reads nothing else there but the addresses of called modules,
so a second answer would be the first). Each copy gets files of its own. An init that fails is kept by nobody: every
part hears of it from its own. One that set up a backend is kept by nobody either: it belongs to its state.
"""

import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

MADE = (".terraform", ".terraform.lock.hcl")
READ = (".tf", ".tf.json", ".hcl", ".tftest.json")
"""How the names of configuration files end; `.hcl` are tests and the lock file."""


class Inits:
    """What init made, below a folder by what it was made from; test processes of one run may share the folder.

    Thread-safe.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` is the run's own; nothing is made there before it is needed."""
        self.folder = folder
        self._alone = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}

    def prepare(self, workdir: Path, root: Path, flags: Sequence[str], init: Callable[[], None]) -> bool:
        """Bring `workdir`, a folder of the tree `root`, to where `init()` would; whether init was called. Raises what
        `init` raises."""
        name = _digest(workdir, root, flags)
        kept = self.folder / name
        with self._alone:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:  # of two that come at once the second waits, which is cheaper than its own init
            if kept.is_dir():
                _copy(kept, workdir)
                return False
            init()
            if not (workdir / ".terraform" / "terraform.tfstate").exists():
                self._keep(workdir, kept)
            return True

    def _keep(self, workdir: Path, kept: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=self.folder))
        _copy(workdir, made)
        try:
            made.rename(kept)
        except OSError:  # another process was faster
            shutil.rmtree(made)


def _copy(source: Path, target: Path) -> None:
    for name in MADE:
        found, mine = source / name, target / name
        if mine.is_dir():
            shutil.rmtree(mine)
        else:
            mine.unlink(missing_ok=True)
        if found.is_dir():
            shutil.copytree(found, mine, symlinks=True)
        elif found.exists():
            shutil.copyfile(found, mine)


def _digest(workdir: Path, root: Path, flags: Sequence[str]) -> str:
    """Of the flags, the folder's place, and each configuration file and link of the tree with its place."""
    rows = [repr((str(workdir.relative_to(root)), tuple(flags))).encode()]
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name != ".terraform")
        for name in (*folders, *sorted(files)):
            path = Path(folder, name)
            if path.is_symlink():
                content = bytes(path.readlink())
            elif name in folders or not name.endswith(READ):
                continue
            else:
                content = path.read_bytes()
            rows.append(b"\0".join((str(path.relative_to(root)).encode(), hashlib.sha256(content).digest())))
    return hashlib.sha256(b"\n".join(rows)).hexdigest()[:32]

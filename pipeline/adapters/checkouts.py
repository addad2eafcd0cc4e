"""Files of a commit, written by git itself: attributes, modes and links are those of a checkout."""

from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.adapters.git import GitRepository


class Checkout:
    """One commit, whose list of files is read once into `index`; `settings` are git's, as `-c` takes them."""

    def __init__(self, repository: "GitRepository", commit: str, index: Path, settings: tuple[str, ...] = ()) -> None:
        self.repository = repository
        self.commit = commit
        self.index = index
        self.settings = tuple(word for setting in settings for word in ("-c", setting))

    def write(self, into: Path, paths: AbstractSet[str] | None = None) -> None:
        """Write these files (None: all) into a folder that is there. Raises GitError; then some may be written."""
        if paths is not None and not paths:
            return
        env = {"GIT_INDEX_FILE": str(self.index), "GIT_WORK_TREE": str(into)}
        if not self.index.exists():
            self.index.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.repository.git("read-tree", self.commit, env=env)
        which = ("--all",) if paths is None else ("-z", "--stdin")
        listed = "".join(f"{path}\0" for path in sorted(paths or ()))
        self.repository.git(*self.settings, "checkout-index", *which, f"--prefix={into}/", stdin=listed, env=env)

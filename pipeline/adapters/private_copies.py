"""Private copies of a commit's tree: whole, or what single stacks can need of it, which may grow.

Promise: nothing that was written once is written again, so files that were changed in a copy stay as they are. What is
left out is decided by domain/reach; whoever needs all of it (programs of the repository) completes the copy first.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.adapters.trees import CommitTree
from pipeline.domain.module import Files
from pipeline.domain.reach import Estate, reach

if TYPE_CHECKING:
    from pipeline.adapters.git import GitRepository


@dataclass(kw_only=True)
class _Copy:
    """What lies in one copy: what all stacks share (or not yet) and what was added, or everything."""

    added: set[str] = field(default_factory=set)
    begun: bool = False
    whole: bool = False


class PrivateCopies:
    """Copies of commits of one repository. Not thread-safe: who shares a copy takes turns."""

    def __init__(self, repository: "GitRepository", *, folder: str, modules: Sequence[str]) -> None:
        self.repository = repository
        self.folder = folder
        self.modules = modules
        self._estates: dict[str, Estate] = {}
        self._indexes: dict[str, Path] = {}
        self._copies: dict[Path, _Copy] = {}

    def copy_out(self, tree: CommitTree, into: Path, stack: str, own: Mapping[str, bytes]) -> None:
        """Write what the stack in this folder can need (empty: everything) and is not there yet."""
        if into not in self._copies or not into.exists():
            into.mkdir(parents=True, mode=0o700)
            self._copies[into] = _Copy()
        copy = self._copies[into]
        if copy.whole:
            return
        estate = self._estate(tree)
        needed = reach(estate, stack, own) if stack and not _has_garbled(tree) else None
        if needed is None:
            self._complete(tree, copy, into)
            return
        new = needed - estate.shared - copy.added
        self._write(tree, into, new if copy.begun else new | estate.shared)
        copy.added |= new
        copy.begun = True

    def _estate(self, tree: CommitTree) -> Estate:
        if tree.commit not in self._estates:
            files = Files(paths=tree.paths(), read=tree.read, mode=tree.mode, load=tree.load)
            self._estates[tree.commit] = Estate(files=files, folder=self.folder, modules=self.modules)
        return self._estates[tree.commit]

    def _complete(self, tree: CommitTree, copy: _Copy, into: Path) -> None:
        if copy.begun:
            self._write(tree, into, set(tree.paths()) - self._estate(tree).shared - copy.added)
        else:
            self.repository.git("checkout-index", "--all", f"--prefix={into}/", env=self._environment(tree, into))
        copy.whole = True
        copy.added.clear()

    def _write(self, tree: CommitTree, into: Path, paths: AbstractSet[str]) -> None:
        if paths:
            listed = "".join(f"{path}\0" for path in sorted(paths))
            words = ("checkout-index", "-z", "--stdin", f"--prefix={into}/")
            self.repository.git(*words, stdin=listed, env=self._environment(tree, into))

    def _environment(self, tree: CommitTree, into: Path) -> dict[str, str]:
        """git's list of the commit's files, read once, lies beside the first copy of the commit."""
        index = self._indexes.setdefault(tree.commit, into.with_name(f"{into.name}.index"))
        env = {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(into)}
        if not index.exists():
            index.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.repository.git("read-tree", tree.commit, env=env)
        return env


def _has_garbled(tree: CommitTree) -> bool:
    """Whether a path is not UTF-8: git could not be asked for it by the name that we know."""
    return any("\ufffd" in path for path in tree.paths())

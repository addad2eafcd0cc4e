"""Private copies of a commit's tree: whole, or what single stacks can need of it, which may grow.

Promise: nothing that was written once is written again, so files that were changed in a copy stay as they are. What is
left out is decided by domain/reach; whoever needs all of it (programs of the repository) completes the copy first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.adapters.checkouts import Checkout
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
        self._checkouts: dict[str, Checkout] = {}
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
        needed = self.reach(tree, stack, own) if stack else None
        if needed is None:
            self._complete(tree, copy, into)
            return
        new = needed - estate.shared - copy.added
        self._checkout(tree, into).write(into, new if copy.begun else new | estate.shared)
        copy.added |= new
        copy.begun = True

    def reach(self, tree: CommitTree, folder: str, own: Mapping[str, bytes]) -> frozenset[str] | None:
        """The files that what is called in this folder can need, with `own` in it; None: it may need any."""
        return None if _has_garbled(tree) else reach(self._estate(tree), folder, own)

    def _estate(self, tree: CommitTree) -> Estate:
        if tree.commit not in self._estates:
            files = Files(paths=tree.paths(), read=tree.read, mode=tree.mode, load=tree.load)
            self._estates[tree.commit] = Estate(files=files, folder=self.folder, modules=self.modules)
        return self._estates[tree.commit]

    def _complete(self, tree: CommitTree, copy: _Copy, into: Path) -> None:
        if copy.begun:
            self._checkout(tree, into).write(into, set(tree.paths()) - self._estate(tree).shared - copy.added)
        else:
            self._checkout(tree, into).write(into)
        copy.whole = True
        copy.added.clear()

    def _checkout(self, tree: CommitTree, into: Path) -> Checkout:
        """git's list of the commit's files lies beside the first copy of the commit."""
        if tree.commit not in self._checkouts:
            index = into.with_name(f"{into.name}.index")
            self._checkouts[tree.commit] = Checkout(self.repository, tree.commit, index)
        return self._checkouts[tree.commit]


def _has_garbled(tree: CommitTree) -> bool:
    """Whether a path is not UTF-8: git could not be asked for it by the name that we know."""
    return any("\ufffd" in path for path in tree.paths())

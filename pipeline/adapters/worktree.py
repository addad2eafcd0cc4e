"""Main on origin, read and written without a checkout, and private copies of its tree to work in.

Promise: the user's checkout, index and branches are never touched. A push to main goes together with the
ledger's entry about it, or not at all.
"""

import contextlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.adapters.git import GitRepository
from pipeline.adapters.git_door import GitError
from pipeline.adapters.ledger import GitLedger, PushRejectedError
from pipeline.adapters.private_copies import PrivateCopies
from pipeline.adapters.trees import CommitTree
from pipeline.domain.promotion.work import Landing
from pipeline.domain.reach import RESERVED
from pipeline.errors import RefusedError, UndecidedError
from pipeline.ports import Decide


class OriginMain:
    """The branch `branch` of the remote that everybody shares; stacks are folders of `folder`/<environment>, modules
    folders that one of the globs `modules` names."""

    def __init__(
        self, repository: GitRepository, ledger: GitLedger, *, branch: str, folder: str, modules: Sequence[str] = ()
    ) -> None:
        self.repository = repository
        self.ledger = ledger
        self.branch = branch
        self.folder = folder.strip("/")
        self._trees: dict[str, CommitTree] = {}
        self._seen: dict[str, str] = {}
        self._copies = PrivateCopies(repository, folder=self.folder, modules=modules)

    def fetch(self) -> str:
        """The newest commit of main on origin. RefusedError without a remote, UndecidedError when it is away."""
        remote = self.repository.remote()
        if remote is None:
            raise RefusedError(
                "This repository has no remote, so there is no main that everybody shares.",
                remedy="git remote add origin ADDRESS; git push -u origin HEAD",
            )
        try:
            self.repository.fetch(self._refspec())
        except GitError as error:
            if "couldn't find remote ref" in error.said:
                raise RefusedError(f"{remote} has no branch {self.branch}.", remedy="push it first") from error
            raise UndecidedError(
                f"{self.branch} could not be fetched from {remote}: {error.said}", remedy="check the network, run again"
            ) from error
        return self.repository.resolve(self._tracking())

    def fetch_with_ledger(self) -> str:
        """As `fetch`, and as the ledger's own: in one question where origin answers both."""
        if not self.ledger.fetch_along(self._refspec()):
            self.ledger.fetch()
            return self.fetch()
        return self.repository.resolve(self._tracking())

    def _tracking(self) -> str:
        return f"refs/remotes/{self.repository.remote()}/{self.branch}"

    def _refspec(self) -> str:
        return f"+refs/heads/{self.branch}:{self._tracking()}"

    def stacks(self, commit: str, environment: str) -> Sequence[str]:
        """Folders of the environment that hold .tf files."""
        prefix = f"{self.folder}/{environment}/"
        found = {
            path[len(prefix) :].split("/")[0]
            for path in self.tree(commit).paths()
            if path.startswith(prefix) and path.count("/", len(prefix)) == 1 and path.endswith((".tf", ".tf.json"))
        }
        return sorted(found - {RESERVED})

    def files(self, commit: str, environment: str, stack: str) -> dict[str, bytes]:
        """A stack's files by path below its folder; links are left out (the private copy has them).

        Who asks for one stack asks for the next: one process of git reads those of the whole environment.
        """
        prefix = f"{self.folder}/{environment}/{stack}/"
        tree = self.tree(commit)
        paths = [p for p in _below(tree.paths(), prefix) if tree.mode(p) != "120000"]
        tree.load(_below(tree.paths(), f"{self.folder}/{environment}/"))
        return {path[len(prefix) :]: tree.read(path) for path in paths}

    def tags(self, names: Sequence[str]) -> Mapping[str, str]:
        """Tag → commit on origin now, peeled."""
        if not names:
            return {}
        wanted = [pattern for name in names for pattern in (f"refs/tags/{name}", f"refs/tags/{name}^{{}}")]
        try:
            refs = self.repository.remote_refs(*wanted)
        except GitError as error:
            raise UndecidedError(f"Origin's tags could not be read: {error.said}", remedy="run it again") from error
        found = {name: refs.get(f"refs/tags/{name}^{{}}") or refs.get(f"refs/tags/{name}") for name in names}
        self._seen.update({name: commit or "" for name, commit in found.items()})
        return {name: commit for name, commit in found.items() if commit}

    def seen_tags(self, names: Sequence[str]) -> Mapping[str, str]:
        """As `tags`, as this run last saw them; asked for now where it has not seen them."""
        self.tags([name for name in names if name not in self._seen])
        return {name: commit for name in names if (commit := self._seen[name])}

    def check_push(self) -> None:
        """Ask origin, without changing anything, whether we may push to main.

        Main as last fetched will do for that; where origin does not take it, main may have moved: it is asked again.
        """
        known = self.repository.ref(self._tracking())
        if known:
            with contextlib.suppress(GitError):
                self._ask_push(known)
                return
        try:
            self._ask_push(self.fetch())
        except GitError as error:
            raise RefusedError(
                f"Origin does not let us push to {self.branch}: {error.said}",
                remedy=f"get the right to push to {self.branch}; nothing was applied",
            ) from error

    def _ask_push(self, main: str) -> None:
        self.repository.push(f"{main}:refs/heads/{self.branch}", dry_run=True)

    def commit(self, parent: str, environment: str, files: Mapping[str, Mapping[str, bytes]], message: str) -> str:
        """A commit object on `parent` with the stacks' files replaced."""
        paths = {
            f"{self.folder}/{environment}/{stack}/{name}": data
            for stack, changed in files.items()
            for name, data in changed.items()
        }
        return self.repository.commit_files(parent, paths, message)

    def land(self, commit: str, decide: Decide) -> tuple[Landing, str]:
        """Push `commit` to main and the entries to the ledger, atomically."""
        try:
            self.ledger.publish(lambda history: (decide(history), (f"{commit}:refs/heads/{self.branch}",)), push=True)
        except PushRejectedError as error:
            if not self.repository.is_ancestor(self.fetch(), commit):
                return Landing.MOVED, error.said
            return Landing.REJECTED, error.what
        return Landing.LANDED, ""

    def copy_out(self, commit: str, into: Path, stack: str = "", own: Mapping[str, bytes] | None = None) -> None:
        """Write the tree of a commit into a folder of its own, which belongs to nobody's checkout: all of it, or what
        `stack` (`dev/a`) can need, whose folder is going to hold the files `own`.

        Called again for the same folder it adds what is missing; what lies there already is left as it is.
        """
        self._copies.copy_out(self.tree(commit), into, stack and f"{self.folder}/{stack}", own or {})

    def reach(self, commit: str, folder: str, own: Mapping[str, bytes] | None = None) -> frozenset[str] | None:
        """The files of a commit that what is called in this folder of it can need, with the files `own` in it; None: it
        may need any."""
        return self._copies.reach(self.tree(commit), folder, own or {})

    def tree(self, commit: str) -> CommitTree:
        """The files of a commit. UndecidedError where it is not here."""
        if commit not in self._trees:
            try:
                self._trees[commit] = CommitTree(self.repository, self.repository.resolve(commit))
            except Exception as error:
                raise UndecidedError(
                    f"Commit {commit[:12]} is not here.", remedy="git fetch --unshallow origin"
                ) from error
        return self._trees[commit]


def _below(paths: Sequence[str], prefix: str) -> Sequence[str]:
    """Those of sorted paths that begin with a prefix ending in `/` (`0` is the character after it)."""
    return paths[bisect_left(paths, prefix) : bisect_left(paths, f"{prefix[:-1]}0")]

"""The files of the repository at one moment: of a commit, or of the working tree (tracked and unignored).

Both show the same path → (mode, bytes) for the same content, so that a digest taken before a commit is the
digest after it.
"""

import errno
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.adapters.git import GitRepository


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What is in a commit: path → (git's mode, the id of the content), and whether other repositories belong to it."""

    files: Mapping[str, tuple[str, str]]
    has_submodules: bool


def read_listing(text: str) -> Listing:
    """What `git ls-tree -r -z` says."""
    files, others = {}, False
    for row in text.split("\0"):
        if row:
            head, path = row.split("\t", 1)
            mode, kind, blob = head.split()
            if kind == "blob":
                files[path] = (mode, blob)
            others = others or kind == "commit"
    return Listing(files=files, has_submodules=others)


class CommitTree:
    """The files of one commit, read through git's object store in one batch a folder."""

    def __init__(self, repository: "GitRepository", commit: str) -> None:
        self.repository = repository
        self.commit = commit
        self._read: dict[str, bytes] = {}

    @cached_property
    def _listing(self) -> Listing:
        return self.repository.listing(self.commit)

    @property
    def _entries(self) -> Mapping[str, tuple[str, str]]:
        return self._listing.files

    @cached_property
    def _sorted(self) -> tuple[str, ...]:
        return tuple(sorted(self._entries))

    def paths(self) -> Sequence[str]:
        """All paths, sorted."""
        return self._sorted

    def has_submodules(self) -> bool:
        """Whether other repositories belong to it, which are in no tree."""
        return self._listing.has_submodules

    def mode(self, path: str) -> str:
        """Git's mode."""
        return self._entries[path][0]

    def blob(self, path: str) -> str:
        """The id of the file's content: equal ids, equal bytes."""
        return self._entries[path][1]

    def load(self, paths: Sequence[str]) -> None:
        """Read many files in one process."""
        missing = [p for p in paths if p not in self._read and p in self._entries]
        if not missing:
            return
        blobs = self.repository.blobs([self._entries[p][1] for p in missing])
        self._read.update({p: blobs[self._entries[p][1]] for p in missing})

    def read(self, path: str) -> bytes:
        """The bytes of one file (and, in the same process, of its folder)."""
        if path not in self._read:
            if path not in self._entries:
                raise UsageError(f"{path} is not in commit {self.commit[:12]}.")
            folder = path.rpartition("/")[0]
            self.load([p for p in self._sorted if p.rpartition("/")[0] == folder])
        return self._read[path]


class WorkingTree:
    """What is on disk now: tracked and unignored files, with the modes that git would record."""

    def __init__(self, repository: "GitRepository") -> None:
        self.repository = repository
        self._root = str(repository.root)  # joined as text: pathlib costs more than the read, thousands of times

    @cached_property
    def _sorted(self) -> tuple[str, ...]:
        out = self.repository.git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
        return tuple(sorted(p for p in out.split("\0") if p and os.path.lexists(f"{self._root}/{p}")))

    def paths(self) -> Sequence[str]:
        """All paths, sorted."""
        return self._sorted

    def mode(self, path: str) -> str:
        """Git's mode."""
        bits = os.lstat(f"{self._root}/{path}").st_mode
        if stat.S_ISLNK(bits):
            return "120000"
        return "100755" if bits & stat.S_IXUSR else "100644"

    def read(self, path: str) -> bytes:
        """The bytes of one file; of a link, its target."""
        try:
            where = os.open(f"{self._root}/{path}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            return os.fsencode(Path(self._root, path).readlink())
        with os.fdopen(where, "rb") as file:
            return file.read()

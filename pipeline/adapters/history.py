"""A repository as a source of modules: files at a ref, in the working tree, and over a whole history.

Each file is parsed once a content: git's blob ids are the keys. For a single diff git is asked a handful of
times; for a history one `git cat-file --batch` (GitPython's) stays open and whole trees are compared by id.
"""

import posixpath
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline.adapters.git import GitRepository
from pipeline.adapters.hcl.module import ModuleReader, is_configuration
from pipeline.adapters.hcl.package import read_package
from pipeline.adapters.trees import CommitTree, WorkingTree
from pipeline.domain.rules.addresses import Package
from pipeline.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from git.cmd import Git

TREE_MODE = "40000"
LINK_MODES = frozenset({"120000", "160000"})


class RepositoryFiles:
    """Modules at refs and in the working tree, for a comparison of two."""

    def __init__(self, repository: GitRepository, name: str) -> None:
        self.repository = repository
        self.name = name
        self._reader = ModuleReader()

    def package(self, ref: str | None, folder: str) -> Package | None:
        """The module in a folder with the local modules it calls; None where there are no .tf files."""
        tree = self.repository.tree(ref) if ref is not None else self._worktree
        inside = _by_folder(tree.paths())
        if folder not in inside:
            return None

        def read(wanted: str) -> Mapping[str, bytes]:
            paths = inside.get(wanted, ())
            if isinstance(tree, CommitTree):
                tree.load(paths)
            return {path: tree.read(path) for path in paths}

        return read_package(folder, read, self._reader)

    def tags(self) -> Sequence[str]:
        """The names of all tags."""
        return tuple(self.repository.tags())

    def folders(self) -> Sequence[str]:
        """Folders of the working tree with .tf files in them."""
        return tuple(_by_folder(self._worktree.paths()))

    def close(self) -> None:
        """Nothing stays open for two refs."""

    @cached_property
    def _worktree(self) -> WorkingTree:
        return WorkingTree(self.repository)


def _by_folder(paths: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        if is_configuration(name):
            found.setdefault(folder or ".", []).append(path)
    return found


class HistoryFiles(RepositoryFiles):
    """The same over many refs: trees and blobs are read once, by id, through one open process."""

    def __init__(self, repository: GitRepository, name: str) -> None:
        super().__init__(repository, name)
        self._trees: dict[str, Mapping[str, tuple[str, str]]] = {}
        self._contents: dict[str, bytes] = {}
        self._packages: dict[tuple[str, str], Package | None] = {}

    @cached_property
    def _git(self) -> "Git":
        from git.cmd import Git

        return Git(str(self.repository.root))

    def close(self) -> None:
        """End the open process."""
        self._git.clear_cache()

    def package(self, ref: str | None, folder: str) -> Package | None:
        """As for a single ref; equal trees of the whole repository give the same package again."""
        if ref is None:
            return super().package(ref, folder)
        root = self._object(f"{ref}^{{tree}}")
        key = (root, folder)
        if key not in self._packages:
            self._packages[key] = self._read(root, folder)
        return self._packages[key]

    def _read(self, root: str, folder: str) -> Package | None:
        blobs: dict[str, str] = {}

        def read(wanted: str) -> Mapping[str, bytes]:
            files = {}
            for name, (mode, blob) in self._entries(root, wanted).items():
                if is_configuration(name) and mode != TREE_MODE and mode not in LINK_MODES:
                    path = name if wanted == "." else f"{wanted}/{name}"
                    blobs[path] = blob
                    files[path] = self._content(blob)
            return files

        if not read(folder):
            return None
        return read_package(folder, read, self._reader, blobs)

    def _entries(self, root: str, folder: str) -> Mapping[str, tuple[str, str]]:
        tree = root
        for part in () if folder == "." else posixpath.normpath(folder).split("/"):
            mode, inner = self._tree(tree).get(part, ("", ""))
            if mode != TREE_MODE:
                return {}
            tree = inner
        return self._tree(tree)

    def _tree(self, oid: str) -> Mapping[str, tuple[str, str]]:
        """Name → (mode, id) of a tree object; its format is `<mode> <name>\\0<raw id>` one after another."""
        if oid not in self._trees:
            data = self._data(oid)
            size = len(oid) // 2
            found = {}
            at = 0
            while at < len(data):
                end = data.index(b"\0", at)
                mode, _, name = data[at:end].partition(b" ")
                found[name.decode(errors="surrogateescape")] = (mode.decode(), data[end + 1 : end + 1 + size].hex())
                at = end + 1 + size
            self._trees[oid] = found
        return self._trees[oid]

    def _content(self, blob: str) -> bytes:
        if blob not in self._contents:
            self._contents[blob] = self._data(blob)
        return self._contents[blob]

    def _object(self, name: str) -> str:
        try:
            oid, _, size = self._git.get_object_header(name)
        except ValueError as error:
            raise UsageError(f"{name!r} names nothing here.", remedy="git fetch --tags") from error
        assert size >= 0
        return _text(oid)

    def _data(self, oid: str) -> bytes:
        try:
            return bytes(self._git.get_object_data(oid)[3])
        except ValueError as error:
            raise RefusedError(
                f"Object {oid} is missing: this is a shallow or partial clone.", remedy="git fetch --unshallow --tags"
            ) from error


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value

"""The files of a release and of its candidate, exchanged in one place so that state and paths stay the same.

What a user gets of the module (its shipped closure) is exchanged; the example, and what it calls besides the
module, stays as it was released: a change of another module is not this module's doing.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.domain.module import Files, ModuleGraph, discover
from pipeline.domain.parts import Part
from pipeline.domain.settings import ModuleSettings
from pipeline.errors import UndecidedError
from pipeline.ports import Tree

LOCK = ".terraform.lock.hcl"


@dataclass(frozen=True, kw_only=True)
class UpgradeFiles:
    """`wanted` are the paths of the release's tested closure, `old` and `new` those of what users get."""

    released: Files
    path: str
    wanted: frozenset[str]
    old: tuple[str, ...]
    new: tuple[str, ...]


FilesOf = Callable[[Files, Part], UpgradeFiles]
"""(the candidate's tree, an upgrade part) → the files of both."""


def files_of_releases(tree_at: Callable[[str], Tree], settings: ModuleSettings, name: str) -> FilesOf:
    """Reads a release at the part's base with `tree_at`; `name` is what a root module is called."""

    def graph(files: Files) -> ModuleGraph:
        return discover(files, patterns=settings.paths, exclude=settings.exclude, root_name=name)

    def files_of(candidate: Files, part: Part) -> UpgradeFiles:
        tree = tree_at(part.base)
        load = getattr(tree, "load", None) or (lambda _: None)
        old = graph(Files(paths=tree.paths(), read=tree.read, mode=tree.mode, load=load))
        new = graph(candidate)
        if part.module not in old.modules:
            raise UndecidedError(f"{part.base} holds no module {part.module}.", remedy="modferry modules")
        before = old.modules[part.module]
        return UpgradeFiles(
            released=old.files,
            path=before.path,
            wanted=frozenset(path for folder in old.tested(before) for path in old.folders[folder]),
            old=old.shipped_files(before),
            new=new.shipped_files(new.modules[part.module]),
        )

    return files_of


@dataclass(kw_only=True)
class Place:
    """One folder with a tree in it: the release's, or the candidate's module under the release's example."""

    root: Path
    candidate: Path
    files: UpgradeFiles
    example: str
    _lock: bytes | None = field(default=None, repr=False)
    _was_up: bool = False

    @property
    def folder(self) -> Path:
        """Where Terraform runs."""
        return self.root / self.files.path / self.example

    def set_up(self) -> None:
        """Write the release."""
        from pipeline.adapters.harness.bench import copy_tree

        copy_tree(self.files.released, set(self.files.wanted), self.root)

    def put_candidate(self) -> None:
        """The candidate's module in place of the release's; the release's lock file is remembered."""
        if not self._was_up:
            lock = self.folder / LOCK
            self._lock = lock.read_bytes() if lock.exists() else None
            self._was_up = True
        self._remove(self.files.old)
        for path in self.files.new:
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.candidate / path, target, follow_symlinks=False)

    def put_release(self) -> None:
        """The release's module back in place, with its lock file."""
        from pipeline.adapters.harness.bench import copy_tree

        self._remove(self.files.new)
        self._remove(self.files.old)
        copy_tree(self.files.released, set(self.files.old), self.root)
        lock = self.folder / LOCK
        lock.unlink(missing_ok=True)
        if self._lock is not None:
            lock.write_bytes(self._lock)

    def _remove(self, paths: tuple[str, ...]) -> None:
        for path in paths:
            (self.root / path).unlink(missing_ok=True)

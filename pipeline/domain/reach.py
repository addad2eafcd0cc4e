"""Which files of a commit one stack can need: a part of the tree that does for the whole.

Left out are the folders of other stacks and of modules, unless this stack's text leads there (see ways_up), directly,
through other modules or through links. Where it may lead anywhere, everything is taken: never a guess towards less.
"""

import posixpath
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property

from pipeline.domain.module import Files, matches
from pipeline.domain.ways_up import Base, Way, find_ways

LINK = "120000"
HOPS = 40
"""Links that Linux follows in one path before it gives up (path_resolution(7))."""
RESERVED = "verify"
"""A folder of an environment that holds its verification, not a stack."""


@dataclass(kw_only=True)
class Estate:
    """The tree of one commit, sorted: `folder`/<environment>/<stack> are stacks, `modules` globs of module folders.

    Asked for stack after stack it stays linear: what all stacks get is found once, a file's text is scanned once.
    """

    files: Files
    folder: str
    modules: Sequence[str]
    _ways: dict[tuple[str, str], tuple[Way, ...] | None] = field(default_factory=dict, repr=False)

    @cached_property
    def shared(self) -> frozenset[str]:
        """The files that every stack gets: in no stack's and no module's folder."""
        apart: dict[str, bool] = {"": False}
        return frozenset(path for path in self.files.paths if not self._is_apart(posixpath.dirname(path), apart))

    @cached_property
    def links(self) -> AbstractSet[str]:
        """The symbolic links of the tree."""
        return frozenset(path for path in self.files.paths if self.files.mode(path) == LINK)

    def below(self, folder: str) -> Sequence[str]:
        """All files below a folder."""
        paths = self.files.paths
        return paths[bisect_left(paths, f"{folder}/") : bisect_left(paths, f"{folder}0")]  # "0" follows "/"

    def has(self, path: str) -> bool:
        """Whether there is such a file or link."""
        at = bisect_left(self.files.paths, path)
        return at < len(self.files.paths) and self.files.paths[at] == path

    def ways(self, path: str, known_as: str) -> tuple[Way, ...] | None:
        """The ways up in a file of the tree that Terraform may meet under another name (a link's)."""
        key = (path, posixpath.basename(known_as))
        if key not in self._ways:
            self._ways[key] = find_ways(key[1], self.files.read(path))
        return self._ways[key]

    def _is_apart(self, folder: str, known: dict[str, bool]) -> bool:
        """Whether a folder is a stack's or a module's, or lies in one."""
        if folder not in known:
            known[folder] = self._is_apart(posixpath.dirname(folder), known) or (
                folder in self._configured and (self._is_stack(folder) or any(matches(folder, p) for p in self.modules))
            )
        return known[folder]

    def _is_stack(self, folder: str) -> bool:
        parts = folder.split("/")
        return folder.startswith(f"{self.folder}/") and parts[-1] != RESERVED and len(parts) == self._depth

    @cached_property
    def _depth(self) -> int:
        return self.folder.count("/") + 3

    @cached_property
    def _configured(self) -> AbstractSet[str]:
        """The folders with Terraform configuration."""
        return frozenset(posixpath.dirname(p) for p in self.files.paths if p.endswith((".tf", ".tf.json")))


class AnywhereError(Exception):
    """The stack's text may lead to any file."""


def reach(estate: Estate, stack: str, own: Mapping[str, bytes]) -> frozenset[str] | None:
    """The files that the stack in this folder needs beside the shared ones; None: it may need any.

    `own` are files that will lie in its folder (by path below it) instead of, or beside, those of the commit.
    """
    walk = _Walk(estate=estate, stack=stack)
    try:
        todo = [(stack, stack)]
        for name, data in own.items():
            path = posixpath.normpath(f"{stack}/{name}")
            if path not in estate.links:  # the link stays, and leads where it led
                todo += walk.targets(find_ways(path, data), {posixpath.dirname(path)})
        walk.take(todo)
    except AnywhereError:
        return None
    return frozenset(walk.found)


@dataclass(kw_only=True)
class _Walk:
    """One stack's way through the tree."""

    estate: Estate
    stack: str
    found: set[str] = field(default_factory=set)

    def take(self, todo: list[tuple[str, str]]) -> None:
        """Take files, or all of folders, and where they lead: (path, the path as it was written, which may lead through
        a link: what is relative to a file may be meant from either)."""
        seen: set[tuple[str, str]] = set()
        while todo:
            here, written = todo.pop()
            if (here, written) in seen:
                continue
            seen.add((here, written))
            files = [here] if self.estate.has(here) else self.estate.below(here)
            self.found.update(files)
            links = [f for f in files if f in self.estate.links]
            self.estate.files.load(files)
            for file in (f for f in files if f not in self.estate.links):
                names = {file, written + file[len(here) :]}
                folders = {posixpath.dirname(name) for name in names}
                for name in names:
                    todo += self.targets(self.estate.ways(file, name), folders)
            for link in links:
                if here != written:
                    raise AnywhereError  # a link within what a link leads to: too many ways to write one path
                todo.append((self._follow(self._target(link)), link))

    def targets(self, ways: tuple[Way, ...] | None, folders: set[str]) -> list[tuple[str, str]]:
        """Where a text leads that lies in these folders."""
        if ways is None:
            raise AnywhereError
        return [(self._follow(written), written) for way in ways for written in self._meant(way, folders)]

    def _meant(self, way: Way, folders: set[str]) -> set[str]:
        """The paths that a way can mean. What is read by a function is meant from the stack's folder, where Terraform
        works; the file's own folder is tried too, and does not count where it leads out of the tree."""
        if way.base is Base.ROOT:
            return {_joined(self.stack, way)}
        meant = {_joined(folder, way) for folder in folders}
        if way.base is Base.WORKING:
            return {_joined(self.stack, way)} | {path for path in meant if not _is_outside(path)}
        return meant

    def _follow(self, path: str) -> str:
        """Where a path leads when its links are followed; they are taken."""
        for _ in range(HOPS):
            if _is_outside(path):
                raise AnywhereError
            parts = path.split("/")
            heads = ("/".join(parts[:count]) for count in range(1, len(parts) + 1))
            link = next((head for head in heads if head in self.estate.links), None)
            if link is None:
                return path
            self.found.add(link)
            path = self._target(link) + path[len(link) :]
        raise AnywhereError

    def _target(self, link: str) -> str:
        """What a link names; no further link is followed."""
        self.estate.files.load([link])
        text = self.estate.files.read(link).decode(errors="surrogateescape")
        if text.startswith("/") or ".." in text.lstrip("./").split("/"):
            raise AnywhereError
        return posixpath.normpath(posixpath.join(posixpath.dirname(link), text))


def _joined(folder: str, way: Way) -> str:
    return posixpath.normpath(posixpath.join(folder, way.path))


def _is_outside(path: str) -> bool:
    """Whether a path is not in the tree, or all of it."""
    return path in (".", "..") or path.startswith("../")

"""Modules, what they call, and the digests of their closures.

A module is a folder with .tf files. Its *shipped* closure is what a user gets: the module and the local
modules that it calls, without tests, examples and documents. Its *tested* closure also holds the tests, the
examples and what those call. A digest is the sha256 over (path, mode, sha256 of the bytes) of each file of a
closure, in order; CHANGELOG.md of the modules is left out, because the release writes it and the tested
digest must be the tagged one.
"""

import fnmatch
import posixpath
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from hashlib import sha256

from pipeline.domain.git_tree import tree_id
from pipeline.errors import UsageError

ROOT = "."
"""The path of a root module: the repository itself."""

_SOURCE = re.compile(rb'^\s*"?source"?\s*[=:]\s*"(\.{1,2}/[^"]*|\.{1,2})"', re.MULTILINE)
"""A local source, in HCL or JSON. Other blocks may have such a line too (a template's `source`): the closure
then holds more than it must, never less."""


@dataclass(frozen=True, kw_only=True)
class Module:
    """A module; `calls` are the paths of local modules that its own files call, `tested` what its examples
    and tests call besides."""

    name: str
    path: str
    calls: tuple[str, ...] = ()
    tested: tuple[str, ...] = ()

    @property
    def is_root(self) -> bool:
        """Whether the repository itself is the module."""
        return self.path == ROOT


@dataclass(frozen=True, kw_only=True)
class Files:
    """What discovery needs of a tree: its sorted paths, and how to read one."""

    paths: Sequence[str]
    read: Callable[[str], bytes]
    mode: Callable[[str], str]
    load: Callable[[Sequence[str]], None] = field(default=lambda _: None)


@dataclass(frozen=True, kw_only=True)
class ModuleGraph:
    """All modules of a tree by name, and every folder that some module calls (`helpers` too) by path."""

    modules: Mapping[str, Module]
    calls: Mapping[str, tuple[str, ...]]
    folders: Mapping[str, tuple[str, ...]]
    files: Files
    _lines: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    """Path → its line in a digest: closures share most of their files."""

    def find(self, name: str) -> Module:
        """A module by name or path; raises UsageError with the names there are."""
        clean = posixpath.normpath(name)
        for module in self.modules.values():
            if name == module.name or clean == module.path:
                return module
        known = ", ".join(sorted(self.modules)) or "none: no folder with .tf files is in modules.paths"
        raise UsageError(f"There is no module {name!r}.", remedy=f"use one of {known}")

    def shipped(self, module: Module) -> tuple[str, ...]:
        """Paths of the folders of the shipped closure, the module's own first."""
        return self._reach([module.path])

    def tested(self, module: Module) -> tuple[str, ...]:
        """Paths of the folders of the tested closure, the module's own first."""
        return self._reach([module.path, *module.tested])

    def closure(self, module: Module) -> tuple[str, ...]:
        """Names of the modules in the shipped closure (folders that are no module by their path)."""
        by_path = {m.path: m.name for m in self.modules.values()}
        return tuple(by_path.get(path, path) for path in self.shipped(module))

    def dependants(self, names: Iterable[str]) -> tuple[str, ...]:
        """Every module whose tested closure holds one of these, in dependency order."""
        wanted = {self.modules[name].path for name in names}
        return tuple(n for n in self.order() if wanted & set(self.tested(self.modules[n])))

    def order(self) -> tuple[str, ...]:
        """Module names, called before caller."""
        by_path = {m.path: m.name for m in self.modules.values()}
        graph = {
            m.name: {by_path[p] for p in self.shipped(m)[1:] if p in by_path and by_path[p] != m.name}
            for m in self.modules.values()
        }
        return tuple(TopologicalSorter({n: sorted(graph[n]) for n in sorted(graph)}).static_order())

    def digest(self, module: Module) -> str:
        """`sha256:…` of the tested closure."""
        return self._digest(module, self.tested_files(module))

    def tested_tree(self, module: Module) -> str:
        """The git tree (in-toto's `gitTree`) of exactly the files that `digest` is about."""
        paths = sorted(set(self.tested_files(module)))
        self.files.load(paths)
        return tree_id((path, self.files.mode(path), self.files.read(path)) for path in paths)

    def tested_files(self, module: Module) -> tuple[str, ...]:
        """Files of the tested closure, without the changelogs that a release writes."""
        folders = self.tested(module)
        return tuple(path for folder in folders for path in self.folders[folder] if not _is_changelog(path, folder))

    def shipped_digest(self, module: Module) -> str:
        """`sha256:…` of what users get."""
        return self._digest(module, self.shipped_files(module))

    def shipped_files(self, module: Module) -> tuple[str, ...]:
        """Files of the shipped closure: no tests, examples or documents."""
        return tuple(
            path
            for folder in self.shipped(module)
            for path in self.folders[folder]
            if not _is_only_for_us(path[len(folder) + 1 :] if folder != ROOT else path)
        )

    def _reach(self, starts: Sequence[str]) -> tuple[str, ...]:
        seen: dict[str, None] = {}
        queue = list(starts)
        while queue:
            path = queue.pop(0)
            if path not in seen:
                seen[path] = None
                queue += self.calls.get(path, ())
        return tuple(seen)

    def _digest(self, module: Module, paths: Iterable[str]) -> str:
        """The module's own path is part of it: two modules may share all their files (one tests the other)."""
        wanted = sorted(set(paths))
        new = [path for path in wanted if path not in self._lines]
        self.files.load(new)
        for path in new:
            content = sha256(self.files.read(path)).hexdigest()
            self._lines[path] = f"{self.files.mode(path)} {content}\t{path}\0".encode()
        total = sha256(f"{module.path}\0".encode())
        for path in wanted:
            total.update(self._lines[path])
        return "sha256:" + total.hexdigest()


def discover(files: Files, *, patterns: Sequence[str], exclude: Sequence[str], root_name: str) -> ModuleGraph:
    """Find the modules of a tree and what calls what.

    Raises UsageError for two modules of one name, and for a circle of calls, which Terraform cannot load.
    """
    folders = _folders(files.paths)
    candidates = [f for f in folders if f == ROOT or any(matches(f, p) for p in patterns)]
    found = [f for f in candidates if not any(matches(f, p) for p in exclude)]
    files.load([p for f in folders for p in folders[f] if _is_code(p)])
    calls = {f: _calls(files, folders[f], f, folders) for f in folders}
    modules: dict[str, Module] = {}
    in_order, own = sorted(folders), sorted(found)
    owned = {f: _below(files.paths, f, own) for f in found}
    for path in found:
        name = root_name if path == ROOT else posixpath.basename(path)
        if name in modules:
            raise UsageError(
                f"{modules[name].path} and {path} are both called {name}: tags could not tell them apart.",
                remedy="rename one, or leave one out with modules.exclude in modferry.toml",
            )
        inside = [f for f in _inside(in_order, path) if _is_test(f, path)]
        tested = {c for f in inside for c in (f, *calls[f])} | set(_test_calls(files, owned[path], path, folders))
        modules[name] = Module(name=name, path=path, calls=calls[path], tested=tuple(sorted(tested - {path})))
    graph = ModuleGraph(
        modules=modules,
        calls=calls,
        folders={**{f: folders[f] for f in folders}, **{p: owned[p] for p in found}},
        files=files,
    )
    _check_circle(calls)
    return graph


def matches(folder: str, pattern: str) -> bool:
    """Whether a path matches a glob part by part: `modules/*` is not `modules/vpc/examples`."""
    parts, wanted = folder.split("/"), pattern.strip("/").split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def _folders(paths: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Folder → its own files, for every folder with Terraform configuration."""
    found: dict[str, list[str]] = {}
    for path in paths:
        found.setdefault(posixpath.dirname(path) or ROOT, []).append(path)
    return {f: tuple(ps) for f, ps in found.items() if any(p.endswith((".tf", ".tf.json")) for p in ps)}


def _below(paths: Sequence[str], folder: str, modules: Sequence[str]) -> tuple[str, ...]:
    """All files of a module's folder, but not those of modules inside it; of a root module, its own top level
    files and folders of tests and examples."""
    if folder == ROOT:
        return tuple(p for p in paths if "/" not in p or p.split("/")[0] in ("tests", "examples", "templates", "files"))
    inner = tuple(m + "/" for m in _inside(modules, folder))
    below = paths[bisect_left(paths, folder + "/") : bisect_left(paths, folder + "0")]  # "0" follows "/" in ASCII
    return tuple(p for p in below if not p.startswith(inner)) if inner else tuple(below)


def _inside(folders: Sequence[str], path: str) -> Sequence[str]:
    """The sorted folders that lie below a path, but not the path itself."""
    if path == ROOT:
        return [f for f in folders if f != ROOT]
    return folders[bisect_left(folders, path + "/") : bisect_left(folders, path + "0")]  # as in _below


def _calls(files: Files, paths: Iterable[str], folder: str, known: Mapping[str, object]) -> tuple[str, ...]:
    """Known folders that the configuration files in `paths` name as local sources."""
    found: dict[str, None] = {}
    for path in paths:
        if _is_code(path):
            for source in _SOURCE.findall(files.read(path)):
                target = posixpath.normpath(posixpath.join(folder, source.decode(errors="replace")))
                if target in known and target != folder:
                    found[target] = None
    return tuple(found)


def _test_calls(files: Files, paths: Iterable[str], folder: str, known: Mapping[str, object]) -> tuple[str, ...]:
    """What `*.tftest.hcl` files call: their sources are relative to the module's folder."""
    tests = [p for p in paths if p.endswith((".tftest.hcl", ".tftest.json"))]
    return _calls(files, tests, folder, known)


def _is_code(path: str) -> bool:
    return path.endswith((".tf", ".tf.json", ".tftest.hcl", ".tftest.json"))


def _is_test(folder: str, module: str) -> bool:
    first = (folder if module == ROOT else folder[len(module) + 1 :]).split("/")[0]
    return first in ("tests", "examples")


def _is_changelog(path: str, folder: str) -> bool:
    return path == ("CHANGELOG.md" if folder == ROOT else f"{folder}/CHANGELOG.md")


def _is_only_for_us(path: str) -> bool:
    first = path.split("/", maxsplit=1)[0]
    return first in ("tests", "examples") or (first == path and path.lower().endswith((".md", ".tftest.hcl")))


def _check_circle(calls: Mapping[str, tuple[str, ...]]) -> None:
    try:
        TopologicalSorter(calls).prepare()
    except CycleError as error:
        raise UsageError(
            f"Modules call each other in a circle: {' → '.join(reversed(error.args[1]))}.",
            remedy="take one of these calls out; Terraform cannot load a module that calls itself",
        ) from error

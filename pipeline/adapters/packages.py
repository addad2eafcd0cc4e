"""Modules of our own repository, put where `terraform init` would fetch them to, with Terraform's record of them.

Promise: what is put there are the files of the commit that the pinned tag names on origin, as this run saw it, never of
a local tag. Whatever else may be meant, or may turn out differently than a clone, is left to Terraform, which fetches
what it finds no fitting record of. Nothing outside the stack's `.terraform` is touched. Source of the record:
Terraform's internal/modsdir and the ModuleInstaller of internal/initwd.
"""

import json
import os
import posixpath
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from pipeline.adapters.checkouts import Checkout
from pipeline.adapters.installed import FETCHED
from pipeline.adapters.trees import CommitTree
from pipeline.adapters.worktree import OriginMain
from pipeline.domain.pins import Pin, find_pins, repository_identity
from pipeline.domain.promotion.work import Job
from pipeline.domain.ways_up import CODE
from pipeline.errors import ModferryError

AS_A_CLONE = ("core.autocrlf=false", "core.eol=lf", "core.symlinks=true", "core.attributesFile=/dev/null")
"""What the user set for this clone is not what a fresh one would have."""

_CALL = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_REF = re.compile(r"(?![0-9a-f]{40}$|[0-9a-f]{64}$)\w[\w./-]*", re.ASCII)
_FOLDER = re.compile(r"[\w.-]+(?:/[\w.-]+)*", re.ASCII)
_URL = re.compile(r"git::[a-z+]+://[\w.:@/~-]+", re.ASCII)
_SCP = re.compile(r"(?:git::)?(git@[\w.-]+):([\w~-][\w./~-]*)", re.ASCII)
_HUB = re.compile(r"github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?", re.ASCII)
_FILTER = re.compile(rb"\bfilter\b")
_OWN_GIT = re.compile(rb'[/"]\.git[/"]')


@dataclass(kw_only=True)
class Packages:
    """Packages for stacks of one run. `source` is our address in sources, `fetched_from` where Terraform would go for
    it, `scratch` a folder of its own. Not thread-safe, and neither is the trunk while it works."""

    trunk: OriginMain
    source: str
    fetched_from: str
    scratch: Path
    _checkouts: dict[str, Checkout | None] = field(default_factory=dict, repr=False)
    _placed: dict[Path, Mapping[str, str]] = field(default_factory=dict, repr=False)

    def place(self, job: Job, folder: Path) -> Mapping[str, str]:
        """Put what the job's files pin below the stack's `folder`; tag → the commit whose files are there for it."""
        made = folder / ".terraform"
        if os.path.lexists(made):  # a second init of this job: what lies there stays, as Terraform lets it stay
            return self._placed.get(folder, {})
        self._placed.pop(folder, None)
        try:
            self._placed[folder] = self._place(job, folder)
        except (ModferryError, OSError):
            shutil.rmtree(made, ignore_errors=True)
        return self._placed.get(folder, {})

    def _place(self, job: Job, folder: Path) -> Mapping[str, str]:
        calls: dict[str, tuple[Pin, str]] = {}
        for pin in find_pins(job.files, self.source):
            source = recorded_source(job.files[pin.file][slice(*pin.whole)].decode(errors="replace"), pin)
            if source and pin.ref != self.trunk.branch:
                calls[pin.call] = pin, source
        if not calls or not self._is_plain:
            return {}
        tags = self.trunk.seen_tags(sorted({pin.ref for pin, _ in calls.values()}))
        records, taken = [], {}
        for call, (pin, source) in calls.items():
            commit = tags.get(pin.ref)
            if commit and self._write(job, commit, pin.folder, folder / FETCHED / call):
                records.append({"Key": call, "Source": source, "Dir": f"{FETCHED}/{call}/{pin.folder}"})
                taken[pin.ref] = commit
        if records:
            (folder / FETCHED / "modules.json").write_text(json.dumps({"Modules": records}))
        return taken

    def _write(self, job: Job, commit: str, module: str, into: Path) -> bool:
        """Write the package as far as it can be needed; whether it was."""
        checkout = self._checkout(commit)
        needed = self.trunk.reach(commit, module) if checkout else None
        if checkout is None or needed is None or not any(path.startswith(f"{module}/") for path in needed):
            return False
        tree = self.trunk.tree(commit)
        if any(_OWN_GIT.search(tree.read(path)) for path in needed if path.endswith(CODE)):
            return False
        stack = self.trunk.reach(job.commit, f"{self.trunk.folder}/{job.name}", job.files)
        into.mkdir(parents=True)
        checkout.write(into, None if stack is None else needed)
        return True

    def _checkout(self, commit: str) -> Checkout | None:
        """The commit, where git writes the same files as for whoever clones it."""
        if commit not in self._checkouts:
            index = self.scratch / f"{commit}.index"
            whole = _is_whole(self.trunk.tree(commit))
            self._checkouts[commit] = Checkout(self.trunk.repository, commit, index, AS_A_CLONE) if whole else None
        return self._checkouts[commit]

    @cached_property
    def _is_plain(self) -> bool:
        """Whether Terraform would go to origin, objects are what they are called, and attributes are the tree's."""
        repository = self.trunk.repository
        origin = repository.config(f"remote.{repository.remote()}.url") or ""
        if repository_identity(self.fetched_from) != repository_identity(origin):
            return False
        replaced = repository.git("for-each-ref", "--count=1", "refs/replace/")
        return not replaced and not (repository.common_dir / "info" / "attributes").exists()


def recorded_source(text: str, pin: Pin) -> str:
    """A pin's source as Terraform writes it into its record; empty where that is not known for certain."""
    address = text.removesuffix(f"//{pin.folder}?ref={pin.ref}")
    names = {_CALL: pin.call, _REF: pin.ref, _FOLDER: pin.folder}
    if not all(pattern.fullmatch(name) for pattern, name in names.items()):
        return ""
    if posixpath.normpath(f"/{pin.folder}") != f"/{pin.folder}":
        return ""
    if _URL.fullmatch(address):
        return text
    asked = f"//{pin.folder}?ref={quote(pin.ref, safe='')}"
    if scp := _SCP.fullmatch(address):
        return f"git::ssh://{scp[1]}/{scp[2]}{asked}"
    hub = _HUB.fullmatch(address)
    return f"git::https://github.com/{hub[1]}.git//{pin.folder}?ref={pin.ref}" if hub else ""


def _is_whole(tree: CommitTree) -> bool:
    """Whether everything that a clone has is in the tree: no submodules, nothing that a filter (Git LFS) brings."""
    paths = [path for path in tree.paths() if posixpath.basename(path) in (".gitattributes", ".gitmodules")]
    tree.load(paths)
    filtered = any(_FILTER.search(tree.read(path)) for path in paths)
    return not filtered and not tree.has_submodules() and ".gitmodules" not in paths

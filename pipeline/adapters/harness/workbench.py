"""The bench of this machine: opened for one run, it starts the emulator and the warm provider, and ends both.

What a run is about to create is journalled by where it works: a folder under the user's cache that is named
by the run's mark (pid and start time), with the target in it. A run that died leaves it; `sweep` (the next
run, or `modferry sandbox sweep`) ends its processes, destroys what its states hold, and removes it.
"""

import fnmatch
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from pipeline.adapters.harness.bench import Bench, Leaks, Target, copy_tree
from pipeline.adapters.harness.static import PlanPolicy, ReadmeCheck
from pipeline.adapters.harness.upgrade_files import FilesOf
from pipeline.adapters.processes import end_children, end_orphans, is_alive, run_mark
from pipeline.adapters.terraform import Attach
from pipeline.adapters.toolchain import Toolchain, xdg
from pipeline.adapters.warm import WarmProvider, types_in
from pipeline.domain.evidence import Tools
from pipeline.domain.module import Files
from pipeline.ports import RunPart

StartTarget = Callable[[Path], "EndingTarget"]
"""Start (or connect to) a target, with a scratch folder for its log."""


class EndingTarget(Target, Protocol):
    """A target that is ended when the run ends."""

    def end(self) -> None:
        """End what was started for it."""


@dataclass(kw_only=True)
class LocalBench:
    """See ports.Workbench. `cold`: stock Terraform; else `open_warm` says what Terraform is attached to."""

    target: str
    tools: Tools
    jobs: int
    toolchain: Callable[[Path], Toolchain]
    start: StartTarget
    environ: Mapping[str, str]
    region: str
    seconds: float
    cold: bool
    open_warm: Callable[[Toolchain, Path], WarmProvider | None]
    policy: PlanPolicy | None = None
    readme: ReadmeCheck | None = None
    leaks: Leaks | None = None
    stateful: tuple[str, ...] = ()
    files_of: FilesOf | None = None
    stats: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def open(self, files: Files, wanted: frozenset[str]) -> Iterator[RunPart]:
        """Copy the tree, start what is needed, and end all of it."""
        with run_folder(self.environ, self.target) as scratch, ExitStack() as stack:
            copy_tree(files, set(wanted), scratch / "tree")
            toolchain = self.toolchain(scratch)
            target = self.start(scratch)
            stack.callback(target.end)
            warm = None if self.cold else self.open_warm(toolchain, scratch)
            if warm:
                stack.callback(warm.end)
            bench = Bench(
                target=target,
                terraform=toolchain.terraform,
                tool_env=toolchain.environment(),
                attach_for=attach_to(warm) if warm else None,
                forget=warm.forget if warm else lambda _: None,
                scratch=scratch,
                tree=scratch / "tree",
                region=self.region,
                seconds=self.seconds,
                policy=self.policy,
                readme=self.readme,
                leaks=self.leaks,
                stateful=self.stateful,
                files_of=partial(self.files_of, files) if self.files_of else None,
                relay_lives=warm.is_alive if warm else lambda: True,
                notes=self.notes,
            )
            try:
                yield bench.run
            except KeyboardInterrupt:  # a second Ctrl-C: what the lanes still run ends now
                end_children()
                raise
            if warm and warm.is_alive():
                self.stats.update(warm.stats())


def attach_to(warm: WarmProvider) -> Callable[[Mapping[str, str]], Attach]:
    """AWS environment → (working directory, whole schema?) → what attaches Terraform to the warm provider."""

    def attach_for(aws: Mapping[str, str]) -> Attach:
        def attach(workdir: Path, whole: bool) -> Mapping[str, str]:
            return warm.environment(aws, None if whole else types_in(workdir))

        return attach

    return attach_for


def runs_folder(environ: Mapping[str, str]) -> Path:
    """Where runs work: `modferry/runs` in the user's cache."""
    return xdg("XDG_CACHE_HOME", ".cache", environ) / "runs"


@contextmanager
def run_folder(environ: Mapping[str, str], target: str) -> Iterator[Path]:
    """A folder for this run; removed at its end unless a real account still holds something of it."""
    sweep(environ)
    folder = runs_folder(environ) / f"{run_mark()}-{os.urandom(3).hex()}"
    folder.mkdir(parents=True, mode=0o700)
    (folder / "run.json").write_text(json.dumps({"target": target}))
    try:
        yield folder
    finally:
        if not _must_stay(folder):
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What a sweep ended (pids), removed (folders), and could not destroy (folders with state)."""

    ended: tuple[int, ...]
    removed: tuple[Path, ...]
    left: tuple[Path, ...]


def sweep(environ: Mapping[str, str]) -> Swept:
    """End and remove what dead runs left. Folders of real accounts with state stay, and are named."""
    ended = tuple(end_orphans())
    removed, left = [], []
    for folder in sorted(runs_folder(environ).glob("*")):
        mark = folder.name.rpartition("-")[0]
        if is_alive(mark):
            continue
        if _must_stay(folder):
            left.append(folder)
            continue
        shutil.rmtree(folder, ignore_errors=True)
        removed.append(folder)
    return Swept(ended=ended, removed=tuple(removed), left=tuple(left))


def list_runs(environ: Mapping[str, str]) -> list[tuple[Path, str, bool, bool]]:
    """(folder, target, whether its run is alive, whether a state in it holds resources) of every run's folder."""
    return [
        (
            folder,
            _target_of(folder),
            is_alive(folder.name.rpartition("-")[0]),
            any(_holds(state) for state in _files(folder, "terraform.tfstate")),
        )
        for folder in sorted(runs_folder(environ).glob("*"))
    ]


def _must_stay(folder: Path) -> bool:
    """Whether a state is only here: of real resources that tests made, or one that Terraform could not upload."""
    target = _target_of(folder)
    if target == "promotion":
        return any(_files(folder, "errored.tfstate"))
    return target == "account" and any(_holds(state) for state in _files(folder, "*.tfstate"))


def _files(folder: Path, pattern: str) -> Iterator[Path]:
    """Files by name; what a lane that is ending removes meanwhile is not there, what cannot be read is an error."""

    def missing(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    for where, _, names in os.walk(folder, onerror=missing):
        yield from (Path(where, name) for name in fnmatch.filter(names, pattern))


def _target_of(folder: Path) -> str:
    try:
        record: dict[str, Any] = json.loads((folder / "run.json").read_text())
    except (OSError, ValueError):
        return ""
    return str(record.get("target", ""))


def _holds(state: Path) -> bool:
    try:
        return bool(json.loads(state.read_text()).get("resources"))
    except (OSError, ValueError):
        return True

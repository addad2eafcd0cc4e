"""The bench of this machine: opened for one run, it starts the emulator and the warm provider, and ends both."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from pipeline.adapters.harness.bench import Bench, Leaks, Target, copy_tree
from pipeline.adapters.harness.run_folders import run_folder
from pipeline.adapters.harness.static import PlanPolicy, ReadmeCheck
from pipeline.adapters.harness.upgrade_files import FilesOf
from pipeline.adapters.processes import end_children
from pipeline.adapters.toolchain import Toolchain
from pipeline.adapters.warm import WarmProvider
from pipeline.adapters.warm.attach import attach_to
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
            if self.leaks:  # while the emulator starts, which keeps one processor busy
                threading.Thread(target=self.leaks.begin, daemon=True).start()
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
            stack.callback(bench.tests.end)
            try:
                yield bench.run
            except KeyboardInterrupt:  # a second Ctrl-C: what the lanes still run ends now
                bench.tests.end()
                end_children()
                raise
            bench.close()
            if warm and warm.is_alive():
                self.stats.update(warm.stats())

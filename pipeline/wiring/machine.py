"""This machine: emulators, the demo's stage, what is missing, what dead runs left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from pipeline.adapters.stage import DemoStage
    from pipeline.adapters.toolchain import Finding
    from pipeline.commands.project import Project
    from pipeline.commands.sandbox import Run, Swept


def open_stage(
    project: Project, environ: Mapping[str, str], *, keep: Path | None, cold: bool, say: Callable[[str], None]
) -> DemoStage:
    """The demo's stage for this repository."""
    from pipeline.adapters.stage import DemoStage

    return DemoStage(project.repository.root, project.settings, environ=environ, keep=keep, cold=cold, say=say)


def emulators() -> ModuleType:
    """Emulators that outlive a command: `start`, `stop`, `status` by name."""
    from pipeline.adapters.emulators import detached

    return detached


def install_emulator(environ: Mapping[str, str], say: Callable[[str], None]) -> Path:
    """Install LocalStack into its own environment."""
    from pipeline.adapters.emulators.localstack_install import install_localstack

    return install_localstack(environ, on_line=say)


def diagnose(environ: Mapping[str, str]) -> list[Finding]:
    """What modferry needs on this machine, and what it found."""
    import tempfile

    from pipeline.adapters import toolchain

    with tempfile.TemporaryDirectory(prefix="modferry-") as scratch:
        return toolchain.diagnose(environ, scratch=Path(scratch))


def sweep_test_runs(environ: Mapping[str, str]) -> Swept:
    """End and remove what dead test runs left on this machine."""
    from pipeline.adapters.harness.run_folders import sweep

    return sweep(environ)


def list_test_runs(environ: Mapping[str, str]) -> Sequence[Run]:
    """The folders of test runs on this machine."""
    from pipeline.adapters.harness import run_folders
    from pipeline.commands.sandbox import Run

    return [
        Run(folder=folder, target=target, alive=alive, holds=holds)
        for folder, target, alive, holds in run_folders.list_runs(environ)
    ]

"""Settings → real adapters; the only importer of adapters/. Each verb takes from here what it needs."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.adapters.git import GitRepository
from pipeline.adapters.ledger import GitLedger
from pipeline.commands.project import Project
from pipeline.config import read_settings

if TYPE_CHECKING:
    from pipeline.adapters.hcl.module import ModuleReader


def open_project(directory: Path, environ: Mapping[str, str], now: Callable[[], datetime]) -> Project:
    """The project that `directory` lies in."""
    repository = GitRepository(directory, environ)
    return Project(
        settings=read_settings(repository.root),
        repository=repository,
        ledger=GitLedger(repository, now),
        clock=now,
        name=_root_name(repository),
    )


def _root_name(repository: GitRepository) -> str:
    """What a root module is called: the last part of the shared remote's address, or of the folder."""
    remote = repository.remote()
    address = (repository.config(f"remote.{remote}.url") if remote else None) or str(repository.root)
    return address.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1].removesuffix(".git") or "root"


def module_reader() -> "ModuleReader":
    """What turns a module's files into its interface."""
    from pipeline.adapters.hcl.module import ModuleReader

    return ModuleReader()


def write_text(project: Project) -> Callable[[str, str], None]:
    """Write a file of the working tree, whole or not at all: `write(path, text)`."""
    from pipeline.adapters.history import write_whole

    return lambda path, text: write_whole(project.repository.root / path, text)

"""Settings → real adapters; the only importer of adapters/. Each verb takes from here what it needs."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from pipeline.adapters.git import GitRepository
from pipeline.adapters.ledger import GitLedger
from pipeline.commands.project import Project
from pipeline.config import read_settings


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

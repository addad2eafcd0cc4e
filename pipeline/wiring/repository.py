"""The repository: the project a verb works on, its modules' files, its tags and its ledger."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.adapters.git import GitRepository
from pipeline.config import read_settings

if TYPE_CHECKING:
    from pipeline.adapters.hcl.module import ModuleReader
    from pipeline.adapters.history import RepositoryFiles
    from pipeline.commands.project import Project
    from pipeline.domain.ledger import Entry
    from pipeline.domain.settings import Settings


def open_project(directory: Path, environ: Mapping[str, str], now: Callable[[], datetime]) -> Project:
    """The project that `directory` lies in."""
    from pipeline.adapters.ledger import GitLedger
    from pipeline.commands.project import Project
    from pipeline.wiring.signing import check_signature

    repository = GitRepository(directory, environ)
    return Project(
        settings=read_settings(repository.root, repository.common_dir / "modferry"),
        repository=repository,
        ledger=GitLedger(repository, now),
        clock=now,
        name=_root_name(repository),
        check_signature=check_signature,
    )


def _root_name(repository: GitRepository) -> str:
    """What a root module is called: the last part of the shared remote's address, or of the folder."""
    remote = repository.remote()
    address = (repository.config(f"remote.{remote}.url") if remote else None) or str(repository.root)
    return address.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1].removesuffix(".git") or "root"


def module_reader() -> ModuleReader:
    """Reads modules' files into interfaces."""
    from pipeline.adapters.hcl.module import ModuleReader

    return ModuleReader()


def write_text(project: Project) -> Callable[[str, str], None]:
    """Writes a text file of the working tree, by its path in the repository, all of it or nothing."""

    def write(path: str, text: str) -> None:
        target = project.repository.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        draft.write_text(text)
        draft.replace(target)

    return write


def remove_files(project: Project, paths: Sequence[str]) -> None:
    """Remove files of the working tree by their paths in the repository, and the folders that they leave empty."""
    for path in paths:
        target = project.repository.root / path
        target.unlink(missing_ok=True)
        if target.parent.is_dir() and not any(target.parent.iterdir()):
            target.parent.rmdir()


def open_module_files(
    directory: Path, environ: Mapping[str, str], module: str, *, whole_history: bool = False
) -> tuple[RepositoryFiles, Settings, str]:
    """The repository that a module's name or path lies in, its settings, and the module as it is called there."""
    from pipeline.adapters.history import HistoryFiles, RepositoryFiles

    folder = (directory / module).resolve()
    repository = GitRepository(folder if folder.is_dir() else directory, environ)
    if folder.is_dir() and folder.is_relative_to(repository.root):
        module = folder.relative_to(repository.root).as_posix()
    kind = HistoryFiles if whole_history else RepositoryFiles
    settings = read_settings(repository.root, repository.common_dir / "modferry")
    return kind(repository, _root_name(repository)), settings, module


def tag_reader_of(project: Project) -> Callable[[str], bytes]:
    """Reads an annotated tag's object by its name."""
    repository = project.repository
    assert isinstance(repository, GitRepository)
    return lambda name: repository.read_tag(f"refs/tags/{name}")


def shared_tags_of(project: Project) -> Callable[[], Mapping[str, str] | None]:
    """Asks the shared remote for its tags: name → commit; None where there is no remote."""
    repository = project.repository
    assert isinstance(repository, GitRepository)

    def ask() -> Mapping[str, str] | None:
        if repository.remote() is None:
            return None
        refs = {ref.removeprefix("refs/tags/"): found for ref, found in repository.remote_refs("refs/tags/*").items()}
        return {name: refs.get(f"{name}^{{}}", found) for name, found in refs.items() if not name.endswith("^{}")}

    return ask


def newest_of(project: Project) -> Callable[[int], tuple[Sequence[Entry], Sequence[Entry]]]:
    """Reads the newest entries, and what opened the promotions they speak of."""
    from pipeline.adapters.ledger import GitLedger
    from pipeline.adapters.ledger_tail import newest

    ledger = project.ledger
    assert isinstance(ledger, GitLedger)
    return partial(newest, ledger)


def entries_of(project: Project) -> Callable[[], Sequence[Entry]]:
    """Reads every entry of the ledger as known here."""
    from pipeline.adapters.ledger import GitLedger

    ledger = project.ledger
    assert isinstance(ledger, GitLedger)

    def read() -> Sequence[Entry]:
        tip = ledger.tip()
        return ledger.entries(None, tip) if tip else ()

    return read

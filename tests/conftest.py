"""What every test gets: no AWS credentials, no user's git or modferry settings, repositories in temp folders."""

import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.adapters.git import GitRepository

REPORT = "report"
"""A property with text that a test wants printed at the end of the run, whichever process it ran in."""
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests reported; with several workers their own output is lost."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, text in report.user_properties:
            if name == REPORT:
                terminalreporter.write_line("")
                terminalreporter.write_line(str(text))


@pytest.fixture(autouse=True, scope="session")
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Dangerous defaults are impossible: nothing here can reach a real account or the user's configuration. For the
    whole session, because fixtures of a module begin before those of its first test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            ours = ("AWS_", "MODFERRY_", "GIT_", "TF_", "GITHUB_", "LOCALSTACK_HOST")
            if name.startswith(ours) and name != "MODFERRY_TEST_COLD":
                patch.delenv(name)
        home = tmp_path_factory.getbasetemp() / "home"
        home.mkdir(exist_ok=True)
        config = "[user]\n name = Test\n email = test@example.org\n[init]\n defaultBranch = main\n"
        (home / ".gitconfig").write_text(config)
        patch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        yield


def git(where: Path, *arguments: str) -> str:
    """Run git in a test's repository."""
    return subprocess.run(("git", *arguments), cwd=where, check=True, capture_output=True, text=True).stdout


MakeRepository = Callable[[dict[str, str]], Path]


@pytest.fixture
def make_repository(tmp_path: Path) -> MakeRepository:
    """Make a repository with one commit holding the given files, and a bare `origin` beside it."""

    def make(files: dict[str, str]) -> Path:
        origin, clone = tmp_path / "origin.git", tmp_path / "clone"
        git(tmp_path, "init", "-q", "--bare", str(origin))
        git(tmp_path, "init", "-q", str(clone))
        write_files(clone, files)
        git(clone, "add", "-A")
        git(clone, "commit", "-q", "--allow-empty", "-m", "feat: begin")
        git(clone, "remote", "add", "origin", str(origin))
        git(clone, "push", "-q", "-u", "origin", "main")
        return clone

    return make


def write_files(where: Path, files: dict[str, str]) -> None:
    """Write text files below a folder."""
    for path, text in files.items():
        target = where / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def second_clone(clone: Path, name: str = "other") -> Path:
    """Another person's clone of the same origin."""
    other = clone.parent / name
    git(clone.parent, "clone", "-q", str(clone.parent / "origin.git"), str(other))
    return other


def repository(where: Path) -> GitRepository:
    """modferry's view of a clone."""
    return GitRepository(where)

"""Small git repositories of Terraform modules, made by the tests."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from pipeline.adapters.processes import base_environment, run
from pipeline.cli import modferry

WHO = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


class ModuleRepository:
    """A repository in a folder: write files, commit, tag, and ask modferry."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        outcome = run(("git", *arguments), cwd=self.folder, env=base_environment(WHO), seconds=60)
        assert outcome.ok, outcome.stderr
        return outcome.stdout

    def write(self, files: Mapping[str, str | None]) -> None:
        for path, text in files.items():
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                target.unlink()
            else:
                target.write_text(text)

    def version(self, tag: str, files: Mapping[str, str | None]) -> None:
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", tag)
        self.git("tag", "-a", "-m", tag, tag)

    def ask(self, *arguments: str) -> Result:
        return CliRunner().invoke(modferry, ["-C", str(self.folder), *arguments], standalone_mode=False)

    def document(self, *arguments: str) -> Any:
        result = self.ask(*arguments, "--json")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return json.loads(result.stdout)

"""A real estate for tests: a bare origin, a clone, released versions, moto with an account an environment.

Commands run in this process or in processes of their own (`modferry`), as a user would start them.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.adapters.git import GitRepository
from pipeline.adapters.ledger import GitLedger
from pipeline.adapters.processes import base_environment
from pipeline.cli import App
from pipeline.domain.history import History
from pipeline.domain.ledger import Draft, Entry
from pipeline.wiring import open_project

HOME = Path(__file__).resolve().parents[2]
SOURCE = "https://example.test/acme/infra.git"
IDENTITY = {
    "GIT_AUTHOR_NAME": "tester",
    "GIT_AUTHOR_EMAIL": "tester@example.test",
    "GIT_COMMITTER_NAME": "tester",
    "GIT_COMMITTER_EMAIL": "tester@example.test",
}


@dataclass(kw_only=True)
class Estate:
    """`folder`/origin.git and `folder`/clone; `environ` is what commands are started with."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> Path:
        """The bare repository that everybody shares."""
        return self.folder / "origin.git"

    @property
    def clone(self) -> Path:
        """The user's clone."""
        return self.folder / "clone"

    def set_up(self, files: Mapping[str, str]) -> None:
        """Origin and clone with a first commit."""
        self.environ = {**base_environment(IDENTITY), **self.environ, "MODFERRY_SOURCE_REDIRECT": str(self.origin)}
        self.environ["XDG_CACHE_HOME"] = str(self.folder / "cache")
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.origin), cwd=self.folder)
        self.git("clone", "--quiet", str(self.origin), str(self.clone), cwd=self.folder)
        self.git("switch", "--quiet", "-c", "main")
        self.push("first", files)

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run git as the user."""
        done = subprocess.run(
            ("git", *arguments), cwd=cwd or self.clone, env=self.environ, check=True, capture_output=True, text=True
        )
        return done.stdout

    def push(self, message: str, files: Mapping[str, str]) -> str:
        """Write files, commit, push; the commit."""
        if (self.clone / ".git" / "refs" / "remotes" / "origin" / "main").exists():
            self.git("pull", "--quiet", "--ff-only", "origin", "main")
        for name, text in files.items():
            path = self.clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)
        self.git("push", "--quiet", "origin", "HEAD:main")
        return self.git("rev-parse", "HEAD").strip()

    def ledger(self) -> GitLedger:
        """The ledger through the user's clone."""
        return GitLedger(GitRepository(self.clone, self.environ), App.now, actor="tester")

    def history(self) -> History:
        """The replay of origin's ledger."""
        ledger = self.ledger()
        ledger.fetch()
        return ledger.history()

    def entries(self) -> tuple[Entry, ...]:
        """Every entry of origin's ledger, in order."""
        ledger = self.ledger()
        ledger.fetch()
        tip = ledger.tip()
        return tuple(ledger.entries(None, tip)) if tip else ()

    def release(self, module: str, version: str) -> None:
        """Tag main and write the release, as `modferry release --push` would after its gate."""
        tag, commit = f"{module}/v{version}", self.git("rev-parse", "origin/main").strip()
        self.git("tag", "-a", tag, "-m", tag, commit)
        self.git("push", "--quiet", "origin", tag)
        body = {"module": module, "version": version, "tag": tag, "commit": commit, "evidence": []}
        graph = open_project(self.clone, self.environ, App.now).graph(commit)
        found = graph.modules[module]
        more = {"digest": graph.digest(found), "shipped": graph.shipped_digest(found), "bump": "minor"}
        self.ledger().append(lambda _: (Draft(kind="release", body={**body, **more}),), push=True)

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        """Start a command in a process (and group) of its own."""
        return subprocess.Popen(
            (sys.executable, "-m", "pipeline", *words, "--json"),
            cwd=self.clone,
            env={**self.environ, "PYTHONPATH": str(HOME), **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def modferry(self, *words: str, **environ: str) -> tuple[int, Any, str]:
        """Run a command: exit code, document, what it said to people."""
        process = self.start(*words, **environ)
        out, err = process.communicate(timeout=600)
        return process.returncode, json.loads(out) if out.strip() else None, err

    def pins(self, environment: str, stack: str) -> str:
        """The text of a stack's main.tf on origin's main."""
        return self.git("--git-dir", str(self.origin), "show", f"main:environments/{environment}/{stack}/main.tf")


def passed_on() -> dict[str, str]:
    """What a real command needs of this machine: the tools on PATH and a home."""
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}

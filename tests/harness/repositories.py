"""Repositories elsewhere: the tiny module of tests/fixtures/modules, no modferry.toml, and modferry run on them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.adapters.processes import RUN_MARK, base_environment
from tests.conftest import git

HOME = Path(__file__).parents[2]
MODULES = HOME / "tests" / "fixtures" / "modules"


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """A repository with a cache of its own beside it."""

    root: Path
    cache: Path

    def env(self, **more: str) -> dict[str, str]:
        """What a modferry here is given: nothing of ours but where Terraform and its mirrors are."""
        passed = {
            name: os.environ[name] for name in ("MODFERRY_TERRAFORM", "MODFERRY_PROVIDER_MIRROR") if name in os.environ
        }
        own = {"XDG_CACHE_HOME": str(self.cache), "PYTHONPATH": str(HOME), **passed, **more}
        env = base_environment(own)
        env.pop(RUN_MARK, None)
        return env

    def argv(self, *arguments: str) -> tuple[str, ...]:
        """modferry, as its own process."""
        return (sys.executable, "-m", "pipeline", "-C", str(self.root), *arguments)

    def start(self, *arguments: str, env: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """Start modferry; the caller ends it."""
        pipe = subprocess.PIPE
        return subprocess.Popen(self.argv(*arguments), env=env or self.env(), stdout=pipe, stderr=pipe, text=True)

    def modferry(self, *arguments: str, env: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        """Run modferry to its end."""
        return subprocess.run(
            self.argv(*arguments), env=env or self.env(), capture_output=True, text=True, timeout=500, check=False
        )

    def document(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """The JSON document of a run that must end with this exit code."""
        done = self.modferry(*arguments, "--json")
        assert done.returncode == code, done.stdout[-2000:] + done.stderr[-4000:]
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    @property
    def runs(self) -> Path:
        """Where its runs work."""
        return self.cache / "modferry" / "runs"


def elsewhere(where: Path, *modules: str) -> Elsewhere:
    """A repository with these modules of tests/fixtures/modules."""
    root = where / "elsewhere"
    for name in modules:
        shutil.copytree(MODULES / name, root / "modules" / name, ignore=shutil.ignore_patterns("__pycache__"))
    git(where, "init", "-q", str(root))
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "feat: begin")
    return Elsewhere(root=root, cache=where / "cache")


def verdicts(document: Mapping[str, Any]) -> dict[str, str]:
    """`suite case` → verdict."""
    return {f"{r['suite']} {c['name']}": c["verdict"] for r in document["results"] for c in r["cases"]}

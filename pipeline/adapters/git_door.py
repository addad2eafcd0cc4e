"""The one door to git: how it is called, and how it says no.

Promise: every call has a time limit and a built environment (no prompts, no pager, no hooks of the caller's
index); user content is never passed where git could read it as an option.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.adapters.processes import base_environment, run_bytes
from pipeline.errors import RefusedError, UndecidedError, UsageError

SECONDS = 120.0
IDENTITY = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")


class GitError(UndecidedError):
    """git itself said no; `said` is its stderr."""

    def __init__(self, arguments: Sequence[str], said: str) -> None:
        self.said = said.strip()
        super().__init__(f"git {' '.join(arguments[:3])} failed: {self.said or 'without a word'}.")


class GitDoor:
    """git in one repository; `root` is its top folder."""

    def __init__(self, directory: Path, environ: Mapping[str, str] | None = None) -> None:
        given = os.environ if environ is None else environ
        passed = {k: v for k, v in given.items() if k in IDENTITY or k.startswith(("GIT_CONFIG", "GIT_SSH", "GIT_SSL"))}
        self.env = base_environment({"GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat", "LC_ALL": "C.UTF-8", **passed})
        if not directory.is_dir():
            raise UsageError(f"There is no folder {directory}.", remedy="name an existing one with -C")
        self.root = directory.resolve()
        try:
            self.root = Path(self.git("rev-parse", "--show-toplevel").strip())
        except GitError as error:
            raise UsageError(
                f"{directory} is not in a git repository ({error.said}).", remedy="git init, or -C DIR of one"
            ) from error

    def git(
        self,
        *arguments: str,
        stdin: str | bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        seconds: float = SECONDS,
    ) -> str:
        """Run git and return its stdout as text; raises GitError when it fails."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        argv = ("git", "-c", "core.quotePath=false", "-c", "gc.auto=0", *arguments)
        code, out, err = run_bytes(
            argv, cwd=cwd or self.root, env={**self.env, **(env or {})}, seconds=seconds, stdin=data
        )
        if code != 0:
            raise GitError(arguments, err)
        return out.decode(errors="replace")

    def succeeds(self, *arguments: str) -> bool:
        """Whether git answers with 0."""
        try:
            self.git(*arguments)
        except GitError:
            return False
        return True

    def blobs(self, ids: Sequence[str]) -> dict[str, bytes]:
        """The contents of objects, in one process (`cat-file --batch`, its output in large pieces)."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        code, out, err = run_bytes(
            ("git", "cat-file", "--batch", "--buffer"),
            cwd=self.root,
            env=self.env,
            seconds=SECONDS,
            stdin="\n".join(wanted).encode() + b"\n",
        )
        if code != 0:
            raise GitError(("cat-file", "--batch"), err)
        found: dict[str, bytes] = {}
        at = 0
        for name in wanted:
            end = out.index(b"\n", at)
            head = out[at:end].split()
            if head[-1] == b"missing":
                raise RefusedError(
                    f"Object {name} is missing: this is a shallow or partial clone.",
                    remedy="git fetch --unshallow --tags",
                )
            size = int(head[2])
            found[name] = out[end + 1 : end + 1 + size]
            at = end + 2 + size
        return found

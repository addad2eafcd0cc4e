"""The one door to git: how it is called, and how it says no.

Promise: every call has a time limit and a built environment (no prompts, no pager, no hooks of the caller's
index); user content is never passed where git could read it as an option.
"""

import os
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.adapters.git_reader import Found, ObjectReader
from pipeline.adapters.processes import base_environment, run_bytes
from pipeline.errors import RefusedError, UndecidedError, UsageError

SECONDS = 120.0
MANY = 500
"""From here on objects come faster from a process of their own, which writes them in large pieces (`--buffer`)."""

ABOUT = ("--show-object-format", "--git-common-dir", "--show-toplevel")
QUIET = ("-c", "core.quotePath=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false")
IDENTITY = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")


class GitError(UndecidedError):
    """git itself said no; `said` is its stderr."""

    def __init__(self, arguments: Sequence[str], said: str) -> None:
        self.said = said.strip()
        super().__init__(f"git {' '.join(arguments[:3])} failed: {self.said or 'without a word'}.")


class GitDoor:
    """git in one repository; `root` is its top folder, `common_dir` its `.git`, which all worktrees share."""

    def __init__(self, directory: Path, environ: Mapping[str, str] | None = None) -> None:
        given = os.environ if environ is None else environ
        passed = {k: v for k, v in given.items() if k in IDENTITY or k.startswith(("GIT_CONFIG", "GIT_SSH", "GIT_SSL"))}
        self.env = base_environment({"GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat", "LC_ALL": "C.UTF-8", **passed})
        if not directory.is_dir():
            raise UsageError(f"There is no folder {directory}.", remedy="name an existing one with -C")
        self.root = directory.resolve()
        try:
            kind, common, top = self.git("rev-parse", *ABOUT).strip().split("\n", 2)
        except GitError as error:
            raise UsageError(
                f"{directory} is not in a git repository ({error.said}).", remedy="git init, or -C DIR of one"
            ) from error
        self.object_format = "sha1" if kind.startswith("-") else kind  # an older git says the option back
        self.common_dir = (self.root / common).resolve()
        self.root = Path(top)
        self._reader = ObjectReader(self.root, self.env)
        self.close = weakref.finalize(self, self._reader.close)
        """Ends what is open; without a call, that happens with the object or the program."""

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
        argv = ("git", *QUIET, *arguments)
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

    def find(self, name: str) -> Found | None:
        """The object that a name stands for now; None says only that another question has to be asked."""
        found = self._reader.read([name], SECONDS)
        return found[0] if found else None

    def blobs(self, ids: Sequence[str]) -> dict[str, bytes]:
        """The contents of objects: of a few by the process that stays open, of many by one of their own."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        if len(wanted) < MANY:
            read = [one for one in self._reader.read(wanted, SECONDS) or () if one is not None]
            if len(read) == len(wanted):
                return {name: one.data for name, one in zip(wanted, read, strict=True)}
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

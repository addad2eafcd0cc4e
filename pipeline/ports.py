"""What the acts need from the outside, as Protocols. Adapters and fakes pass the same contract tests."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pipeline.domain.evidence import Tools
from pipeline.domain.history import History
from pipeline.domain.ledger import Draft, Entry
from pipeline.domain.module import Files
from pipeline.domain.parts import Part
from pipeline.domain.verdict import Case

Decide = Callable[[History], Sequence[Draft]]
"""Looks at the newest history and says what to write; may raise. Called again after a lost race."""


class Clock(Protocol):
    """The time, read once per decision."""

    def __call__(self) -> datetime:
        """Now, in UTC."""
        ...


class Tree(Protocol):
    """The files of the repository at one moment: a commit, or the working tree (tracked and unignored)."""

    def paths(self) -> Sequence[str]:
        """All paths, relative to the repository, sorted, with `/`."""
        ...

    def mode(self, path: str) -> str:
        """Git's mode: 100644, 100755 or 120000."""
        ...

    def read(self, path: str) -> bytes:
        """The bytes (of a link: its target)."""
        ...


class Ledger(Protocol):
    """The append-only history. An append that carries a claim is a compare-and-swap on origin."""

    def history(self) -> History:
        """Replay of what is known here (as last fetched, with what is pending)."""
        ...

    def fetch(self) -> None:
        """Bring origin's ledger here; without a remote nothing to do."""
        ...

    def append(self, decide: Decide, *, push: bool) -> tuple[Entry, ...]:
        """Decide on the newest history and write. With `push` it is on origin before this returns.

        Without a remote `push` means the local branch, which then is the same thing. After a lost race:
        fetch, replay, decide again. Raises UndecidedError when it cannot write: then nothing was written.
        """
        ...


class Repository(Protocol):
    """The git repository that holds modules, stacks and the ledger."""

    root: Path

    def head(self) -> str:
        """The commit checked out; raises RefusedError in an empty repository."""
        ...

    def resolve(self, ref: str) -> str:
        """The commit a ref names; raises UsageError when there is none."""
        ...

    def tree(self, ref: str | None) -> Tree:
        """The files at a ref, or of the working tree."""
        ...

    def tags(self) -> Mapping[str, str]:
        """Tag name → commit (annotated tags peeled)."""
        ...

    def remote(self) -> str | None:
        """The name of the remote that everybody shares (`origin`), if there is one."""
        ...

    def subjects(self, since: str | None, until: str, paths: Iterable[str]) -> Sequence[tuple[str, str]]:
        """(commit, full message) of the commits that touched `paths`, newest first."""
        ...


RunPart = Callable[[Part], Sequence[Case]]
"""Run one part to its cases; whatever breaks is a case too. Called from many threads."""


class Workbench(Protocol):
    """Where suites run. Its versions are known before anything is started."""

    target: str
    tools: Tools
    jobs: int

    def open(self, files: Files, wanted: frozenset[str]) -> AbstractContextManager[RunPart]:
        """Copy `wanted` files, start the emulator and the providers; all of it ends with the context."""
        ...

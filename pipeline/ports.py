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
from pipeline.domain.trust import Signed
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


DecideRefs = Callable[[History], tuple[Sequence[Draft], Sequence[str]]]
"""As Decide, with the refspecs that go to origin in the same atomic push."""


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


class SharedLedger(Ledger, Protocol):
    """A ledger whose entries can go to origin together with other refs, all or nothing."""

    def publish(self, decide: DecideRefs, *, push: bool) -> tuple[Entry, ...]:
        """As append, with refspecs in the same atomic push."""
        ...

    def pending(self) -> tuple[Entry, ...]:
        """Entries that only this clone has."""
        ...

    def send_with(self, refspecs: Sequence[str]) -> None:
        """Push exactly what is pending here, and `refspecs`, at once; raises when origin has moved on."""
        ...

    def drop_pending(self) -> tuple[Entry, ...]:
        """Forget what only this clone has, but for evidence; returns what was there."""
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

    def try_resolve(self, ref: str) -> str | None:
        """The commit a ref names, or None."""
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


Sign = Callable[[bytes, str], str]
"""(bytes, namespace) → an SSH signature, base64. Raises UsageError where the key cannot sign."""


class CheckSignature(Protocol):
    """Holds a signature against the text of an `allowed_signers` file."""

    def __call__(self, allowed: str, where: str, data: bytes, signature: str, namespace: str, at: str) -> Signed:
        """Who made it, or why it counts for nothing; raises UndecidedError when that could not be found out.

        `where` names the file for people, `at` is the ledger time at which the key must have been valid.
        """
        ...


RunPart = Callable[[Part], Sequence[Case]]
"""Run one part to its cases; whatever breaks is a case too. Called from many threads."""


class Workbench(Protocol):
    """Where suites run. Its versions are known before anything is started."""

    target: str
    tools: Tools

    @property
    def jobs(self) -> int:
        """How many parts run at once."""
        ...

    def open(self, files: Files, wanted: frozenset[str]) -> AbstractContextManager[RunPart]:
        """Copy `wanted` files, start the emulator and the providers; all of it ends with the context."""
        ...


class TellingWorkbench(Workbench, Protocol):
    """A bench that says afterwards how it went: counts of its processes, and sentences for people."""

    stats: dict[str, int]
    notes: list[str]


class WritableRepository(Repository, Protocol):
    """A repository in which commits and tags can be made as objects, before any ref moves."""

    def branch(self) -> str | None:
        """The branch checked out; None when detached."""
        ...

    def dirty(self, *paths: str) -> list[str]:
        """Changed, staged and untracked (unignored) paths."""
        ...

    def is_shallow(self) -> bool:
        """Whether history was cut off."""
        ...

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `old` is in the history of `new`."""
        ...

    def fetch(self, *arguments: str) -> None:
        """Fetch from the shared remote; nothing without one."""
        ...

    def commit_files(self, parent: str | None, files: Mapping[str, bytes | None], message: str) -> str:
        """A commit on top of `parent`; no ref, index or checkout is touched."""
        ...

    def tag_object(self, name: str, commit: str, message: str, sign: Sign | None = None) -> str:
        """An annotated tag as an object, signed where somebody signs; no ref is made."""
        ...

    def update_refs(self, *moves: tuple[str, str, str | None]) -> None:
        """Move local refs (ref, new, where we saw it; None: it does not exist), all or none."""
        ...

    def delete_ref(self, ref: str) -> None:
        """Remove a local ref."""
        ...

    def follow(self, commit: str) -> None:
        """Fast-forward the checked-out branch, files included."""
        ...

    def step_back(self, commit: str) -> None:
        """Move the checked-out branch back, keeping every local change of files."""
        ...

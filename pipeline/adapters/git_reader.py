"""Objects of one repository, read through one `git cat-file --batch` that stays open.

Promise: what is told is what git has at that moment: names (`refs/heads/x^{commit}`) are looked up anew by every
call. Each read has a time limit. A process that died, or that was left in the middle of an answer, is ended and
replaced, and that answer is None: who asks then asks a git of its own, whose words tell what is wrong. `close` leaves
nothing behind, and so does the end of the program. One thread reads at a time; a forked child starts its own. Of many
repositories in one program only the last few keep theirs.
"""

import contextlib
import os
import select
import subprocess
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UndecidedError

AT_ONCE = 2048
"""Bytes of names that are asked at once: they fit into any pipe, so neither side waits for the other to read."""

OPEN = 4
"""Processes of one program that stay open; the next one ends the oldest."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """An object as git keeps it."""

    id: str
    kind: str
    data: bytes


class _EndedError(Exception):
    """The process is gone, or says what nobody asked."""


class ObjectReader:
    """The objects of the repository at `root`; nothing is started before the first read."""

    def __init__(self, root: Path, env: Mapping[str, str]) -> None:
        self.root = root
        self.env = env
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        self._turn = threading.Lock()
        self._rest = bytearray()

    def read(self, names: Sequence[str], seconds: float) -> list[Found | None] | None:
        """What each name is, or None where git knows none such; None altogether: nothing could be found out.

        Raises UndecidedError out of time.
        """
        lines = [f"{name}\n".encode(errors="surrogateescape") for name in names]
        if any(b"\n" in line[:-1] or len(line) > AT_ONCE for line in lines):
            return None
        if self._owner != os.getpid():
            self._forget()
        with self._turn:
            try:
                return self._read(lines, time.monotonic() + seconds, seconds)
            except _EndedError:
                self._end()
                return None
            except BaseException:  # half an answer may wait in the pipe
                self._end()
                raise

    def close(self) -> None:
        """End the process; a later read starts another."""
        if self._owner != os.getpid():
            self._forget()
        with self._turn:
            self._end()

    def _read(self, lines: Sequence[bytes], until: float, seconds: float) -> list[Found | None]:
        found: list[Found | None] = []
        at = 0
        while at < len(lines):
            size, end = len(lines[at]), at + 1
            while end < len(lines) and size + len(lines[end]) <= AT_ONCE:
                size, end = size + len(lines[end]), end + 1
            child = self._running()
            assert child.stdin is not None
            try:
                os.write(child.stdin.fileno(), b"".join(lines[at:end]))
            except OSError as error:
                raise _EndedError from error
            found += [self._answer(child, until, seconds) for _ in lines[at:end]]
            at = end
        return found

    def _answer(self, child: "subprocess.Popen[bytes]", until: float, seconds: float) -> Found | None:
        while (end := self._rest.find(b"\n")) < 0:
            self._more(child, until, seconds)
        head = self._rest[:end].decode(errors="replace").split(" ")
        del self._rest[: end + 1]
        if head[-1] in ("missing", "ambiguous"):
            return None
        if len(head) != 3 or not head[2].isdigit():
            raise _EndedError
        size = int(head[2])
        while len(self._rest) <= size:
            self._more(child, until, seconds)
        data = bytes(self._rest[:size])
        del self._rest[: size + 1]
        return Found(id=head[0], kind=head[1], data=data)

    def _more(self, child: "subprocess.Popen[bytes]", until: float, seconds: float) -> None:
        assert child.stdout is not None
        poll = select.poll()
        poll.register(child.stdout.fileno(), select.POLLIN)
        if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
            raise UndecidedError(f"git cat-file --batch took longer than {seconds:.0f} s.", remedy="run it again")
        piece = os.read(child.stdout.fileno(), 1 << 20)
        if not piece:
            raise _EndedError
        self._rest += piece

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._child is None:
            try:
                self._child = subprocess.Popen(
                    ("git", "cat-file", "--batch"),
                    cwd=self.root,
                    env=dict(self.env),
                    bufsize=0,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl-C is ours to answer: what is put back afterwards is read here too
                )
            except OSError as error:
                raise _EndedError from error
            _make_room(self)
        return self._child

    def _rest_now(self) -> bool:
        """End the process unless somebody reads right now; whether none is left."""
        if self._owner != os.getpid() or not self._turn.acquire(blocking=False):
            return False
        try:
            self._end()
        finally:
            self._turn.release()
        return True

    def _end(self) -> None:
        child, self._child = self._child, None
        self._rest.clear()
        if child is not None:
            with contextlib.suppress(OSError):
                child.kill()  # it only reads: nothing of it is half done
            _close(child)
            child.wait()

    def _forget(self) -> None:
        """We are a forked child: the process is our parent's, and stays."""
        child, self._child = self._child, None
        self._owner, self._turn = os.getpid(), threading.Lock()
        self._rest.clear()
        if child is not None:
            _close(child)
            child.returncode = 0  # nobody waits for it here


_opened: "list[weakref.ref[ObjectReader]]" = []
_room = threading.Lock()


def _make_room(new: ObjectReader) -> None:
    if not _room.acquire(blocking=False):  # somebody else does it, or did when we were forked
        return
    try:
        others = [found for one in _opened if (found := one()) is not None and found is not new]
        old = others[: max(0, len(others) - OPEN + 1)]
        stay = [one for one in old if not one._rest_now()] + others[len(old) :]
        _opened[:] = [weakref.ref(one) for one in (*stay, new)]
    finally:
        _room.release()


def _close(child: "subprocess.Popen[bytes]") -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()

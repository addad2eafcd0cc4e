"""The one door to other programs.

Promise: argument tuples, never a shell; both pipes drained at once; a time limit on every call; the
environment is given, not inherited; secrets are masked in what is kept; every child leads its own process
group and carries `MODFERRY_RUN=<pid>.<start time>` so that a later run can find and end what a killed run
left behind (`orphans`). Death by a signal is never mistaken for an exit code.
"""

import contextlib
import os
import re
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UndecidedError

RUN_MARK = "MODFERRY_RUN"
HOLDER_MARK = b"MODFERRY_HOLDER="
"""What adapters/holders.py gives each Terraform of a promotion."""

MASK = "(secret)"
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TERM", "SSH_AUTH_SOCK", "GIT_SSL_CAINFO")
"""What a child may know of our environment unless its caller adds more."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A program that ended: `code` is its exit code (≥ 0), or minus the signal that ended it."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        """Ended by itself with 0."""
        return self.code == 0 and not self.timed_out

    @property
    def could_not_find_out(self) -> bool:
        """Killed or out of time: says nothing about what the program was asked."""
        return self.timed_out or self.code < 0


def base_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment every child starts from: a short list of ours, the run's mark, then `extra`."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {"PATH": os.defpath, **kept, RUN_MARK: run_mark(), **(extra or {})}


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    seconds: float,
    stdin: str = "",
    secrets: Sequence[str] = (),
    on_line: Callable[[str], None] | None = None,
    on_error_line: Callable[[str], None] | None = None,
    on_start: Callable[[int], None] | None = None,
) -> Outcome:
    """Run to its end or for `seconds`; then SIGINT, ten seconds' grace, SIGKILL to the whole group.

    `on_line` and `on_error_line` see each line of stdout and stderr as it comes (masked), `on_start` the pid.
    Raises UndecidedError when the program cannot be started at all.
    """
    began = time.monotonic()
    try:
        child = subprocess.Popen(
            tuple(argv),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise UndecidedError(f"{argv[0]} could not be started: {error}.", remedy="modferry doctor") from error
    out: list[str] = []
    err: list[str] = []
    threads = [
        threading.Thread(target=_drain, args=(child.stdout, out, secrets, on_line), daemon=True),
        threading.Thread(target=_drain, args=(child.stderr, err, secrets, on_error_line), daemon=True),
        threading.Thread(target=_feed, args=(child, stdin), daemon=True),
    ]
    timed_out = False
    try:
        if on_start:
            on_start(child.pid)
        for thread in threads:
            thread.start()
        _wait(child, seconds)
    except subprocess.TimeoutExpired:
        timed_out = True
        end_group(child)
    except BaseException:  # Ctrl-C in our own thread: the child gets the same chance to stop cleanly
        end_group(child)
        raise
    for thread in threads:
        thread.join(10)
    for pipe in (child.stdout, child.stderr):
        if pipe and not any(t.is_alive() for t in threads):  # a straggler of the child may still hold the other end
            pipe.close()
    return Outcome(
        argv=tuple(argv),
        code=child.returncode,
        stdout="".join(out),
        stderr="".join(err),
        seconds=time.monotonic() - began,
        timed_out=timed_out,
    )


def _wait(child: "subprocess.Popen[str]", seconds: float) -> None:
    """As `child.wait(seconds)`, which looks every 50 ms; on Linux the kernel says when (pidfd_open(2))."""
    try:
        watched = os.pidfd_open(child.pid)
    except (AttributeError, OSError):
        child.wait(seconds)
        return
    try:
        poll = select.poll()
        poll.register(watched, select.POLLIN)
        if not poll.poll(seconds * 1000):
            raise subprocess.TimeoutExpired(child.args, seconds)
    finally:
        os.close(watched)
    child.wait()


def end_group(child: "subprocess.Popen[str] | subprocess.Popen[bytes]", grace: float = 10.0) -> None:
    """End a child and all it started: SIGINT, then SIGKILL after `grace` seconds."""
    for sign, wait in ((signal.SIGINT, grace), (signal.SIGKILL, 10.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, sign)
        try:
            child.wait(wait)
        except subprocess.TimeoutExpired:
            continue
        if sign is signal.SIGINT:  # the leader is gone; stragglers of its group are not ours to keep
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        return


def masked(text: str, secrets: Sequence[str]) -> str:
    """`text` without the secrets (those of six characters or more; shorter ones would eat words)."""
    for secret in secrets:
        if len(secret) >= 6:
            text = text.replace(secret, MASK)
    return text


def _drain(
    pipe: Iterator[str] | None,
    kept: list[str],
    secrets: Sequence[str],
    on_line: Callable[[str], None] | None = None,
) -> None:
    for line in pipe or ():
        clean = masked(line, secrets)
        kept.append(clean)
        if on_line:
            on_line(clean.rstrip("\n"))


def _feed(child: "subprocess.Popen[str]", text: str) -> None:
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError, ValueError):  # a program need not read what it is given
        try:
            child.stdin.write(text)
        finally:
            child.stdin.close()


def start_time(pid: int) -> str | None:
    """When a process began, as the kernel counts it (field 22 of /proc/PID/stat, see proc(5)); None: gone.

    A pid is used again; a pid with its start time is not.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    rest = stat.rpartition(")")[2].split()
    return None if rest[0] in "ZX" else rest[19]


def run_mark(pid: int | None = None) -> str:
    """`<pid>.<start time>` of this process, or the mark that this process itself was started with."""
    if pid is None and RUN_MARK in os.environ:
        return os.environ[RUN_MARK]
    pid = pid or os.getpid()
    return f"{pid}.{start_time(pid) or 0}"


def is_alive(mark: str) -> bool:
    """Whether the process named by a mark still runs."""
    pid, _, began = mark.partition(".")
    return pid.isdigit() and start_time(int(pid)) == began


def orphans() -> list[tuple[int, str]]:
    """(pid, mark) of processes that a modferry started which is dead itself. Linux only; elsewhere empty.

    A promotion's Terraform is left out: it may be writing a state, and `modferry recover` ends it with care.
    """
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes()
        except OSError:
            continue
        match = re.search(rb"(?:^|\0)" + RUN_MARK.encode() + rb"=([0-9]+\.[0-9]+)(?:\0|$)", environ)
        if HOLDER_MARK in environ:
            continue
        if match and not is_alive(match[1].decode()) and start_time(int(folder.name)):
            found.append((int(folder.name), match[1].decode()))
    return found


def end_orphans() -> list[int]:
    """End what dead runs left behind; returns the pids."""
    ended = []
    for pid, _ in orphans():
        try:
            os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
        ended.append(pid)
    return ended


def end_children() -> None:
    """End at once every process that this one started, with its group. Linux only; elsewhere nothing."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == os.getpid():
                os.killpg(int(folder.name), signal.SIGKILL)


def run_bytes(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], seconds: float, stdin: bytes = b""
) -> tuple[int, bytes, str]:
    """(code, stdout, stderr) of a short program whose output is bytes; raises UndecidedError out of time."""
    try:
        done = subprocess.run(
            tuple(argv), cwd=cwd, env=dict(env), input=stdin, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UndecidedError(
            f"{' '.join(argv[:3])} took longer than {seconds:.0f} s.", remedy="run it again"
        ) from error
    except OSError as error:
        raise UndecidedError(f"{argv[0]} could not be started: {error}.", remedy="modferry doctor") from error
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")

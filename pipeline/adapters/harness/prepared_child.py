"""Makes a process that was forked by `prepared_server.py` one that `python -m pytest` might have started."""

import atexit
import contextlib
import ctypes
import os
import runpy
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG, see prctl(2)."""


def be_tests(
    arguments: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    pipes: Sequence[int],
    *,
    server: int,
    let_go: Callable[[], None],
    unblock: Iterable[signal.Signals],
) -> None:
    """Run pytest as `python -m pytest ARGUMENTS` in that folder, and end as it would; never returns or raises.

    `let_go` closes what is the server's; `unblock`: signals that the server held back for the time of the fork.
    """
    code = 1
    try:
        os.setsid()
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != server:
            os._exit(1)  # nobody reads this: the client saw the server end
        let_go()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _take_over(arguments, folder, environ, pipes)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, unblock)
        code = _run()
    except KeyboardInterrupt:  # as Python does where nothing catches it
        sys.excepthook(*sys.exc_info())
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:  # noqa: BLE001 - also this ends the process, never the server's loop in it
        sys.excepthook(*sys.exc_info())
    finally:
        _end(code)


def _take_over(arguments: Sequence[str], folder: Path, environ: Mapping[str, str], pipes: Sequence[int]) -> None:
    for number, fd in enumerate(pipes):
        os.dup2(fd, number)  # inheritable, as pipes of a process are
    for fd in pipes:
        os.close(fd)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = _opened(getattr(sys, name), number)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    tempfile.tempdir = None
    os.chdir(folder)
    sys.dont_write_bytecode = bool(environ.get("PYTHONDONTWRITEBYTECODE"))
    sys.path[:1] = [str(folder), *filter(None, environ.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = ["pytest", *arguments]  # runpy puts the file in front


def _opened(old: TextIO, fd: int) -> TextIO:
    """Another one over what the descriptor is now: whether it can seek, and what is buffered, was of the old one."""
    new = open(fd, "w" if fd else "r", encoding=old.encoding, errors=old.errors, closefd=False)  # noqa: SIM115
    assert isinstance(new, TextIOWrapper)
    new.reconfigure(line_buffering=fd == 2)
    return new


def _run() -> int:
    """The exit code."""
    try:
        runpy.run_module("pytest", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    return 0


def _end(code: int) -> None:
    """End as Python ends, but without taking apart what the server had imported."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, ValueError):  # None, or closed by a test
                stream.flush()
    except BaseException:  # noqa: BLE001 - as Python, where what is left to be said cannot be
        code = 120
    finally:
        os._exit(code & 0xFF)

"""Stands for a test process that a server forks: `python -I -S prepared_client.py FOLDER ARGS`, see prepared_tests.py.

Promise: it ends as `python -m pytest ARGS` would end here, with the same exit code or by the same signal, and hands on
SIGINT. When it ends before the test process, by whatever, the server ends that one with its group. When the server
ends before the test process, the group is ended here and this process dies by SIGKILL: nobody knows what would have
come of the tests. Where the server cannot be reached, or says that it had better not, it becomes `python -m pytest
ARGS` itself.

It is started once a part, so what takes long to load is not used: `socket` and `signal` are Python around `_socket` and
`_signal` (12 of 20 ms), pathlib and contextlib would come next.
"""

import _signal  # type: ignore[import-not-found]
import _socket
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

DOOR = "tests.sock"
"""The server's socket in its folder. Relative: a socket's path may have 107 characters at most."""
PLAIN = 0
"""Answered instead of a pid: do it yourself."""
INTERRUPT = b"i"


def main(folder: str, arguments: list[str]) -> None:
    """Have the tests run, and end as they end; does not return."""
    here = os.getcwd()  # noqa: PTH109
    door = _socket.socket(_socket.AF_UNIX)
    try:
        os.chdir(folder)
        door.connect(DOOR)
    except OSError:
        _be_plain(here, arguments)
    os.chdir(here)
    order = ascii((arguments, here, dict(os.environ))).encode() + b"\n"
    words = _answers(door, order)
    pid = next(words, None)
    if pid == PLAIN:
        _be_plain(here, arguments)
    status = next(words, None) if pid is not None else None
    if status is None:
        if pid is not None:
            _kill_group(pid)
        os.kill(os.getpid(), _signal.SIGKILL)
    elif os.WIFSIGNALED(status):
        _die_by(os.WTERMSIG(status))
    else:
        os._exit(os.waitstatus_to_exitcode(status))


def _answers(door: "_socket.socket", order: bytes) -> "Iterator[int]":
    """The numbers that the server says: the pid, then the wait status. They end when it does."""

    def interrupt(*_: object) -> None:
        try:  # noqa: SIM105
            door.send(INTERRUPT)
        except OSError:
            pass

    said = b""
    try:
        fds = b"".join(fd.to_bytes(4, sys.byteorder) for fd in (0, 1, 2))
        sent = door.sendmsg([order], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, fds)])
        if sent < len(order):  # else it may have been answered, and the door closed
            door.sendall(order[sent:])
        _signal.signal(_signal.SIGINT, interrupt)
        while more := door.recv(64):
            *lines, said = (said + more).split(b"\n")
            yield from map(int, lines)
    except OSError:
        return


def _be_plain(here: str, arguments: list[str]) -> None:
    os.chdir(here)
    os.execv(sys.executable, (sys.executable, "-m", "pytest", *arguments))  # noqa: S606 - what we were started for


def _kill_group(pid: int) -> None:
    try:  # noqa: SIM105
        os.killpg(pid, _signal.SIGKILL)
    except OSError:
        pass


def _die_by(sign: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the test process has left its own
    if sign not in (_signal.SIGKILL, _signal.SIGSTOP):
        _signal.signal(sign, _signal.SIG_DFL)
    os.kill(os.getpid(), sign)
    os.kill(os.getpid(), _signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

"""What a client asks the server of test processes for (prepared_server.py), and whether it can be had by a fork."""

import ast
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 10.0
"""Seconds for a client to say what it wants, which it does at once."""
PLAYED = {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH"}
"""The variables of Python's own that count after Python has started, and so can be given to a forked process. The path
only where it leads to this modferry, whose modules are loaded already."""
HOME = Path(__file__).resolve().parents[3]
LOCALE = ("LANG", "LC_ALL", "LC_CTYPE")
"""What Python has looked at once it has started."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a client asks for: pytest's arguments, where, with what environment, and its three pipes."""

    arguments: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str]
    pipes: tuple[int, ...]

    def files(self) -> list[Path]:
        """The test files that are named, themselves or by their folder, and the conftest.py beside them."""
        words = [self.folder / word for word in self.arguments if not word.startswith("-")]
        named = [word for word in words if word.suffix == ".py"]
        named += [file for word in words if word.is_dir() for file in word.rglob("test_*.py")]
        files = {beside: None for file in named for beside in (file, file.parent / "conftest.py")}
        return [file for file in files if file.is_file()]


def receive(client: socket.socket) -> Request | None:
    """What a client asks for: one line and three descriptors; None when it went away before it had said it."""
    said, pipes, _, _ = socket.recv_fds(client, 1 << 16, 3)
    while not said.endswith(b"\n"):
        more = client.recv(1 << 16)
        if not more:
            break
        said += more
    if len(pipes) < 3 or not said.endswith(b"\n"):
        for fd in pipes:
            os.close(fd)
        return None
    arguments, folder, environ = ast.literal_eval(said.decode())
    return Request(arguments=tuple(arguments), folder=Path(folder), environ=environ, pipes=tuple(pipes))


def is_plain(request: Request) -> bool:
    """Whether it takes a Python that has imported nothing: a module here has the name of one that is loaded, or the
    environment says how Python itself is to start."""
    if any(name.startswith("PYTHON") and name not in PLAYED for name in request.environ):
        return True
    if request.environ.get("PYTHONPATH", str(HOME)) != str(HOME):
        return True
    if any(request.environ.get(name) != os.environ.get(name) for name in LOCALE):
        return True
    loaded = {name.partition(".")[0] for name in sys.modules}
    folders = {request.folder, *(file.parent for file in request.files())}
    return any(name in loaded for folder in folders for name in _modules(folder))


def _modules(folder: Path) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.suffix in (".py", ".so") or (entry / "__init__.py").exists():
            yield entry.name.partition(".")[0]

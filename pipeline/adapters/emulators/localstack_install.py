"""LocalStack in an environment of its own, without Docker: the last release that needs no token.

Promise: nothing of modferry's own environment changes. LocalStack 4.14.0 (Apache-2.0) goes into a CPython 3.13
environment in the user's data folder, with its dependencies as of its release: on 3.11, or with today's
dependencies, it starts, says it is healthy, and answers 500. 0.5 GB, about a minute and a half.
"""

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pipeline.adapters.processes import base_environment, run
from pipeline.errors import UndecidedError

VERSION = "4.14.0"
PYTHON = "3.13"
NEWEST_DEPENDENCIES = "2026-03-05"
INSTALL_SECONDS = 1200.0
PACKAGE_SETTINGS = ("UV_", "PIP_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "XDG_")
"""The user's own settings of the package index, handed on to the installer."""


def home(environ: Mapping[str, str]) -> Path:
    """Where the environment is, or would be."""
    from pipeline.adapters.toolchain import xdg

    return xdg("XDG_DATA_HOME", ".local/share", environ) / f"localstack-{VERSION}"


def installed(environ: Mapping[str, str]) -> Path | None:
    """The environment's Python, if LocalStack was installed into it to the end."""
    python = home(environ) / "bin" / "python"
    return python if python.exists() else None


def install_localstack(environ: Mapping[str, str], *, on_line: Callable[[str], None] | None = None) -> Path:
    """Install it unless it is there; returns the environment's Python.

    Raises UndecidedError where uv or CPython 3.13 is missing, or the installer fails; nothing stays then.
    """
    if python := installed(environ):
        return python
    uv = _uv(environ)
    target = home(environ)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    handed = {name: value for name, value in environ.items() if name.upper().startswith(PACKAGE_SETTINGS)}
    env = base_environment({"UV_SYSTEM_CERTS": "1", **handed})  # a company's proxy has its own
    steps = (
        (uv, "venv", "--quiet", "--relocatable", "--python", str(find_python(environ)), str(part)),
        (
            *(uv, "pip", "install", "--python", str(part / "bin" / "python")),
            *("--exclude-newer", NEWEST_DEPENDENCIES, f"localstack-core[runtime]=={VERSION}"),
        ),
    )
    try:
        for step in steps:
            outcome = run(step, cwd=part.parent, env=env, seconds=INSTALL_SECONDS, on_line=on_line)
            if not outcome.ok:
                words = " ".join(outcome.stderr.split())[-400:] or f"exit {outcome.code}"
                raise UndecidedError(f"LocalStack could not be installed: {words}", remedy="modferry doctor")
        if not installed(environ):  # else somebody else was faster
            part.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target / "bin" / "python"


def find_python(environ: Mapping[str, str]) -> Path:
    """A CPython 3.13 that runs: from PATH, pyenv's versions, or what uv knows; never downloaded."""
    for candidate in _pythons(environ):
        ask = (str(candidate), "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
        try:
            outcome = run(ask, cwd=Path("/"), env=base_environment(), seconds=30)
        except UndecidedError:
            continue
        if outcome.ok and outcome.stdout.strip() == PYTHON:
            return candidate
    raise UndecidedError(
        f"LocalStack {VERSION} needs CPython {PYTHON}, and there is none on PATH or in pyenv.",
        remedy=f"uv python install {PYTHON}",
    )


def _pythons(environ: Mapping[str, str]) -> Iterator[Path]:
    if found := shutil.which(f"python{PYTHON}", path=environ.get("PATH", os.defpath)):
        yield Path(found)
    root = Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME") or Path.home()) / ".pyenv")
    versions = root.glob(f"versions/{PYTHON}.*/bin/python")
    yield from sorted(
        versions, key=lambda path: [int(part) for part in re.findall(r"\d+", path.parts[-3])], reverse=True
    )
    outcome = run(
        (_uv(environ), "python", "find", "--no-python-downloads", PYTHON),
        cwd=Path("/"),
        env=base_environment(),
        seconds=30,
    )
    if outcome.ok:
        yield Path(outcome.stdout.strip())


def _uv(environ: Mapping[str, str]) -> str:
    beside = Path(sys.executable).with_name("uv")
    found = shutil.which("uv", path=environ.get("PATH", os.defpath)) or (str(beside) if beside.exists() else None)
    if not found:
        raise UndecidedError("LocalStack is installed with uv, which is not on PATH.", remedy="pip install uv")
    return found

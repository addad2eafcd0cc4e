"""Emulators that outlive the command that started them: `modferry emulator start`, `stop`, `status`.

Promise: what is recorded is a process by id and start time, so that `stop` can only end what we started; it
carries no run's mark, so that no run's sweep ends it. Everything of it lies in one folder under the user's cache.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.adapters.emulators.localstack import connect_localstack, settings
from pipeline.adapters.emulators.localstack_install import VERSION, installed
from pipeline.adapters.emulators.moto import connect_moto, server_settings
from pipeline.adapters.processes import RUN_MARK, base_environment, is_alive, run_mark
from pipeline.adapters.services import free_port
from pipeline.adapters.toolchain import xdg
from pipeline.errors import ModferryError, UndecidedError

START_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Running:
    """An emulator that runs by itself; `mark` is its pid and start time."""

    name: str
    endpoint: str
    mark: str


def start(name: str, environ: Mapping[str, str]) -> Running:
    """Start it unless it runs; returns when it answers real calls."""
    found = status(name, environ)
    if found:
        return found
    folder = _folder(name, environ)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    port = free_port()
    argv, more = _command(name, port, folder, environ)
    env = base_environment(more)
    del env[RUN_MARK]
    with (folder / "log").open("ab") as log:
        child = subprocess.Popen(
            argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    running = Running(name=name, endpoint=f"http://127.0.0.1:{port}", mark=run_mark(child.pid))
    (folder / "running.json").write_text(json.dumps(asdict(running)))
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            _probe(running)
        except (OSError, ModferryError) as error:
            if child.poll() is not None or time.monotonic() > end:
                words = " ".join((folder / "log").read_text(errors="replace").split())[-300:]
                stop(name, environ)
                raise UndecidedError(f"{name} does not come up: {words}", remedy="modferry doctor") from error
            time.sleep(0.3)
        else:
            return running


def stop(name: str, environ: Mapping[str, str]) -> bool:
    """End it, if it is the process that we started; whether there was one."""
    found = status(name, environ)
    if found:
        pid = int(found.mark.partition(".")[0])
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, sign)
            end = time.monotonic() + 5
            while is_alive(found.mark) and time.monotonic() < end:
                time.sleep(0.05)
    shutil.rmtree(_folder(name, environ), ignore_errors=True)
    return found is not None


def status(name: str, environ: Mapping[str, str]) -> Running | None:
    """The one that runs, if its process still is the one we started."""
    try:
        found = Running(**json.loads((_folder(name, environ) / "running.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return found if is_alive(found.mark) else None


def _folder(name: str, environ: Mapping[str, str]) -> Path:
    return xdg("XDG_CACHE_HOME", ".cache", environ) / "emulators" / name


def _command(
    name: str, port: int, folder: Path, environ: Mapping[str, str]
) -> tuple[tuple[str, ...], Mapping[str, str]]:
    if name == "moto":
        server = (sys.executable, "-m", "pipeline.adapters.emulators.moto_server")
        return (*server, "--port", str(port), "--address-file", str(folder / "port")), server_settings()
    python = installed(environ)
    if python is None:
        raise UndecidedError(f"LocalStack {VERSION} is not installed.", remedy="modferry emulator install localstack")
    for part in ("root", "volume", "tmp"):
        (folder / part).mkdir()
    return (str(python), "-m", "localstack.runtime.main"), settings(port, folder)


def _probe(running: Running) -> None:
    """Real calls, because a port that listens proves nothing."""
    if running.name == "moto":
        connect_moto(running.endpoint).probe()
    else:
        connect_localstack(running.endpoint)

"""Runs a promotion with real adapters and kills itself (SIGKILL, parent and children) at one point.

`python -m tests.promotion.killer POINT NTH promote MODULE VERSION ENV`; POINT `list` prints every point passed. With
FILL_AT_POINT the disk of that folder is filled to the last byte instead.
A point is `before` or `after` an effect: a ledger write, a landing, a plan, an apply, a verification; `middle
apply` strikes while Terraform applies.
"""

import contextlib
import dataclasses
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.adapters.holders import MARK
from pipeline.cli import App
from pipeline.commands.promote import promote
from pipeline.console import Console
from pipeline.domain.version import parse_version
from pipeline.wiring import open_ferry, open_project


class Watch:
    """Counts points, and strikes at one."""

    def __init__(self, name: str, nth: int) -> None:
        self.name, self.nth = name, nth
        self.seen: Counter[str] = Counter()

    def __call__(self, point: str) -> None:
        if self.name == "list":
            print(f"{point}\t{self.seen[point]}", flush=True)
        if (point, self.seen[point]) == (self.name, self.nth):
            strike()
        self.seen[point] += 1


def strike() -> None:
    """Die, or fill a disk."""
    folder = os.environ.get("FILL_AT_POINT", "")
    if not folder:
        die()
    for size in (1 << 16, 1):  # the last byte too
        with contextlib.suppress(OSError), Path(folder, f"filler-{size}").open("wb", buffering=0) as filler:
            while True:
                filler.write(b"x" * size)


def die() -> None:
    """kill -9: Terraform's process group first (it leads its own), then ourselves."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}=".encode() in (folder / "environ").read_bytes() and _is_ours(int(folder.name)):
                os.killpg(int(folder.name), signal.SIGKILL)
        except (OSError, ValueError):
            continue
    os.kill(os.getpid(), signal.SIGKILL)


def _is_ours(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1] == str(os.getpid())


class Wrapped:
    """A port whose calls are points."""

    def __init__(self, port: Any, watch: Watch, **names: Callable[..., str]) -> None:
        self.port, self.watch, self.names = port, watch, names

    def __getattr__(self, name: str) -> Any:
        real = getattr(self.port, name)
        if name not in self.names:
            return real

        def call(*arguments: Any, **more: Any) -> Any:
            what = self.names[name](*arguments)
            self.watch(f"before {what}")
            if self.watch.name == f"middle {what}":
                threading.Thread(target=self._strike_soon, args=(what,), daemon=True).start()
            done = real(*arguments, **more)
            self.watch(f"after {what}")
            return done

        return call

    def _strike_soon(self, what: str) -> None:
        time.sleep(0.6)
        die()


def main() -> None:
    """Run it."""
    name, nth, _, module, version, environment = sys.argv[1:]
    watch = Watch(name, int(nth))
    app = App(directory=Path.cwd(), console=Console(as_json=False, environ={}))
    project = open_project(app.directory, app.environ, app.now)
    with open_ferry(project, app.environ, lambda _: None) as ferry:
        wrapped = dataclasses.replace(
            ferry,
            ledger=Wrapped(ferry.ledger, watch, append=lambda *_: "write"),
            trunk=Wrapped(ferry.trunk, watch, land=lambda *_: "land"),
            stacks=Wrapped(
                ferry.stacks,
                watch,
                plan=lambda job: f"plan {job.stack}",
                apply=lambda job: f"apply {job.stack}",
                verify=lambda job: f"verify {job.stack}",
            ),
        )
        result = promote(wrapped, {module: parse_version(version)}, environment, bypass="kill points")
    raise SystemExit(int(result.code) if result else 3)


if __name__ == "__main__":
    main()

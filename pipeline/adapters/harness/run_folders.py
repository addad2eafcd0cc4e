"""Where runs work, and what dead ones left.

What a run is about to create is journalled by where it works: a folder under the user's cache that is named by the
run's mark (pid and start time), with the target in it. A run that died leaves it; `sweep` (the next run, or `modferry
sandbox sweep`) ends its processes, empties its accounts in an emulator that stays, and removes it. A folder that holds
the only state of something real stays, and is named.
"""

import contextlib
import fnmatch
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.adapters.emulators.guest import empty_left
from pipeline.adapters.processes import end_orphans, is_alive, run_mark
from pipeline.adapters.toolchain import xdg

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of the run's own is made there, under a name that nobody guesses
MEMORY_BYTES = 4 << 30
"""Free bytes from which memory is used: a run's copies, states and logs take some tens of MB."""
PREFIX = "modferry-"
THROWN_AWAY = frozenset({"moto", "localstack"})
"""Targets whose runs leave nothing that anybody would want back. A run makes and removes some ten thousand files, and
ext4 looks at each inode that was freed in the last minutes before it makes the next: a fifteenth of the processor
time of `modferry demo` (measured)."""


def runs_folder(environ: Mapping[str, str]) -> Path:
    """Where runs work: `modferry/runs` in the user's cache."""
    return xdg("XDG_CACHE_HOME", ".cache", environ) / "runs"


@contextmanager
def run_folder(environ: Mapping[str, str], target: str, *, reaches: Collection[str] = ()) -> Iterator[Path]:
    """A folder for this run; removed at its end unless something of it is still needed.

    Where nothing in it would be missed after a power cut, it lies in memory, and a link in its place: `reaches` are
    the targets of whatever the run may touch (default: `target` itself).
    """
    sweep(environ)
    place = runs_folder(environ) / f"{run_mark()}-{os.urandom(3).hex()}"
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = place
    if set(reaches or (target,)) <= THROWN_AWAY and has_memory():
        folder = MEMORY / f"{PREFIX}{place.name}"
        place.symlink_to(folder)  # first: what is there without it would be found by nobody
    folder.mkdir(mode=0o700)
    (folder / "run.json").write_text(json.dumps({"target": target}))
    try:
        yield folder
    finally:
        if not _must_stay(folder):
            remove(place)


def has_memory() -> bool:
    """Whether there is a memory file system with room, from which programs may be started."""
    try:
        free = os.statvfs(MEMORY)
    except OSError:
        return False
    return (
        os.access(MEMORY, os.W_OK) and not free.f_flag & os.ST_NOEXEC and free.f_bavail * free.f_frsize >= MEMORY_BYTES
    )


def remove(place: Path) -> None:
    """Remove a run's folder, and where it lies in memory the link to it; never what a link of somebody else's names."""
    if place.is_symlink():
        folder = place.readlink()
        if folder.parent == MEMORY and folder.name == f"{PREFIX}{place.name}":
            shutil.rmtree(folder, ignore_errors=True)
        place.unlink(missing_ok=True)
    else:
        shutil.rmtree(place, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What a sweep ended (pids), removed (folders), and could not destroy (folders with state)."""

    ended: tuple[int, ...]
    removed: tuple[Path, ...]
    left: tuple[Path, ...]


def sweep(environ: Mapping[str, str]) -> Swept:
    """End and remove what dead runs left. Folders of real accounts with state stay, and are named."""
    ended = tuple(end_orphans())
    removed: list[Path] = []
    left: list[Path] = []
    for folder in sorted(runs_folder(environ).glob("*")):
        mark = folder.name.rpartition("-")[0]
        if not is_alive(mark):
            _clear(folder, removed, left)
    named = {folder.resolve() for folder in left}
    for folder in _forgotten():
        if folder not in named:
            _clear(folder, removed, left)
    return Swept(ended=ended, removed=tuple(removed), left=tuple(left))


def _clear(folder: Path, removed: list[Path], left: list[Path]) -> None:
    if _must_stay(folder):
        left.append(folder)
    else:
        empty_left(folder)
        remove(folder)
        removed.append(folder)


def _forgotten() -> list[Path]:
    """Folders in memory of this user's dead runs; after a walk through the links, those whose link went with its
    cache."""
    found = []
    for folder in MEMORY.glob(f"{PREFIX}*") if MEMORY.is_dir() else ():
        with contextlib.suppress(OSError):  # another sweep was faster
            dead = not is_alive(folder.name.removeprefix(PREFIX).rpartition("-")[0])
            if dead and folder.lstat().st_uid == os.getuid() and (folder / "run.json").exists():
                found.append(folder)
    return sorted(found)


def list_runs(environ: Mapping[str, str]) -> list[tuple[Path, str, bool, bool]]:
    """(folder, target, whether its run is alive, whether a state in it holds resources) of every run's folder."""
    return [
        (
            folder,
            _target_of(folder),
            is_alive(folder.name.rpartition("-")[0]),
            any(_holds(state) for state in _files(folder, "terraform.tfstate")),
        )
        for folder in sorted(runs_folder(environ).glob("*"))
    ]


def _must_stay(folder: Path) -> bool:
    """Whether a state is only here: of real resources that tests made, or one that Terraform could not upload."""
    target = _target_of(folder)
    if target == "promotion":
        return any(_files(folder, "errored.tfstate"))
    return target == "account" and any(_holds(state) for state in _files(folder, "*.tfstate"))


def _files(folder: Path, pattern: str) -> Iterator[Path]:
    """Files by name; what a lane that is ending removes meanwhile is not there, what cannot be read is an error."""

    def missing(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    for where, _, names in os.walk(folder, onerror=missing):
        yield from (Path(where, name) for name in fnmatch.filter(names, pattern))


def _target_of(folder: Path) -> str:
    try:
        record: dict[str, Any] = json.loads((folder / "run.json").read_text())
    except (OSError, ValueError):
        return ""
    return str(record.get("target", ""))


def _holds(state: Path) -> bool:
    try:
        return bool(json.loads(state.read_text()).get("resources"))
    except (OSError, ValueError):
        return True

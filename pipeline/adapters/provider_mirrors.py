"""Provider plugins on this machine: which filesystem mirrors exist and what they hold.

A mirror is a folder `<host>/<namespace>/<name>/<version>/<os>_<arch>/` ("unpacked layout"); see "Provider
Installation" in Terraform's CLI configuration documentation. Terraform walks it without following symbolic
links above the platform folder, so neither do we. Nothing here is downloaded.
"""

import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipeline.errors import UndecidedError

AWS = "registry.terraform.io/hashicorp/aws"
Holdings = dict[str, dict[str, Path]]
"""Provider source address → version → the plugin's executable."""

_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?")
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?")
OPTIONAL_SOFTWARE = Path("/opt")
"""Add-on software packages (Filesystem Hierarchy Standard 3.0, section 3.13): images put mirrors there."""


def platform_name() -> str:
    """This machine as Terraform writes it, for example `linux_amd64`."""
    system = {"darwin": "darwin", "win32": "windows"}.get(sys.platform, "linux")
    machine = platform.machine().lower()
    return f"{system}_{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


def find_mirrors(environ: Mapping[str, str], *, optional: Path = OPTIONAL_SOFTWARE) -> tuple[Path, ...]:
    """Existing mirrors in the order they are asked.

    MODFERRY_PROVIDER_MIRROR (a path list) first; then Terraform's implied mirror directories; then the first
    level of `optional` whose folders have the layout. A folder that holds no provider is left out.
    """
    named = [Path(part) for part in environ.get("MODFERRY_PROVIDER_MIRROR", "").split(os.pathsep) if part]
    candidates = [*named, *_implied(environ), *_folders(optional)]
    return tuple(dict.fromkeys(path for path in candidates if _is_mirror(path)))


def _implied(environ: Mapping[str, str]) -> Iterator[Path]:
    home = Path(environ.get("HOME") or Path.home())
    yield home / ".terraform.d" / "plugins"
    if sys.platform == "darwin":
        yield home / "Library/Application Support/io.terraform/plugins"
        yield Path("/Library/Application Support/io.terraform/plugins")
        return
    data = environ.get("XDG_DATA_HOME") or str(home / ".local/share")
    shared = environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for folder in (data, *shared.split(":")):
        yield Path(folder) / "terraform" / "plugins"


def _folders(path: Path) -> list[Path]:
    """Real folders in `path`, sorted; empty where it cannot be read."""
    try:
        return sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.is_symlink())
    except OSError:
        return []


def _is_mirror(path: Path) -> bool:
    return any(True for _ in _sources(path))


def _sources(mirror: Path) -> Iterator[tuple[str, Path]]:
    """(source address, its folder) for each provider of a mirror."""
    for host in _folders(mirror):
        if not _HOST.fullmatch(host.name):
            continue
        for namespace in _folders(host):
            for name in _folders(namespace):
                yield f"{host.name}/{namespace.name}/{name.name}", name


def sources(mirrors: Sequence[Path]) -> list[str]:
    """Source addresses that the mirrors serve, sorted."""
    return sorted({source for mirror in mirrors for source, _ in _sources(mirror)})


def holdings(mirrors: Sequence[Path]) -> Holdings:
    """Every plugin for this platform; of two mirrors with the same version the first counts."""
    found: Holdings = {}
    for mirror in mirrors:
        for source, folder in _sources(mirror):
            for version in _folders(folder):
                binary = _executable(version / platform_name(), source.rpartition("/")[2])
                if _VERSION.fullmatch(version.name) and binary:
                    found.setdefault(source, {}).setdefault(version.name, binary)
    return found


def _executable(folder: Path, name: str) -> Path | None:
    return next(iter(sorted(folder.glob(f"terraform-provider-{name}*"))), None) if folder.is_dir() else None


def version_order(version: str) -> tuple[int, int, int, bool, str]:
    """Sort key of a plain `1.2.3[-pre]` version: a pre-release comes before its release."""
    match = _VERSION.fullmatch(version)
    assert match, version
    return int(match[1]), int(match[2]), int(match[3]), match[4] is None, match[4] or ""


def provider_binary(mirrors: Sequence[Path], source: str = AWS, version: str | None = None) -> Path:
    """The plugin's executable: this version, or the newest one.

    Raises UndecidedError where no mirror holds it.
    """
    versions = holdings(mirrors).get(source, {})
    wanted = version or max(versions, key=version_order, default=None)
    if wanted is None or wanted not in versions:
        held = ", ".join(sorted(versions, key=version_order)) or "no version"
        raise UndecidedError(
            f"No provider mirror holds {source} {version or ''}".rstrip() + f" (they hold {held}).",
            remedy="terraform providers mirror DIR, then set MODFERRY_PROVIDER_MIRROR=DIR",
        )
    return versions[wanted]

"""What `terraform init` installed, asked one thing: may it read files of the stack's repository?

A module that was fetched stands in a package of its own, but `path.root`, `path.cwd` and the working directory are
the stack's. Source of the record: Terraform's internal/modsdir, `.terraform/modules/modules.json`.
"""

import json
import posixpath
from pathlib import Path

from pipeline.domain.ways_up import CODE, TEMPLATES, Base, find_ways

FETCHED = ".terraform/modules"


def module_folders(folder: Path) -> list[str]:
    """Where the record says that called modules lie, relative to the folder; without a record nowhere.

    Raises OSError, ValueError, KeyError or TypeError for a record that cannot be read.
    """
    record = folder / FETCHED / "modules.json"
    return [str(module["Dir"]) for module in json.loads(record.read_text())["Modules"]] if record.exists() else []


def leads_out(folder: Path, beside: str = "") -> bool:
    """Whether a fetched module of the stack in `folder` may lead out of its package and of the stack.

    `beside` names a folder that was put next to the stack's tree as a package too. Modules that the tree itself holds
    are not looked at. Without a record there is no module; one that cannot be read may lead anywhere.
    """
    try:
        places = {posixpath.normpath(place) for place in module_folders(folder)}
    except (OSError, ValueError, KeyError, TypeError):
        return True
    packages = {place: package for place in places if (package := _package(place, beside))}
    return any(_leaves(folder, place, package) for place, package in packages.items())


def _package(place: str, beside: str) -> str:
    """The package that a module's folder is in; empty for one of the stack's own tree."""
    parts = place.split("/")
    if place.startswith(f"{FETCHED}/"):
        return "/".join(parts[:3])
    return "/".join(parts[: parts.index(beside) + 1]) if beside in parts else ""


def _leaves(folder: Path, place: str, package: str) -> bool:
    try:
        read = [file for file in (folder / place).iterdir() if file.name.endswith(CODE)]
        read += [file for file in (folder / place).rglob("*") if file.name.endswith(TEMPLATES)]
        texts = {str(file): file.read_bytes() for file in read}
    except OSError:
        return True
    for name, data in texts.items():
        ways = find_ways(name, data)
        if ways is None or any(way.base in (Base.ROOT, Base.WORKING) for way in ways):
            return True
        ends = (f"{posixpath.normpath(posixpath.join(place, way.path))}/" for way in ways)
        if not all(end.startswith(f"{package}/") for end in ends):
            return True
    return False

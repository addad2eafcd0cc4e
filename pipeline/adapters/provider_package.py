"""The provider package that a warm Terraform is attached to, held against a stack's lock file and constraints.

Terraform leaves an attached provider out of all its checks: which version the lock names, whether the package has the
locked hash, whether the modules allow that version. Promise: `vouches` and `allows` say yes only where Terraform itself
would have installed this very package; whatever they cannot read is a no, and then stock Terraform judges.
Sources: Terraform, "Dependency Lock File"; the `h1:` hash is `Hash1` of golang.org/x/mod/sumdb/dirhash.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from semver import Version

from pipeline.adapters.hcl.module import ModuleReader, is_configuration
from pipeline.adapters.provider_mirrors import AWS
from pipeline.domain.constraint import parse_constraint
from pipeline.domain.pins import LOCK_FILE
from pipeline.errors import ModferryError

_LOCKED = re.compile(r'^provider "([^"]+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r'^ *version *= *"([^"]+)"$', re.MULTILINE)
_HASH = re.compile(r'^ *"([^"]+)",$', re.MULTILINE)
_MAY_CONSTRAIN = re.compile(rb"\brequired_providers\b|\bprovider\b")


@dataclass(frozen=True, kw_only=True)
class Package:
    """One provider package: source address, version, and the `h1:` hash of its files."""

    source: str
    version: str
    hash: str


def package_of(binary: Path, source: str = AWS) -> Package:
    """The package that an executable of an unpacked mirror (`…/<version>/<os>_<arch>/<executable>`) is in.

    Reads all of it: half a second for 700 MB.
    """
    folder = binary.resolve().parent
    return Package(source=source, version=folder.parent.name, hash=h1(folder))


def h1(folder: Path) -> str:
    """The hash of a folder's files, by their names and contents."""
    lines = []
    for name in sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()):
        with (folder / name).open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n")
    return f"h1:{base64.b64encode(hashlib.sha256(''.join(lines).encode()).digest()).decode()}"


def vouches(lock: bytes, package: Package) -> bool:
    """Whether a lock file names this version of the provider and this hash."""
    entries = [body for source, body in _LOCKED.findall(lock.decode(errors="replace")) if source == package.source]
    if len(entries) != 1:
        return False
    return _VERSION.findall(entries[0]) == [package.version] and package.hash in _HASH.findall(entries[0])


def is_locked(folder: Path, package: Package) -> bool:
    """Whether the lock file of a folder vouches for the package."""
    lock = folder / LOCK_FILE
    return lock.exists() and vouches(lock.read_bytes(), package)


def allows(folder: Path, package: Package) -> bool:
    """Whether every module of a folder that `terraform init` was run in lets the provider be of this version."""
    try:
        version = Version.parse(package.version)
        modules = [folder, *_installed(folder)]
        constraints = [text for module in modules for text in _constraints(module, package)]
        return all(parse_constraint(text).allows(version) for text in constraints)
    except (OSError, ValueError, KeyError, TypeError, ModferryError):
        return False


def _installed(folder: Path) -> Iterator[Path]:
    """The folders of called modules: Terraform's own record of them (internal/modsdir)."""
    record = folder / ".terraform" / "modules" / "modules.json"
    if record.exists():
        yield from {folder / module["Dir"] for module in json.loads(record.read_text())["Modules"]}


def _constraints(module: Path, package: Package) -> Iterator[str]:
    """What a module says about the provider's version. Files that cannot say anything are not parsed."""
    reader = ModuleReader()
    for path in sorted(path for path in module.iterdir() if is_configuration(path.name)):
        data = path.read_bytes()
        if not _MAY_CONSTRAIN.search(data):
            continue
        blocks = reader.blocks(path.name, data)
        for placed in blocks:
            if placed.block.kind == "provider" and placed.block.attribute("version") is not None:
                raise ValueError("a version in a provider block: Terraform knows what to make of it")
        for requirement in reader.interface(b for b in blocks if b.block.kind == "terraform").requirements.values():
            if requirement.address in (package.source, package.source.removeprefix("registry.terraform.io/")):
                yield requirement.constraint

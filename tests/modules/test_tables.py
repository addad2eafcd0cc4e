"""The tables of docs/modules: every block and validation of a module has a row, and every test named there exists."""

import re
from pathlib import Path

import pytest

from pipeline.adapters.hcl.module import interface_of
from pipeline.domain.interface.elements import Interface

ROOT = Path(__file__).parents[2]
MODULES = ("core", "eks", "server-group", "vpc")
_CODE = re.compile(r"`([^`]+)`")
_RUN = re.compile(r'^run "(\w+)"', re.MULTILINE)
_FUNCTION = re.compile(r"^def (\w+)", re.MULTILINE)


def interface(module: str) -> Interface:
    folder = ROOT / "modules" / module
    return interface_of({path.name: path.read_bytes() for path in sorted(folder.glob("*.tf"))})


def sections(module: str) -> dict[str, str]:
    """Heading's first word → text."""
    _, *parts = (ROOT / "docs/modules" / f"{module}.md").read_text().split("\n## ")
    return {part.split()[0].rstrip(","): part for part in parts}


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def runs_of(module: str) -> set[str]:
    """Names of all runs and functions of a module's tests."""
    folder = ROOT / "modules" / module / "tests"
    native = {name for path in folder.rglob("*.tftest.hcl") for name in _RUN.findall(path.read_text())}
    return native | {name for path in folder.rglob("*.py") for name in _FUNCTION.findall(path.read_text())}


@pytest.mark.parametrize("module", MODULES)
def test_every_block_has_a_row_with_a_test_that_exists(module: str) -> None:
    found = interface(module)
    table = rows(sections(module)["Resources"])
    named = {name for row in table for name in _CODE.findall(row[0])}
    assert {*found.resources, *(call.address for call in found.modules.values())} == named
    assert all(_CODE.findall(row[1]) and row[2] for row in table[2:]), "each row says where it is planned and applied"


@pytest.mark.parametrize("module", MODULES)
def test_every_validation_has_a_run_that_exists(module: str) -> None:
    validated = {name: len(v.validations) for name, v in interface(module).variables.items() if v.validations}
    table = {_CODE.findall(row[0])[0]: row[1] for row in rows(sections(module)["Validations"])[2:]}
    assert set(table) == set(validated)
    runs = runs_of(module)
    for variable, cell in table.items():
        names = _CODE.findall(cell)
        assert {name for name in names if not name.startswith("_")} <= runs, variable
        for name in (name for name in names if name.startswith("_")):  # `_for_tls`: the end of a name like the last
            assert any(run.endswith(name) for run in runs), name
        numbers = [int(number) for number in re.findall(r"(?:^|; )(\d+) `", cell)]
        if numbers:
            assert numbers == list(range(1, validated[variable] + 1)), f"{variable} has {validated[variable]}"
        assert len(names) >= validated[variable], variable


@pytest.mark.parametrize("module", MODULES)
def test_every_test_that_is_named_exists(module: str) -> None:
    runs, text = runs_of(module), "\n".join(sections(module).values())
    named = {name.rpartition("::")[2] for name in _CODE.findall(text) if "::" in name}
    assert {name for name in named if not name.startswith("_") and "…" not in name} <= runs
    assert all(any(run.startswith(name.rstrip("…")) for run in runs) for name in named if "…" in name)

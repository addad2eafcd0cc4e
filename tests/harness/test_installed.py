"""Fetched modules that may read the stack's repository are told from those that stay in their package."""

import json
from pathlib import Path

import pytest

from pipeline.adapters.installed import leads_out
from tests.conftest import write_files

FETCHED = ".terraform/modules/net"


def stack(where: Path, text: str, place: str = f"{FETCHED}/modules/net", name: str = "main.tf") -> Path:
    """A stack with one module in a place, which says this."""
    folder = where / "environments" / "dev" / "a"
    listed = {"Modules": [{"Key": "", "Source": "", "Dir": "."}, {"Key": "net", "Source": "x", "Dir": place}]}
    (folder / place).mkdir(parents=True)
    write_files(folder, {".terraform/modules/modules.json": json.dumps(listed), "main.tf": "a = path.cwd\n"})
    write_files(folder / place, {name: text})
    return folder


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("", False),
        ('a = file("${path.module}/x")', False),
        ('module "b" {\n  source = "../keys"\n}', False),
        ('a = file("${path.module}/../keys/x")', False),
        ('a = file("${path.module}/../../../x/y")', True),
        ('a = "${path.root}/../x"', True),
        ('a = file("../x")', True),
        ('a = "../x"', True),
        ("a = path.cwd", True),
    ],
)
def test_a_fetched_module_stays_in_its_package_or_leads_out(tmp_path: Path, text: str, out: bool) -> None:
    assert leads_out(stack(tmp_path, text)) is out


def test_templates_of_a_fetched_module_count(tmp_path: Path) -> None:
    assert leads_out(stack(tmp_path, '${file("../x")}', name="templates/x.tftpl"))


def test_modules_of_the_tree_itself_were_looked_at_already(tmp_path: Path) -> None:
    place = "../../../candidate/modules/net"
    folder = stack(tmp_path, 'a = "../x"', place=place)
    assert not leads_out(folder)
    assert leads_out(folder, beside="candidate")


def test_what_cannot_be_read_may_lead_anywhere(tmp_path: Path) -> None:
    assert not leads_out(tmp_path)
    write_files(tmp_path, {".terraform/modules/modules.json": "{"})
    assert leads_out(tmp_path)
    gone = json.dumps({"Modules": [{"Dir": f"{FETCHED}/gone"}]})
    write_files(tmp_path, {".terraform/modules/modules.json": gone})
    assert leads_out(tmp_path)

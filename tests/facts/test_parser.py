"""Reading a file block by block says what reading it whole says, or declines."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.hcl import parser
from pipeline.adapters.hcl.parser import parse_blocks

ROOT = Path(__file__).parent.parent.parent
FILES = sorted([*(ROOT / "modules").rglob("*.tf"), *(ROOT / "tests" / "fixtures").rglob("*.tf")])


def whole(content: bytes) -> object:
    return parser._whole(content, "f.tf")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_here(path: Path) -> None:
    content = path.read_bytes()
    assert parse_blocks(content, "f.tf") == whole(content)


PARTS = [
    'variable "a" {\n  type = string\n}\n',
    'variable "b" {}\n',
    'variable "c" { default = { x = "}" } }\n',
    "# variable {\n",
    "// }\n",
    "\n",
    '/*\nvariable "d" {\n}\n*/\n',
    '/* x */ variable "e" {\n}\n',
    'output "f" {\n  value = <<EOT\n}\nEOT\n}\n',
    'output "g" {\n  value = <<-EOT\n    ${var.x}\n  EOT\n}\n',
    "locals {\n  x = {\n}\n}\n",
    "locals {\n  /*\n}\n*/\n}\n",
    'resource "a" "b" { # }\n  count = 1\n}\n',
    'resource "a" "b" {\r\n  count = 1\r\n}\r\n',
    'output "h" {\n  value = "é" # ü\n}\n',
    '  variable "i" {\n  }\n',
    "locals { x = 1 }   \n",
]


@given(st.lists(st.sampled_from(PARTS), max_size=6))
def test_any_layout(parts: list[str]) -> None:
    content = "".join(parts).encode()
    assert parse_blocks(content, "f.tf") == whole(content)


@given(
    st.lists(st.sampled_from([*'"{}[]()<>=#/*$%\\\n ,x1', "EOT", "<<EOT\n", 'variable "x" {\n', "}\n"]), max_size=25)
)
def test_what_is_broken_whole_is_broken_in_pieces(parts: list[str]) -> None:
    content = "".join(parts).encode()

    def said(read: object) -> object:
        try:
            return read(content, "f.tf")  # type: ignore[operator]
        except Exception as error:  # noqa: BLE001 - both must fail with the same words
            return (type(error).__name__, str(error))

    assert said(parse_blocks) == said(parser._whole)

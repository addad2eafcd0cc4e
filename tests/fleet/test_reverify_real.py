"""`modferry reverify` with Terraform and moto: one version that passes, one that fails, one that cannot be tried."""

import os
from pathlib import Path

import pytest

from pipeline.adapters.toolchain import find_toolchain
from pipeline.errors import Exit
from tests.conftest import MakeRepository
from tests.fleet.story import SOURCE, pinned, runner
from tests.fleet.test_reverify import AWS, Nights

pytestmark = pytest.mark.terraform


def module(constraint: str) -> str:
    return f"""terraform {{
  required_version = ">= 1.5"
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "{constraint}"
    }}
  }}
}}

variable "cidr" {{
  description = "The block."
  type        = string
  default     = "10.0.0.0/16"
}}

resource "aws_vpc" "this" {{
  cidr_block = var.cidr
}}
"""


def check(cidr: str) -> str:
    return f"""run "block" {{
  command = plan
  assert {{
    condition     = aws_vpc.this.cidr_block == "{cidr}"
    error_message = "another block"
  }}
}}
"""


MAIN, TEST = "modules/vpc/main.tf", "modules/vpc/tests/unit/a.tftest.hcl"
FILES = {
    "modferry.toml": f'source = "{SOURCE}"\n[test]\nsuites = ["static", "unit"]\n',
    MAIN: module(">= 5.0"),
    TEST: check("10.0.0.0/16"),
    "environments/prod/a/main.tf": pinned(vpc="0.1.0"),
    "environments/prod/b/main.tf": pinned(vpc="0.2.0"),
}


def test_the_suites_of_tags_decide(
    make_repository: MakeRepository, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    nights = Nights(clone=make_repository(FILES))
    nights.release("0.1.0")
    nights.release("0.2.0", **{TEST: check("10.1.0.0/16")})
    nights.release("0.3.0", **{TEST: check("10.0.0.0/16"), MAIN: module("< 1.0")})
    held = max(find_toolchain(scratch=tmp_path, environ=os.environ).providers()[AWS])
    modferry = runner(nights.clone, capsys)
    said = modferry("reverify", "--json")
    assert said.code == Exit.TESTS_FAILED, said.text
    good, bad, odd = said.document["versions"]
    assert [(v["version"], v["outcome"], v["because"]) for v in (good, bad, odd)] == [
        ("0.1.0", "passed", ["prod/a pins it"]),
        ("0.2.0", "failed", ["prod/b pins it"]),
        ("0.3.0", "unknown", ["latest"]),
    ]
    assert good["providers"] == bad["providers"] == {AWS: held}
    assert (good["target"], bool(good["terraform"]), good["emulator"][:4]) == ("moto", True, "moto")
    assert [s["outcome"] for s in bad["suites"]] == ["passed", "failed"]
    assert bad["suites"][1]["bad"] == ["tests/unit/a.tftest.hcl::block"]
    assert "finds no tools that it allows" in odd["why"]
    board = modferry("status", "--json").document
    rows = {row["stack"]: row["pins"][0]["failing"] for row in board["stacks"]}
    assert rows == {"a": False, "b": True}

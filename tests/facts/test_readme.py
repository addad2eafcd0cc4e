"""README tables: their layout, their markers, and that writing them twice changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.hcl.module import interface_of
from pipeline.domain.readme import BEGIN, END, is_current, render, replace
from pipeline.errors import UsageError

MODULE = """
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0, < 6.0" }
  }
}
variable "b_list" {
  type        = list(string)
  description = "One | two\\nlines"
  default     = []
}
variable "a_shape" {
  type = object({
    size = optional(number, 3)
  })
  default = { size = 1.50 }
}
resource "aws_vpc" "this" {}
data "other_thing" "x" {}
module "net" {
  source  = "app/net/aws"
  version = "1.0.0"
}
output "vpc_id" {
  value       = aws_vpc.this.id
  description = "Id"
}
"""
TABLES = render(interface_of({"main.tf": MODULE.encode()}))


@pytest.mark.parametrize(
    "line",
    [
        r'| <a name="requirement_terraform"></a> [terraform](#requirement\_terraform) | >= 1.5 |',
        r'| <a name="provider_aws"></a> [aws](#provider\_aws) | >= 5.0, < 6.0 |',
        r'| <a name="provider_other"></a> [other](#provider\_other) | n/a |',
        r'| <a name="module_net"></a> [net](#module\_net) | app/net/aws | 1.0.0 |',
        r"| [aws\_vpc.this](https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/vpc)"
        r" | resource |",
        r'| <a name="input_a_shape"></a> [a\_shape](#input\_a\_shape) | n/a '
        r'| <pre>object({<br/>  size = optional(number, 3)<br/>})</pre> | <pre>{<br/>  "size": 1.5<br/>}</pre> | no |',
        r'| <a name="input_b_list"></a> [b\_list](#input\_b\_list) | One \| two<br/>lines '
        r"| `list(string)` | `[]` | no |",
        r'| <a name="output_vpc_id"></a> [vpc\_id](#output\_vpc\_id) | Id |',
    ],
)
def test_rows(line: str) -> None:
    assert line in TABLES.splitlines()


def test_an_empty_module_says_so() -> None:
    tables = render(interface_of({}))
    assert "## Inputs\n\nNo inputs." in tables
    assert "## Requirements\n\nNo requirements." in tables


@given(before=st.text(), after=st.text(), old=st.text(alphabet="ab\n|"))
def test_only_the_part_between_the_markers_changes(before: str, after: str, old: str) -> None:
    if BEGIN in before or END in before:
        return
    readme = f"{before}{BEGIN}{old}{END}{after}"
    written = replace(readme, TABLES)
    assert written.startswith(before + BEGIN)
    assert written.endswith(END + after)
    assert replace(written, TABLES) == written
    assert is_current(written, TABLES)


def test_without_markers_it_refuses() -> None:
    with pytest.raises(UsageError, match="BEGIN_TF_DOCS"):
        replace("# x\n", TABLES)

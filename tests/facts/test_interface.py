"""What is read from a module's files: native syntax, JSON, overrides, and errors with their place."""

from decimal import Decimal

import pytest

from pipeline.adapters.hcl.module import ModuleReader, interface_of
from pipeline.domain.interface.elements import Interface, Repetition
from pipeline.domain.interface.syntax import Literal, Place
from pipeline.domain.interface.types import ANY, NUMBER, STRING, Collection, Field, Kind, ObjectType, show_type
from pipeline.errors import UsageError


def read(**files: str) -> Interface:
    return interface_of({f"m/{name.replace('__', '.')}": text.encode() for name, text in files.items()})


VARIABLES = """\
# a comment
variable "name" {
  description = "Who \\"it\\" is"
  type        = string
}

variable "shape" {
  type = object({
    size  = optional(number, 3)   # inline
    names = list(string)
    extra = optional(map(any))
  })
  default   = { size = -1.50, names = ["a", "b"] }
  nullable  = false
  sensitive = true
  ephemeral = true

  validation {
    condition     = length(var.shape.names) > 0
    error_message = "One name at least."
  }
}

variable "text" {
  default = <<-EOT
    first
      second $${kept}
  EOT
}
"""


def test_a_variable_is_read_whole() -> None:
    found = read(variables__tf=VARIABLES).variables
    assert list(found) == ["name", "shape", "text"]
    assert found["name"].required
    assert found["name"].description == 'Who "it" is'
    assert found["name"].at == Place("m/variables.tf", 2, 1)
    shape = found["shape"]
    assert shape.type == ObjectType(
        (
            Field("extra", Collection(Kind.MAP, ANY), optional=True),
            Field("names", Collection(Kind.LIST, STRING)),
            Field("size", NUMBER, optional=True, default=Literal(Decimal(3))),
        )
    )
    assert show_type(shape.type) == (
        "object({extra = optional(map(any)), names = list(string), size = optional(number)})"
    )
    assert (shape.nullable, shape.sensitive, shape.ephemeral, shape.required) == (False, True, True, False)
    assert [(v.text, v.message, v.line) for v in shape.validations] == [
        ("length(var.shape.names) > 0", "One name at least.", 11)
    ]
    assert found["text"].default == Literal("first\n  second ${kept}\n")
    assert found["text"].type is ANY


MAIN = """\
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = "~> 5.0"
      configuration_aliases = [aws.replica, aws.dns]
    }
    random = "3.1.0"
  }
}

provider "null" { alias = "n" }

resource "aws_vpc" "this" {
  count = var.on ? 1 : 0
}

data "aws_region" "here" {
  provider = aws.dns
}

module "net" {
  source    = "../net"
  for_each  = toset(["a"])
  providers = { aws = aws.dns }
}

moved {
  from = aws_vpc.old
  to   = aws_vpc.this[0]
}

removed {
  from = aws_vpc.gone
  lifecycle { destroy = false }
}

output "ids" {
  value     = [for s in module.net : s.ids[var.key]]
  sensitive = true
}
"""


def test_requirements_addresses_and_moves() -> None:
    found = read(main__tf=MAIN)
    assert found.required_version == ">= 1.5"
    assert found.required_version_at == Place("m/main.tf", 2, 3)
    aws = found.requirements["aws"]
    assert (aws.source, aws.constraint, aws.aliases) == ("hashicorp/aws", "~> 5.0", ("aws.dns", "aws.replica"))
    assert aws.at == Place("m/main.tf", 4, 5)
    assert found.requirements["random"].address == "hashicorp/random"
    assert [(p.name, p.alias) for p in found.providers] == [("null", "n")]
    assert {a: r.repetition for a, r in found.resources.items()} == {
        "aws_vpc.this": Repetition.COUNT,
        "data.aws_region.here": Repetition.NONE,
    }
    assert found.resources["data.aws_region.here"].provider == "aws.dns"
    net = found.modules["net"]
    assert (net.source, net.is_local, net.repetition, net.providers) == (
        "../net",
        True,
        Repetition.FOR_EACH,
        {"aws": "aws.dns"},
    )
    assert [(m.source, m.target) for m in found.moved] == [("aws_vpc.old", "aws_vpc.this[0]")]
    assert [(r.source, r.destroy) for r in found.removed] == [("aws_vpc.gone", False)]
    assert found.outputs["ids"].refers_to == ("module.net", "var.key")
    assert found.outputs["ids"].sensitive


JSON = """\
{
  "variable": {
    "size": {
      "type": "list(number)",
      "default": [1, 2.5],
      "validation": {"condition": "${length(var.size) > 0}", "error_message": "no"}
    }
  },
  "resource": {"aws_vpc": {"this": [{"count": "${var.on ? 1 : 0}"}]}},
  "moved": [{"from": "aws_vpc.a", "to": "aws_vpc.b"}],
  "output": {"id": {"value": "x-${aws_vpc.this[0].id}"}},
  "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": ">= 5"}}}
}
"""


def test_json_syntax_means_the_same() -> None:
    native = """
variable "size" {
  type    = list(number)
  default = [1, 2.5]
  validation {
    condition     = length(var.size) > 0
    error_message = "no"
  }
}
resource "aws_vpc" "this" { count = var.on ? 1 : 0 }
moved {
  from = aws_vpc.a
  to   = aws_vpc.b
}
output "id" { value = "x-${aws_vpc.this[0].id}" }
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5" }
  }
}
"""
    left, right = read(main__tf__json=JSON), read(main__tf=native)
    assert left.variables["size"].type == right.variables["size"].type
    assert left.variables["size"].default == right.variables["size"].default
    assert left.variables["size"].validations[0].condition == right.variables["size"].validations[0].condition
    assert left.resources["aws_vpc.this"].many == right.resources["aws_vpc.this"].many
    assert left.outputs["id"].refers_to == right.outputs["id"].refers_to == ("aws_vpc.this.id",)
    assert (left.moved[0].source, left.moved[0].target) == ("aws_vpc.a", "aws_vpc.b")
    assert left.requirements["aws"].constraint == ">= 5"
    assert left.variables["size"].at == Place("m/main.tf.json", 3, 5)
    assert left.resources["aws_vpc.this"].at == Place("m/main.tf.json", 9, 37)


def test_overrides_merge_like_terraform() -> None:
    found = read(
        main__tf='variable "a" {\n  type = string\n  default = "x"\n}\nresource "t_x" "y" { count = 1 }\n'
        'terraform {\n required_version = ">= 1.0"\n required_providers { aws = { version = ">= 4" } }\n}\n',
        z_override__tf='variable "a" { default = "y" }\nresource "t_x" "y" { for_each = {} }\n'
        'terraform {\n required_version = ">= 1.2"\n required_providers { aws = { version = ">= 5" } }\n}\n',
        override__tf='variable "a" { default = "first" }\n',
    )
    assert found.variables["a"].default == Literal("y")
    assert found.variables["a"].type is STRING
    assert found.resources["t_x.y"].repetition is Repetition.FOR_EACH
    assert found.required_version == ">= 1.2"
    assert found.requirements["aws"].constraint == ">= 5"


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("main.tf", 'variable "a" {\n  type = string\n', "m/main.tf:"),
        ("main.tf", 'variable "a" {\n  default = = 1\n}\n', "m/main.tf:2:"),
        ("main.tf", 'locals {\n  ä = "é" @ 2\n}\n', "m/main.tf:2:11"),
        ("main.tf", 'variable "a" {\n  default = "x\n}\nvariable "b" {}\n', "m/main.tf:2:13"),
        ("main.tf", "a = 1\n", "m/main.tf:1:1"),
        ("main.tf", 'variable "a" {\n  type = strin\n}\n', "m/main.tf:2:3"),
        ("main.tf", 'variable "a" {}\nvariable "a" {}\n', "m/main.tf:2:1"),
        ("main.tf", 'variable "a" "b" {}\n', "m/main.tf:1:1"),
        ("main.tf.json", '{"variable": {,}}', "m/main.tf.json:1:15"),
        ("a_override.tf", 'variable "a" {}\n', "m/a_override.tf:1:1"),
    ],
)
def test_broken_files_are_named_with_line_and_column(name: str, text: str, place: str) -> None:
    with pytest.raises(UsageError) as caught:
        interface_of({f"m/{name}": text.encode()})
    assert place in str(caught.value)


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(UsageError, match=r"m/main\.tf:2:4: this is not UTF-8"):
        interface_of({"m/main.tf": b"# a\n# b\xff\n"})


def test_files_that_terraform_leaves_out_are_left_out() -> None:
    assert not read(**{"main__tf~": "not hcl {{{", ".x__tf": "{{{"}).variables


def test_a_block_seen_before_is_the_same_element_again() -> None:
    reader = ModuleReader()
    first = reader.read({"m/a.tf": b'variable "a" {}\nvariable "b" {}\n'})
    second = reader.read({"m/a.tf": b'variable "a" {}\nvariable "b" { default = 1 }\n'})
    assert first.variables["a"] is second.variables["a"]
    assert first.variables["b"] != second.variables["b"]

"""How many instances a block makes with every variable at its default."""

import pytest

from pipeline.adapters.hcl.module import interface_of
from pipeline.domain.interface.evaluate import Defaults

GIVEN = """
variable "off" { default = false }
variable "on" { default = true }
variable "must" {}
variable "none" { default = {} }
variable "some" { default = { a = 1 } }
variable "list" { default = [] }
variable "shape" {
  type    = object({ enabled = optional(bool, false), names = optional(list(string), ["a", "b"]) })
  default = {}
}
variable "nothing" { default = null }
locals {
  create = var.on && var.off
  circle = local.circle
  rules  = { for k, v in var.some : k => v if v > 5 }
}
"""


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("count = var.off ? 1 : 0", 0),
        ("count = var.on ? 1 : 0", 1),
        ("count = local.create ? 2 : 0", 0),
        ("count = local.circle ? 2 : 0", None),
        ("count = var.must ? 1 : 0", None),
        ("count = var.must && var.off ? 1 : 0", 0),
        ("count = var.must || var.on ? 3 : 0", 3),
        ("count = var.must ? 1 : 1", 1),
        ("count = length(var.list)", 0),
        ("count = length(var.list) > 0 ? 1 : 0", 0),
        ('count = length(concat(var.list, ["a"]))', 1),
        ("count = var.nothing != null ? 1 : 0", 0),
        ("count = var.nothing == null ? 1 : 0", 1),
        ("count = var.shape.enabled ? 1 : 0", 0),
        ('count = aws_vpc.x.id == "" ? 1 : 0', None),
        ("count = !var.off ? 1 : 0", 1),
        ("for_each = var.none", 0),
        ("for_each = var.some", 1),
        ("for_each = toset(var.shape.names)", 2),
        ("for_each = local.rules", 0),
        ("for_each = { for k, v in var.none : k => v.x }", 0),
        ("for_each = { for k, v in var.must : k => v.x }", None),
        ("for_each = var.off ? var.must : {}", 0),
        ("for_each = merge(var.none, var.some)", 1),
        ('for_each = toset(compact([var.nothing, ""]))', 0),
        ("", 1),
    ],
)
def test_instances(argument: str, expected: int | None) -> None:
    interface = interface_of({"main.tf": f'{GIVEN}\nresource "aws_x" "y" {{\n  {argument}\n}}\n'.encode()})
    resource = interface.resources["aws_x.y"]
    assert Defaults(interface).instances(resource.repetition, resource.many) == expected

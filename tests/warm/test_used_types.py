"""The scan for types in use: one too many is fine, one too few is a bug."""

import json
from pathlib import Path

import pytest

from pipeline.adapters.warm import is_missing_type, is_provider_lost, types_in, used_types
from tests.conftest import write_files


def test_blocks_references_moves_and_mocks_count(tmp_path: Path) -> None:
    files = {
        "main.tf": 'resource "aws_vpc" "this" {}\ndata "external" "x" {}\nephemeral "aws_secret" "s" {}\n'
        "moved {\n  from = aws_eip.a\n  to = aws_eip.b\n}\n",
        "more.tf.json": json.dumps({"resource": {"aws_sqs_queue": {"q": {}}}, "data": {"http": {"h": {}}}}),
        "tests/unit/a.tftest.hcl": 'mock_provider "aws" {\n mock_data "aws_ami" {}\n}\n',
        "tests/mocks/x.tfmock.hcl": 'mock_resource "aws_instance" {}\n',
    }
    write_files(tmp_path, files)
    types = {"aws_vpc", "external", "aws_secret", "aws_eip", "aws_sqs_queue", "aws_ami", "aws_instance"}
    assert types <= types_in(tmp_path)


def test_local_modules_are_followed_from_calls_and_from_test_runs(tmp_path: Path) -> None:
    files = {
        "stack/main.tf": 'module "a" {\n  source = "../modules/a"\n}\n',
        "modules/a/main.tf": 'module "b" { source = "./inner/b" }\nmodule "again" { source = "../../stack" }\n',
        "modules/a/inner/b/main.tf": 'resource "aws_kms_key" "k" {}\n',
        "stack/tests/x.tftest.hcl": 'run "setup" {\n  module {\n    source = "./tests/setup"\n  }\n}\n',
        "stack/tests/setup/main.tf": 'resource "aws_iam_role" "r" {}\n',
        "modules/unrelated/main.tf": 'resource "aws_db_instance" "d" {}\n',
    }
    write_files(tmp_path, files)
    found = types_in(tmp_path / "stack")
    assert {"aws_kms_key", "aws_iam_role"} <= found
    assert "aws_db_instance" not in found


def test_examples_count_because_tests_plan_them_too(tmp_path: Path) -> None:
    files = {
        "main.tf": 'resource "aws_kms_key" "k" {}',
        "examples/all/main.tf": 'resource "aws_vpc" "v" {}\nmodule "m" { source = "../.." }',
    }
    write_files(tmp_path, files)
    assert {"aws_kms_key", "aws_vpc"} <= types_in(tmp_path)


def test_installed_modules_count_where_their_record_says(tmp_path: Path) -> None:
    record = {"Modules": [{"Key": "", "Dir": "."}, {"Key": "eks", "Dir": ".terraform/modules/eks/modules/node"}]}
    files = {
        "main.tf": 'module "eks" { source = "git::https://example.org/eks.git//modules/node" }',
        ".terraform/modules/modules.json": json.dumps(record),
        ".terraform/modules/eks/modules/node/main.tf": 'resource "aws_launch_template" "t" {}',
        ".terraform/modules/eks/examples/all/main.tf": 'resource "aws_route53_zone" "z" {}',
    }
    write_files(tmp_path, files)
    assert "aws_launch_template" in types_in(tmp_path)
    assert "aws_route53_zone" not in types_in(tmp_path)


def test_the_state_counts_given_or_local(tmp_path: Path) -> None:
    write_files(tmp_path, {"terraform.tfstate": json.dumps({"resources": [{"type": "aws_s3_bucket"}]})})
    assert types_in(tmp_path) == {"aws_s3_bucket"}
    assert types_in(tmp_path, {"resources": [{"type": "aws_eip"}]}) == {"aws_s3_bucket", "aws_eip"}


@pytest.mark.parametrize("state", [{}, {"resources": None}, {"resources": [1, {"name": "x"}]}])
def test_a_strange_state_has_no_types(tmp_path: Path, state: dict[str, object]) -> None:
    write_files(tmp_path, {"terraform.tfstate": "{", ".terraform/modules/modules.json": "[]"})
    assert types_in(tmp_path, state) == frozenset()


def test_links_in_a_circle_and_unreadable_text_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_bytes(b'# \xff\xfe\nresource "aws_vpc" "this" {}\nmodule "x" { source = "./gone" }')
    (tmp_path / "loop").symlink_to(tmp_path)
    assert "aws_vpc" in types_in(tmp_path)


MISSING = """
╷
│ Error: Invalid resource type
│
│   on main.tf line 1, in resource "aws_nothing" "x":
╵"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MISSING, True),
        ("│ Error: Invalid data source\n│", True),
        ('{"@message":"Error: Invalid resource type"}', True),
        ("│ no schema available for\n│ aws_vpc.this while reading state; this is a bug", True),
        ("│ Error: Invalid value for variable", False),
        ("", False),
    ],
)
def test_a_missing_type_is_recognised(text: str, expected: bool) -> None:
    assert is_missing_type(text) is expected


def test_a_lost_provider_is_recognised_across_wrapped_lines() -> None:
    assert is_provider_lost("│ rpc error: desc = modferry relay: provider\n│ process ended (-9)")
    assert is_provider_lost("Error: Plugin did not respond")
    assert not is_provider_lost("Error: creating EC2 VPC")


def test_a_copy_of_the_same_files_is_not_searched_again(tmp_path: Path) -> None:
    """Each part of a run has its own copy; what a file was a moment ago counts for nothing where it changed."""
    for copy in ("one", "two"):
        write_files(tmp_path / copy, {"main.tf": 'resource "aws_eip" "this" {}\n'})
    assert types_in(tmp_path / "one") == {"aws_eip"}
    searched = used_types._said.cache_info().misses
    assert types_in(tmp_path / "two") == {"aws_eip"}
    assert used_types._said.cache_info().misses == searched
    write_files(tmp_path / "two", {"main.tf": 'resource "aws_vpc" "v" {}\n'})
    assert types_in(tmp_path / "two") == {"aws_vpc"}

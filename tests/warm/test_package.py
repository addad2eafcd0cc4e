"""A warm provider is attached only where a lock file and every module's constraint would have let Terraform take it."""

import json
from pathlib import Path

import pytest

from pipeline.adapters.warm.package import Package, allows, h1, is_locked, package_of, vouches

AWS = "registry.terraform.io/hashicorp/aws"
PACKAGE = Package(source=AWS, version="5.100.0", hash="h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0=")
LOCK = f"""# This file is maintained automatically by "terraform init".
# Manual edits may be lost in future updates.

provider "registry.terraform.io/hashicorp/archive" {{
  version = "2.7.1"
  hashes = [
    "h1:A7EnRBVm4h9ryO9LwxYnKr4fy7ExPMwD5a1DsY7m1Y0=",
  ]
}}

provider "{AWS}" {{
  version     = "5.100.0"
  constraints = ">= 5.100.0, < 6.0.0"
  hashes = [
    "{PACKAGE.hash}",
    "zh:054b8dd49f0549c9a7cc27d159e45327b7b65cf404da5e5a20da154b90b8a644",
  ]
}}
"""


def test_the_hash_is_that_of_a_list_of_hashes(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("two\n")
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "a" / "deep" / "file").write_text("one\n")
    # Made with sha256sum and base64: of each file by name, then of these lines.
    assert h1(tmp_path) == "h1:1P6okmg/umES7oq3TsbpU07QU3Ozm8Bn6v0AgULCgek="


def test_a_package_is_named_by_its_place_in_the_mirror(tmp_path: Path) -> None:
    binary = tmp_path / AWS / "5.100.0" / "linux_amd64" / "terraform-provider-aws_v5.100.0_x5"
    binary.parent.mkdir(parents=True)
    binary.write_text("x")
    assert package_of(binary) == Package(source=AWS, version="5.100.0", hash=h1(binary.parent))
    before = package_of(binary).hash
    (binary.parent / "LICENSE.txt").write_text("x")
    assert package_of(binary).hash != before, "all files of the package count"


@pytest.mark.parametrize(
    ("lock", "yes"),
    [
        (LOCK, True),
        ("", False),
        (LOCK.replace("5.100.0", "5.99.0"), False),
        (LOCK.replace(PACKAGE.hash, "h1:A7EnRBVm4h9ryO9LwxYnKr4fy7ExPMwD5a1DsY7m1Y0="), False),
        (LOCK.replace(AWS, "registry.terraform.io/other/aws"), False),
        (LOCK.replace('    "h1:edX', '    # "h1:edX'), False),
        (LOCK.replace('  version     = "5.100.0"\n', ""), False),
        (LOCK + LOCK, False),
    ],
)
def test_a_lock_vouches_for_one_version_with_one_hash(tmp_path: Path, lock: str, yes: bool) -> None:
    assert vouches(lock.encode(), PACKAGE) is yes
    (tmp_path / ".terraform.lock.hcl").write_text(lock)
    assert is_locked(tmp_path, PACKAGE) is yes


def test_a_folder_without_a_lock_is_not_locked(tmp_path: Path) -> None:
    assert not is_locked(tmp_path, PACKAGE)


def required(version: str, name: str = "aws", source: str = "hashicorp/aws") -> str:
    return (
        "terraform {\n  required_providers {\n"
        f'    {name} = {{\n      source  = "{source}"\n      version = "{version}"\n    }}\n  }}\n}}\n'
    )


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("", True),
        (required(">= 5.100.0, < 6.0.0"), True),
        (required(">= 6.0.0"), False),
        (required("~> 5.90"), True),
        (required("!= 5.100.0"), False),
        (required(">= 6.0.0", name="amazon"), False),
        (required(">= 6.0.0", source=AWS), False),
        (required(">= 6.0.0", source="other/aws"), True),
        ('terraform {\n  required_providers {\n    aws = ">= 6.0.0"\n  }\n}\n', False),
        ('provider "aws" {\n  region = "eu-west-1"\n}\n', True),
        ('provider "aws" {\n  version = ">= 5.0"\n}\n', False),
        (required("newest"), False),
        ("terraform { required_providers", False),
    ],
)
@pytest.mark.parametrize("where", ["", ".terraform/modules/net", "../shared"])
def test_every_module_must_allow_the_version(tmp_path: Path, text: str, yes: bool, where: str) -> None:
    folder = tmp_path / "stack"
    for module in {folder, folder / where}:
        module.mkdir(parents=True, exist_ok=True)
        (module / "main.tf").write_text(required(">= 5.0") + 'resource "aws_vpc" "this" {}\n')
    (folder / where / "more.tf").write_text(text)
    if where:
        record = folder / ".terraform" / "modules" / "modules.json"
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps({"Modules": [{"Key": "", "Dir": "."}, {"Key": "net", "Dir": where}]}))
    assert allows(folder, AWS, "5.100.0") is yes


@pytest.mark.parametrize("record", ["not JSON", '{"Modules": [{"Dir": "gone"}]}', "[]"])
def test_what_cannot_be_read_allows_nothing(tmp_path: Path, record: str) -> None:
    folder = tmp_path / ".terraform" / "modules"
    folder.mkdir(parents=True)
    (folder / "modules.json").write_text(record)
    assert not allows(tmp_path, AWS, "5.100.0")


def test_json_constrains_too(tmp_path: Path) -> None:
    requirement = {"aws": {"source": "hashicorp/aws", "version": ">= 6.0.0"}}
    (tmp_path / "main.tf.json").write_text(json.dumps({"terraform": {"required_providers": requirement}}))
    assert not allows(tmp_path, AWS, "5.100.0")

"""A plan is printed with a schema at hand: the same words as Terraform alone, and no provider's start."""

import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.processes import base_environment
from pipeline.adapters.terraform import Terraform
from pipeline.adapters.warm import PlanReader, WarmProvider
from pipeline.adapters.warm.used_types import types_in_plan
from pipeline.errors import UndecidedError
from tests.conftest import write_files
from tests.warm.conftest import Bench
from tests.warm.test_warm_terraform import SMALL

AWS = "registry.terraform.io/hashicorp/aws"


class FakeRelay(WarmProvider):
    """A relay that comes up, or does not; and what it was asked for."""

    def __init__(self, *, lives: bool = True, answers: bool = True) -> None:
        self.lives, self.answers = lives, answers
        self.asked: list[frozenset[str]] = []
        self.ended = False

    def start(self) -> None:
        if not self.lives:
            raise UndecidedError("It does not come up.")

    def schema_environment(self, types: frozenset[str]) -> dict[str, str]:
        self.asked.append(types)
        if not self.answers:
            raise UndecidedError("It is gone.")
        return {"TF_REATTACH_PROVIDERS": "{}"}

    def end(self) -> None:
        self.ended = True


def installed(tmp_path: Path, *versions: str) -> Path:
    """A working directory after `init` from a mirror; the binary of the mirror's 5.100.0."""
    for version in ("5.99.0", "5.100.0"):
        write_files(tmp_path / "mirror" / AWS / version / "linux_amd64", {"terraform-provider-aws": version})
    workdir = tmp_path / "work"
    for version in versions:
        link = workdir / ".terraform" / "providers" / AWS / version / "linux_amd64"
        link.parent.mkdir(parents=True)
        link.symlink_to(tmp_path / "mirror" / AWS / version / "linux_amd64")
    workdir.mkdir(exist_ok=True)
    with zipfile.ZipFile(workdir / "a.tfplan", "w") as plan:
        plan.writestr("tfstate", json.dumps({"resources": [{"type": "aws_gone"}]}))
        plan.writestr("tfconfig/m-/main.tf", 'resource "aws_here" "x" {}')
        plan.writestr("tfplan", b"\x0a\x61aws_long.name")
    return tmp_path / "mirror" / AWS / "5.100.0" / "linux_amd64" / "terraform-provider-aws"


def test_the_types_of_a_plan_are_those_of_its_configuration_and_of_its_state(tmp_path: Path) -> None:
    installed(tmp_path)
    found = types_in_plan(tmp_path / "work" / "a.tfplan")
    assert found is not None
    assert {"aws_gone", "aws_here"} <= found


@pytest.mark.parametrize("content", [None, b"", b"PK but no zip file"])
def test_what_is_no_plan_has_no_types(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.tfplan").write_bytes(content)
    assert types_in_plan(tmp_path / "a.tfplan") is None


def test_a_plan_of_the_very_binary_is_given_its_types(tmp_path: Path) -> None:
    relay = FakeRelay()
    reader = PlanReader(relay, binary=installed(tmp_path, "5.100.0"))
    assert reader.environment(tmp_path / "work", "a.tfplan") == {"TF_REATTACH_PROVIDERS": "{}"}
    assert {"aws_gone", "aws_here"} <= relay.asked[0]
    reader.end()
    assert relay.ended


@pytest.mark.parametrize("versions", [(), ("5.99.0",), ("5.99.0", "5.100.0")])
def test_a_plan_of_another_provider_is_left_to_terraform(tmp_path: Path, versions: tuple[str, ...]) -> None:
    relay = FakeRelay()
    reader = PlanReader(relay, binary=installed(tmp_path, *versions))
    assert reader.environment(tmp_path / "work", "a.tfplan") == {}
    assert relay.asked == []


@pytest.mark.parametrize("relay", [FakeRelay(lives=False), FakeRelay(answers=False)])
def test_without_a_relay_terraform_is_left_to_itself(tmp_path: Path, relay: FakeRelay) -> None:
    reader = PlanReader(relay, binary=installed(tmp_path, "5.100.0"))
    assert reader.environment(tmp_path / "work", "a.tfplan") == {}


def test_a_reader_that_was_never_needed_starts_and_ends_nothing(tmp_path: Path) -> None:
    relay = FakeRelay()
    PlanReader(relay, binary=installed(tmp_path)).end()
    assert not relay.ended


def program(tmp_path: Path, script: str) -> tuple[str, ...]:
    """A stand-in for Terraform that writes down how it was called."""
    path = tmp_path / "terraform"
    path.write_text(f'#!/bin/sh\necho "${{TF_REATTACH_PROVIDERS:-alone}}" >> calls\n{script}')
    path.chmod(0o755)
    return (str(path),)


@pytest.mark.parametrize(
    ("script", "calls"),
    [
        ("echo '{\"said\": 1}'", ["given"]),
        # The schema lacks a type: the whole one is Terraform's own.
        ('[ "$TF_REATTACH_PROVIDERS" ] && { echo "Error: Invalid resource type" >&2; exit 1; }\necho \'{"said": 1}\'',
         ["given", "alone"]),
        # Anything else that goes wrong with it: the same.
        ('[ "$TF_REATTACH_PROVIDERS" ] && { echo "Error: what?" >&2; exit 1; }\necho \'{"said": 1}\'',
         ["given", "alone"]),
    ],
)  # fmt: skip
def test_terraform_alone_has_the_last_word(tmp_path: Path, script: str, calls: list[str]) -> None:
    def read_plan(workdir: Path, plan: str) -> Mapping[str, str]:
        assert (workdir, plan) == (tmp_path, "a.tfplan")
        return {"TF_REATTACH_PROVIDERS": "given"}

    terraform = Terraform(argv=program(tmp_path, script), workdir=tmp_path, env=base_environment(), read_plan=read_plan)
    assert terraform.show("a.tfplan") == {"said": 1}
    assert (tmp_path / "calls").read_text().split() == calls


@pytest.fixture
def reader(bench: Bench) -> Iterator[PlanReader]:
    relay = WarmProvider(binary=bench.binary, scratch=bench.scratch, cache=bench.cache)
    reader = PlanReader(relay, binary=bench.binary)
    yield reader
    reader.end()


@pytest.mark.terraform
def test_a_plan_is_printed_as_terraform_prints_it(bench: Bench, reader: PlanReader, tmp_path: Path) -> None:
    given: list[Mapping[str, str]] = []

    def read_plan(workdir: Path, plan: str) -> Mapping[str, str]:
        given.append(reader.environment(workdir, plan))
        return given[-1]

    aws = bench.aws("121212121212")
    env = {**bench.tools.environment(), **aws, "HOME": os.environ.get("HOME", str(tmp_path))}
    terraform = Terraform(argv=bench.tools.terraform, workdir=tmp_path, env=env)
    with_reader = Terraform(argv=bench.tools.terraform, workdir=tmp_path, env=env, read_plan=read_plan)
    write_files(tmp_path, {"main.tf": SMALL})
    terraform.init("-input=false")
    terraform.plan("first.tfplan")
    documents: list[dict[str, Any]] = [terraform.show("first.tfplan"), with_reader.show("first.tfplan")]
    assert documents[0] == documents[1]
    assert documents[0]["resource_changes"]
    terraform.apply("first.tfplan")
    # Resources that only the state names, beside those that change.
    write_files(tmp_path, {"main.tf": SMALL.split('resource "aws_subnet"')[0].replace('"x"', '"z"')})
    terraform.plan("second.tfplan")
    documents = [terraform.show("second.tfplan"), with_reader.show("second.tfplan")]
    assert documents[0] == documents[1]
    actions = {tuple(change["change"]["actions"]) for change in documents[0]["resource_changes"]}
    assert {("delete",), ("update",)} <= actions
    assert all(given), "Terraform was left to itself"
    terraform.destroy()

"""What a stack leaves in the scratch folder when it is done: its files, and nothing that `init` fetched."""

from pathlib import Path
from typing import Any, cast

import pytest

from pipeline.adapters.stacks import PLAN, TerraformStacks
from pipeline.adapters.terraform import Terraform
from pipeline.domain.promotion.work import Job
from pipeline.domain.settings import Environment
from pipeline.errors import UndecidedError


class Copies:
    folder = "environments"

    def copy_out(self, commit: str, into: Path) -> None:
        into.mkdir(parents=True)


class FakeTerraform:
    """Plans nothing; `init` fetches a module of many files."""

    def __init__(self, workdir: Path) -> None:
        self.workdir = workdir

    def init(self, *flags: str) -> None:
        for number in range(500):
            (self.workdir / ".terraform" / "modules" / str(number)).mkdir(parents=True, exist_ok=True)
            (self.workdir / ".terraform" / "modules" / str(number) / "main.tf").write_text("x")

    def plan(self, out: str, *flags: str) -> bool:
        (self.workdir / out).write_text("plan")
        return False

    def show(self, plan: str) -> dict[str, Any]:
        return {"format_version": "1.2", "resource_changes": []}


def test_a_dropped_job_is_forgotten_and_its_modules_are_gone_at_the_end(tmp_path: Path) -> None:
    opened: list[FakeTerraform] = []

    def open_terraform(folder: Path, environment: str, warm: bool) -> Terraform:
        opened.append(FakeTerraform(folder))
        return cast(Terraform, opened[-1])

    stacks = TerraformStacks(
        copies=Copies(),
        scratch=tmp_path,
        terraform=open_terraform,
        aws=lambda _: {},
        environments=[Environment(name="dev")],
    )
    job = Job(environment="dev", stack="a", commit="c" * 40, files={"main.tf": b""}, key="p")
    assert stacks.plan(job, may_upgrade=False).facts.empty
    folder = opened[0].workdir
    assert (folder / ".terraform").is_dir() and (folder / PLAN).exists()
    stacks.drop(job)
    stacks.drop(job)
    assert not (folder / ".terraform").exists()
    stacks.end()
    assert not list(tmp_path.glob("gone-*")), "whoever looks through the scratch folder next does not meet it"
    assert (folder / "main.tf").exists()
    with pytest.raises(UndecidedError, match="was not planned by this run"):
        stacks.apply(job)

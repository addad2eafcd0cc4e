"""What a stack finds in the scratch folder, and leaves there when it is done: nothing that `init` fetched."""

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from pipeline.adapters.stacks import PLAN, TerraformStacks
from pipeline.adapters.terraform import Terraform, TerraformFailedError
from pipeline.domain.promotion.work import Job
from pipeline.domain.settings import Check, Environment
from pipeline.errors import UndecidedError


class Copies:
    folder = "environments"

    def copy_out(self, commit: str, into: Path, stack: str = "", own: Mapping[str, bytes] | None = None) -> None:
        into.mkdir(parents=True, exist_ok=True)


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


class Growing:
    """Copies that remember what was asked for, and who asked at once."""

    folder = "environments"

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, bytes] | None]] = []
        self.at_once = 0

    def copy_out(self, commit: str, into: Path, stack: str = "", own: Mapping[str, bytes] | None = None) -> None:
        self.at_once += 1
        assert self.at_once == 1, "two stacks of one copy take turns"
        into.mkdir(parents=True, exist_ok=True)
        time.sleep(0.001)
        self.asked.append((stack, own))
        self.at_once -= 1


class Fetching(FakeTerraform):
    """`init` fetches one module; the state and outputs are empty."""

    text = ""

    def init(self, *flags: str) -> None:
        folder = self.workdir / ".terraform" / "modules"
        (folder / "net").mkdir(parents=True, exist_ok=True)
        (folder / "modules.json").write_text('{"Modules": [{"Dir": ".terraform/modules/net"}]}')
        (folder / "net" / "main.tf").write_text(self.text)

    def output(self) -> dict[str, Any]:
        return {}


class Leaving(Fetching):
    text = 'a = file("../x")'


def growing(scratch: Path, kind: type[FakeTerraform], *checks: Check) -> tuple[TerraformStacks, Growing]:
    copies = Growing()
    stacks = TerraformStacks(
        copies=copies,
        scratch=scratch,
        terraform=lambda folder, *_: cast(Terraform, kind(folder)),
        aws=lambda _: {},
        environments=[Environment(name="dev", checks=checks)],
    )
    return stacks, copies


def job_of(stack: str) -> Job:
    return Job(environment="dev", stack=stack, commit="c" * 40, files={"main.tf": b"1"}, key="p")


def test_each_stack_adds_what_it_needs_to_their_copy_one_after_the_other(tmp_path: Path) -> None:
    stacks, copies = growing(tmp_path, Fetching)
    names = [f"s{number}" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: stacks.plan(job_of(name), may_upgrade=False), names))
    assert sorted(stack for stack, _ in copies.asked) == sorted(f"dev/{name}" for name in names)
    assert all(own == {"main.tf": b"1"} for _, own in copies.asked)


def test_a_fetched_module_that_leads_out_gets_the_whole_copy_before_it_is_planned(tmp_path: Path) -> None:
    stacks, copies = growing(tmp_path, Leaving)
    stacks.plan(job_of("a"), may_upgrade=False)
    assert [stack for stack, _ in copies.asked] == ["dev/a", ""]


def test_programs_of_the_repository_get_the_whole_copy_before_they_run(tmp_path: Path) -> None:
    stacks, copies = growing(tmp_path / "1", Fetching)
    stacks.plan(job_of("a"), may_upgrade=False)
    stacks.verify(job_of("a"))
    assert [stack for stack, _ in copies.asked] == ["dev/a"], "nothing of the repository is run"
    (tmp_path / "1/p" / ("c" * 16) / "environments/dev/verify").mkdir()
    stacks.verify(job_of("a"))
    assert [stack for stack, _ in copies.asked] == ["dev/a", ""]
    stacks, copies = growing(tmp_path / "2", Fetching, Check(kind="command", command=("true",)))
    stacks.plan(job_of("a"), may_upgrade=False)
    stacks.verify(job_of("a"))
    assert [stack for stack, _ in copies.asked] == ["dev/a", ""]


class Moving(Fetching):
    """Has something to apply; its second plan waits until outputs were read beside it."""

    told = threading.Event()
    still_wants = False
    refuses = ""

    def plan(self, out: str, *flags: str) -> bool:
        super().plan(out, *flags)
        return out == PLAN or not self.told.wait(10) or self.still_wants

    def apply(self, plan: str) -> None:
        """Applies nothing."""

    def output(self) -> dict[str, Any]:
        self.told.set()
        if self.refuses:
            raise TerraformFailedError("output", self.refuses)
        return {"name": {"value": "a", "sensitive": False}, "key": {"value": "b", "sensitive": True}}


def verified(scratch: Path, kind: type[Moving], *command: str) -> dict[str, tuple[str, str]]:
    """Check → verdict and message, after an apply."""
    stacks, _ = growing(scratch, kind, Check(kind="command", command=command))
    stacks.plan(job_of("a"), may_upgrade=False)
    stacks.apply(job_of("a"))
    found = stacks.verify(job_of("a"))
    return {check.name: (str(check.verdict), check.message) for check in found.checks}


def test_outputs_are_read_while_the_second_plan_is_made(tmp_path: Path) -> None:
    class Here(Moving):
        told = threading.Event()

    assert verified(tmp_path, Here, "test", "{name}", "=", "a") == {
        "second plan is empty": ("passed", ""),
        "command test {name} = a": ("passed", ""),
    }


def test_outputs_that_cannot_be_read_are_inconclusive_and_no_check_is_made(tmp_path: Path) -> None:
    class Here(Moving):
        told, refuses = threading.Event(), "Error: no state"

    found = verified(tmp_path, Here, "false")
    assert {name: verdict for name, (verdict, _) in found.items()} == {
        "second plan is empty": "passed",
        "outputs": "inconclusive",
    }


def test_a_second_plan_that_is_not_empty_ends_it_whatever_was_read(tmp_path: Path) -> None:
    class Here(Moving):
        told, still_wants, refuses = threading.Event(), True, "Error: no state"

    found = verified(tmp_path, Here, "true")
    assert {name: verdict for name, (verdict, _) in found.items()} == {"second plan is empty": "failed"}


def test_a_copy_that_cannot_be_completed_is_not_checked(tmp_path: Path) -> None:
    """What the programs of the repository look for may be missing: nobody knows what they would say."""

    class Here(Moving):
        told = threading.Event()

    stacks, copies = growing(tmp_path, Here, Check(kind="command", command=("true",)))
    stacks.plan(job_of("a"), may_upgrade=False)
    stacks.apply(job_of("a"))
    copies.at_once = 1  # the next copy fails
    with pytest.raises(AssertionError, match="take turns"):
        stacks.verify(job_of("a"))

"""The bench's part of an upgrade with a scripted Terraform: what each answer means, step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.harness import upgrade
from pipeline.adapters.harness.bench import Bench, copy_tree
from pipeline.adapters.harness.upgrade_files import LOCK, files_of_releases
from pipeline.adapters.processes import Outcome
from pipeline.adapters.terraform import Terraform, TerraformFailedError, TerraformUnknownError
from pipeline.domain.parts import Part
from pipeline.domain.settings import ModuleSettings
from pipeline.domain.verdict import Case, Suite, Verdict
from tests.conftest import MakeRepository, git
from tests.upgrade.estate import commit, project
from tests.upgrade.plans import change, plan, state

AWS = "registry.terraform.io/hashicorp/aws"
OLD = {
    "modules/app/main.tf": "# release\n",
    "modules/app/examples/minimal/main.tf": 'module "app" {\n  source = "../.."\n}\n',
}
NEW = {"modules/app/main.tf": "# candidate\n"}
UPDATE = plan(change("aws_vpc.this", "update", before={"a": 1}, after={"a": 2}))
REST = plan(change("aws_vpc.this", "no-op"))
LOCKED = "Error: locked provider x 5.0.0 does not match configured version constraint >= 6.0"

Answer = Mapping[str, Any] | str | int
"""A plan or state document, an error text, or the number of the signal that ended Terraform."""


@dataclass(kw_only=True)
class Script:
    """What Terraform answers, by `<command> <version in place>`; the n-th time `<command> <version> n`."""

    answers: dict[str, Answer]
    calls: list[str] = field(default_factory=list)

    def answer(self, command: str, version: str) -> Answer:
        key = f"{command} {version}"
        self.calls.append(key)
        return self.answers.get(f"{key} {self.calls.count(key)}", self.answers.get(key, {}))


@dataclass(kw_only=True)
class ScriptedTerraform(Terraform):
    """Terraform that follows a script; plans are remembered by their file."""

    script: Script
    plans: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def call(self, *arguments: str, ok: Sequence[int] = (0,), seconds: float | None = None) -> Outcome:
        version = (self.workdir / "../../main.tf").read_text().strip("# \n")
        command = arguments[0] + (" -upgrade" if "-upgrade" in arguments else "")
        if command == "show":
            return outcome(text=self.plans[arguments[-1]])
        answer = self.script.answer(command, version)
        if isinstance(answer, str):
            raise TerraformFailedError(command, answer)
        if isinstance(answer, int):
            raise TerraformUnknownError(command, outcome(code=-answer))
        if command == "plan":
            found = answer or REST
            self.plans[next(a for a in arguments if a.startswith("-out=")).removeprefix("-out=")] = found
            moves = any(c["change"]["actions"] != ["no-op"] for c in found["resource_changes"])
            return outcome(code=2 if moves or "output_changes" in found else 0)
        if command.startswith("init"):
            (self.workdir / LOCK).write_text(version)
        return outcome(text=answer)


def outcome(*, code: int = 0, text: Mapping[str, Any] | None = None) -> Outcome:
    import json

    return Outcome(
        argv=("terraform",), code=code, stdout=json.dumps(text) if text else "", stderr="", seconds=1.0, timed_out=False
    )


@dataclass(kw_only=True)
class Target:
    """An emulator with one gap, that answers so many times."""

    name: str = "moto"
    version: str = "moto 5"
    first_account: int = 1
    lives: int = 100

    def answers(self) -> bool:
        self.lives -= 1
        return self.lives >= 0

    def empty(self, aws: Mapping[str, str]) -> bool:
        return False

    def environment(self, account: str, region: str = "us-east-1") -> dict[str, str]:
        return {}

    def unsupported(self, text: str) -> str | None:
        return "a gap of moto" if "NotImplemented" in text else None


@dataclass(kw_only=True)
class ScriptedBench(Bench):
    """A bench whose Terraform is scripted."""

    script: Script

    def in_folder(self, folder: Path, aws: Mapping[str, str], *, mocked: bool = False) -> Terraform:
        return ScriptedTerraform(argv=("terraform",), workdir=folder, env={}, script=self.script)


@pytest.fixture
def clone(make_repository: MakeRepository) -> Path:
    found = make_repository(OLD)
    git(found, "tag", "v1")
    commit(found, NEW, "feat: two")
    return found


def run(clone: Path, answers: dict[str, Answer]) -> tuple[list[Case], Script]:
    """Run the part; its cases, and what Terraform was asked."""
    bench, part = prepare(clone, answers)
    return upgrade.run(bench, part, bench.scratch, {}), bench.script


def prepare(clone: Path, answers: dict[str, Answer], target: Target | None = None) -> tuple[ScriptedBench, Part]:
    """A bench with the candidate in its tree, and the part to run on it."""
    opened, script, work = project(clone), Script(answers=answers), clone.parent / "work"
    files = opened.graph().files
    copy_tree(files, set(files.paths), work / "tree")
    part = Part(
        module="app", path="modules/app", suite=Suite.UPGRADE, kind="upgrade", files=("examples/minimal",), base="v1"
    )
    files_of = files_of_releases(opened.repository.tree, ModuleSettings(), "clone")
    bench = ScriptedBench(
        target=target or Target(),
        terraform=("terraform",),
        tool_env={},
        attach_for=None,
        forget=lambda _: None,
        scratch=work,
        tree=work / "tree",
        region="us-east-1",
        seconds=1.0,
        files_of=lambda one: files_of(files, one),
        script=script,
    )
    return bench, part


def rules(cases: Sequence[Case]) -> list[str]:
    return [f["rule"] for case in cases for f in case.data.get("findings", ())]


def way_back(cases: Sequence[Case]) -> Any:
    return cases[-1].data["rehearsal"]["way_back"]


def test_nothing_to_change_is_clean_and_applies_nothing_more(clone: Path) -> None:
    cases, script = run(clone, {})
    assert [c.name for c in cases] == ["examples/minimal::upgrade from v1", "examples/minimal::rehearsal"]
    assert {c.verdict for c in cases} == {Verdict.PASSED}
    assert (rules(cases), way_back(cases)) == ([], "clean")
    assert script.calls == ["init release", "plan release", "apply release", "init candidate", "plan candidate"]


def test_an_upgrade_is_planned_applied_planned_again_and_planned_back(clone: Path) -> None:
    back = plan(change("aws_db_instance.this", "delete"))
    cases, script = run(clone, {"plan candidate 1": UPDATE, "plan release 3": back})
    assert rules(cases) == ["upgrade-updates"]
    assert way_back(cases) == "lossy"
    assert cases[-1].data["rehearsal"]["undone"][0]["loses"] == "the database"
    steps = [call for call in script.calls if not call.startswith(("init", "state"))]
    assert steps == [
        "plan release",
        "apply release",
        "plan candidate",
        "plan release",  # what the release wants anyway
        "apply candidate",
        "plan candidate",
        "plan release",  # the way back
    ]


def test_what_the_release_wants_anyway_is_taken_out(clone: Path) -> None:
    cases, _ = run(clone, {"plan candidate": UPDATE, "plan release 2": UPDATE})
    assert rules(cases) == []


def test_what_evidence_says_of_the_release_is_not_planned_again(clone: Path) -> None:
    bench, part = prepare(clone, {"plan candidate 1": UPDATE})
    cases = upgrade.run(bench, replace(part, settled=True), bench.scratch, {})
    assert rules(cases) == ["upgrade-updates"]
    steps = [call for call in bench.script.calls if not call.startswith(("init", "state"))]
    assert steps == [
        "plan release",
        "apply release",
        "plan candidate",
        "apply candidate",
        "plan candidate",
        "plan release",
    ]


def test_a_settled_release_that_no_longer_plans_is_still_noticed(clone: Path) -> None:
    bench, part = prepare(clone, {"plan candidate": "Error: no", "plan release 2": "Error: no"})
    (case,) = upgrade.run(bench, replace(part, settled=True), bench.scratch, {})
    assert case.verdict is Verdict.ERRORED


@pytest.mark.parametrize("step", ["init release", "plan release", "apply release"])
@pytest.mark.parametrize(
    ("answer", "verdict"),
    [("Error: no", Verdict.ERRORED), ("NotImplemented", Verdict.UNSUPPORTED), (9, Verdict.ERRORED)],
)
def test_a_release_that_does_not_come_up_says_nothing_about_the_candidate(
    clone: Path, step: str, answer: Answer, verdict: Verdict
) -> None:
    (case,), _ = run(clone, {step: answer})
    assert (case.verdict, case.data) == (verdict, {})


@pytest.mark.parametrize("step", ["init candidate", "plan candidate"])
def test_a_candidate_that_does_not_plan_is_a_finding(clone: Path, step: str) -> None:
    (case,), _ = run(clone, {step: "Error: Unsupported argument"})
    assert case.verdict is Verdict.PASSED
    assert rules([case]) == ["example-no-longer-plans"]
    assert "Unsupported argument" in case.data["findings"][0]["says"]


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("NotImplemented", Verdict.UNSUPPORTED),
        ("Error: no available releases match the given constraints >= 6.0", Verdict.ERRORED),
        ("Error: Unsupported Terraform Core version", Verdict.ERRORED),
        (9, Verdict.ERRORED),
    ],
)
def test_what_this_machine_lacks_is_no_finding(clone: Path, answer: Answer, verdict: Verdict) -> None:
    (case,), _ = run(clone, {"plan candidate": answer})
    assert (case.verdict, case.data) == (verdict, {})


def test_a_release_that_no_longer_plans_either_is_not_the_candidates_doing(clone: Path) -> None:
    (case,), _ = run(clone, {"plan candidate": "Error: no", "plan release 2": "Error: neither"})
    assert case.verdict is Verdict.ERRORED
    assert "v1 itself no longer plans: Error: neither" in case.message


def test_an_upgrade_that_does_not_apply_is_major_and_blocks_the_way_back(clone: Path) -> None:
    cases, _ = run(clone, {"plan candidate": UPDATE, "apply candidate": "Error: conflict"})
    assert rules(cases) == ["upgrade-updates", "upgrade-does-not-apply"]
    assert way_back(cases) == "blocked"


def test_an_upgrade_that_never_settles_is_major(clone: Path) -> None:
    cases, _ = run(clone, {"plan candidate": UPDATE})
    assert rules(cases) == ["upgrade-updates", "upgrade-does-not-settle"]
    assert way_back(cases) == "clean"


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"plan release 3": "Error: managed by newer provider version"}, "newer provider schema"),
        ({"init release 3": LOCKED}, "both allow are none"),
        ({"plan release 3": "Error: Unsupported argument"}, "Unsupported argument"),
        ({"state candidate": state({"aws_vpc.this": 1})}, ""),
    ],
)
def test_a_way_back_that_terraform_refuses_is_blocked(clone: Path, answers: dict[str, Answer], why: str) -> None:
    cases, _ = run(clone, {"plan candidate 1": UPDATE, **answers})
    assert way_back(cases) == ("blocked" if why else "clean")
    assert why in cases[-1].data["rehearsal"]["why"]


def test_a_newer_schema_in_the_state_blocks(clone: Path) -> None:
    before, after = state({"aws_vpc.this": 1}), state({"aws_vpc.this": 2})
    cases, _ = run(clone, {"plan candidate 1": UPDATE, "state candidate 1": before, "state candidate 2": after})
    assert way_back(cases) == "blocked"
    assert "aws_vpc.this" in cases[-1].data["rehearsal"]["why"]


def test_providers_without_a_common_version_block_before_anything_is_applied(clone: Path) -> None:
    old = plan(constraints={AWS: "~> 5.0"})
    new = plan(*UPDATE["resource_changes"], constraints={AWS: ">= 6.0"})
    cases, script = run(clone, {"plan release": old, "plan candidate": new})
    assert way_back(cases) == "blocked"
    assert "apply candidate" not in script.calls


@pytest.mark.parametrize(("answer", "verdict"), [("NotImplemented", Verdict.UNSUPPORTED), (9, Verdict.ERRORED)])
@pytest.mark.parametrize("step", ["apply candidate", "plan candidate 2", "plan release 3"])
def test_a_rehearsal_that_could_not_be_found_out_keeps_the_findings(
    clone: Path, step: str, answer: Answer, verdict: Verdict
) -> None:
    cases, _ = run(clone, {"plan candidate 1": UPDATE, step: answer})
    assert [c.verdict for c in cases] == [Verdict.PASSED, verdict]
    assert rules(cases) == ["upgrade-updates"]


def test_what_was_measured_while_the_emulator_died_is_no_finding(clone: Path) -> None:
    answers: dict[str, Answer] = {"plan candidate": UPDATE, "apply candidate": "Error: connection refused"}
    bench, part = prepare(clone, answers, Target(lives=1))
    cases = bench.run(part)
    assert {case.verdict for case in cases} == {Verdict.ERRORED}
    assert rules(cases) == []
    bench, part = prepare(clone.parent / "clone", answers, Target(lives=2))
    assert rules(bench.run(part)) == ["upgrade-updates", "upgrade-does-not-apply"]


def test_a_newer_provider_comes_only_where_it_is_demanded_and_goes_again(clone: Path) -> None:
    _, plain = run(clone, {"plan candidate 1": UPDATE})
    assert not [call for call in plain.calls if "-upgrade" in call]


def test_a_demanded_provider_is_fetched(clone: Path) -> None:
    cases, script = run(clone, {"init candidate": LOCKED, "plan candidate 1": UPDATE})
    assert "init -upgrade candidate" in script.calls
    assert way_back(cases) == "clean"

"""Upgrades and their way back, measured with Terraform and moto on a tiny module."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.toolchain import diagnose
from pipeline.commands.release import Wish
from pipeline.commands.results import SuiteResult
from pipeline.commands.test import Plan, Request, plan_tests, run_tests
from pipeline.domain.parts import Part
from pipeline.domain.release import tag_fields
from pipeline.domain.verdict import Case, Suite, Verdict
from pipeline.domain.version import Bump
from pipeline.wiring import open_bench
from tests.conftest import MakeRepository, git
from tests.upgrade.estate import FILES, NETWORK, commit, project, prove, release_first, releaser

pytestmark = pytest.mark.terraform


class Silent:
    """Nobody watches."""

    def begin(self, plan: Plan, jobs: int) -> None: ...
    def started(self, part: Part) -> None: ...
    def finished(self, part: Part, cases: Sequence[Case], seconds: float) -> None: ...
    def end(self) -> None: ...


@pytest.fixture(autouse=True)
def machine(tmp_path: Path) -> None:
    missing = [
        f"{f.name}: {f.detail}" for f in diagnose(os.environ, scratch=tmp_path) if f.name in NEEDED and not f.found
    ]
    if missing:
        pytest.skip(f"needs {'; '.join(missing)}")


NEEDED = ("terraform", "provider mirror", "moto")


def measure(where: Path) -> SuiteResult:
    """Run the upgrade suite on the working tree."""
    opened = project(where)
    bench = open_bench(opened, os.environ, target="moto", jobs=1, cold=False)
    request = Request(suites=(Suite.UPGRADE,))
    (result,) = run_tests(opened, plan_tests(opened, request, bench), bench, Silent())
    return result


def tools_here(where: Path) -> Any:
    return open_bench(project(where), os.environ, target="moto", jobs=1, cold=False).tools


def test_a_derived_cidr_in_a_fix_is_measured_and_refuses_a_patch(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    tools = tools_here(clone)
    release_first(clone, tools)
    commit(clone, {"modules/network/main.tf": NETWORK.replace("var.cidr, 4, 1", "var.cidr, 8, 1")}, "fix: smaller")
    prove(clone, tools=tools)
    waiting = releaser(clone, tools).release(Wish(bump=Bump.PATCH, push=True))
    assert "upgrade suite" in waiting.refused[0].reasons[0]

    result = measure(clone)
    assert result.verdict is Verdict.PASSED, result.cases
    (finding,) = result.found["findings"]
    assert (finding["rule"], finding["bump"]) == ("upgrade-replaces", "major")
    assert finding["address"] == "module.network.aws_subnet.private"
    assert result.found["rehearsal"]["way_back"] == "lossy"

    refused = releaser(clone, tools).release(Wish(bump=Bump.PATCH, push=True))
    said = " ".join(refused.refused[0].reasons)
    assert "module.network.aws_subnet.private" in said
    assert "cidr_block forces it" in said
    made = releaser(clone, tools).release(Wish(push=True))
    assert [tag for _, tag, _ in made.released] == ["network/v0.2.0"]  # below 1.0.0 major steps minor
    message = git(clone, "for-each-ref", "refs/tags/network/v0.2.0", "--format=%(contents)")
    assert tag_fields(message)["Rehearsal"].startswith("lossy: replace of module.network.aws_subnet.private")
    (release,) = [r for r in project(clone).ledger.history().releases.values() if str(r.version) == "0.2.0"]
    assert release.rehearsal["way_back"] == "lossy"


def test_a_change_that_nobody_feels_is_clean_and_one_that_nobody_can_plan_is_major(
    make_repository: MakeRepository,
) -> None:
    clone = make_repository(FILES)
    release_first(clone, tools_here(clone))
    tagged = NETWORK.replace("  cidr_block = var.cidr\n", '  cidr_block = var.cidr\n  tags = {\n    a = "b"\n  }\n')
    commit(clone, {"modules/network/main.tf": tagged}, "fix: a tag")
    found = measure(clone).found
    assert [(f["rule"], f["address"]) for f in found["findings"]] == [
        ("upgrade-updates", "module.network.aws_vpc.this")
    ]
    assert "tags" in found["findings"][0]["says"]
    assert found["rehearsal"]["way_back"] == "clean"

    commit(clone, {"modules/network/main.tf": NETWORK + "\n# words\n"}, "docs: words")
    assert measure(clone).found["findings"] == []

    commit(clone, {"modules/network/main.tf": NETWORK + '\nvariable "name" {\n  type = string\n}\n'}, "feat: name")
    result = measure(clone)
    assert result.verdict is Verdict.PASSED
    assert [f["rule"] for f in result.found["findings"]] == ["example-no-longer-plans"]
    assert "name" in result.found["findings"][0]["says"]

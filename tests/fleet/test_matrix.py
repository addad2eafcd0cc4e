"""`modferry ci matrix`: every suite in exactly one shard, balanced, and the same deal that `test --shard` makes."""

import json

import pytest

from pipeline.cli import run
from pipeline.domain.ledger import Draft
from pipeline.domain.parts import in_shard
from pipeline.domain.verdict import Suite
from tests.conftest import MakeRepository, git, write_files
from tests.fleet.story import Story, runner

SUITES = ("static", "unit", "integration")


@pytest.fixture
def story(make_repository: MakeRepository) -> Story:
    modules = {f"modules/{name}/main.tf": f'output "x" {{\n  value = "{name}"\n}}\n' for name in ("vpc", "eks", "core")}
    story = Story(clone=make_repository(modules))
    for module, suite, seconds in (("vpc", "integration", 300.0), ("eks", "integration", 100.0), ("vpc", "unit", 5.0)):
        body = {"module": module, "digest": "sha256:1", "suite": suite, "target": "moto", "verdict": "passed"}
        story.write(Draft(kind="evidence", body={**body, "counts": {"passed": 1}, "seconds": seconds}))
    return story


def test_every_suite_is_in_one_shard_and_the_longest_stands_alone(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = runner(story.clone, capsys)("ci", "matrix", "--shards", "2", "--json").document["include"]
    assert [row["shard"] for row in rows] == ["1/2", "2/2"]
    dealt = [suite for row in rows for suite in row["suites"].split(", ")]
    assert sorted(dealt) == sorted(f"{name} {suite}" for name in ("vpc", "eks", "core") for suite in SUITES)
    assert rows[0] == {"shard": "1/2", "suites": "vpc integration", "seconds": 300}
    seconds = story.ledger.history().seconds
    every = [(name, Suite(suite)) for name in ("vpc", "eks", "core") for suite in SUITES]
    for index in (1, 2):
        mine = in_shard(every, seconds, "moto", (index, 2))
        assert {f"{name} {suite}" for name, suite in mine} == set(rows[index - 1]["suites"].split(", "))


def test_without_json_it_is_one_line_for_github(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-C", str(story.clone), "ci", "matrix", "--shards", "3"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert len(json.loads(out)["include"]) == 3


def test_more_machines_than_suites_leaves_no_machine_idle(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    rows = runner(story.clone, capsys)("ci", "matrix", "--shards", "50", "--json").document["include"]
    assert len(rows) == 9
    assert all(row["suites"] for row in rows)


def test_since_deals_only_what_a_change_reaches(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    modferry = runner(story.clone, capsys)
    assert modferry("ci", "matrix", "--since", "HEAD", "--json").document["include"] == []
    write_files(story.clone, {"modules/eks/more.tf": "locals {}\n"})
    git(story.clone, "add", "-A")
    rows = modferry("ci", "matrix", "--since", "HEAD", "--json").document["include"]
    assert {name for row in rows for name in row["suites"].split(", ")} == {f"eks {suite}" for suite in SUITES}

"""`modferry atlantis`: a project per stack, and steps that call modferry as a shell of Atlantis would run them."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from pipeline.cli import modferry as root
from pipeline.errors import Exit
from tests.conftest import MakeRepository
from tests.fleet.story import TOML, Modferry, Story, begin, pinned, runner

ENVIRONMENTS = '[[environment]]\nname = "prod"\n\n[[environment]]\nname = "dev"\n'


@pytest.fixture
def story(make_repository: MakeRepository) -> Story:
    story = begin(
        make_repository, {"dev/a": pinned(core="1.0.0"), "prod/x-1": pinned(core="1.0.0")}, TOML + ENVIRONMENTS
    )
    story.main({"environments/dev/verify/test_a.py": "", "environments/moon/a/main.tf": "", "modules/core/x.tf": ""})
    return story


@pytest.fixture
def modferry(story: Story, capsys: pytest.CaptureFixture[str]) -> Modferry:
    return runner(story.clone, capsys)


def written(story: Story) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((story.clone / "atlantis.yaml").read_text())
    return document


def test_every_stack_is_a_project_in_the_order_of_environments(story: Story, modferry: Modferry) -> None:
    said = modferry("atlantis", "--json")
    assert (said.code, said.document["written"]) == (Exit.DONE, True)
    document = written(story)
    assert (document["version"], document["parallel_apply"]) == (3, False)
    assert [(p["name"], p["dir"], p["execution_order_group"]) for p in document["projects"]] == [
        ("prod/x-1", "environments/prod/x-1", 0),
        ("dev/a", "environments/dev/a", 1),
    ]
    for project in document["projects"]:
        assert project["workflow"] in document["workflows"]
        assert set(project["apply_requirements"]) == {"approved", "mergeable", "undiverged"}
        assert project["branch"] == "/^main$/"


def test_check_says_whether_it_is_current_and_changes_nothing(story: Story, modferry: Modferry) -> None:
    file = story.clone / "atlantis.yaml"
    assert (modferry("atlantis", "--check").code, file.exists()) == (Exit.REFUSED, False)
    assert (modferry("atlantis", "--dry-run").code, file.exists()) == (Exit.DONE, False)
    assert modferry("atlantis").code == Exit.DONE
    assert modferry("atlantis", "--check", "--json").document["current"]
    assert not modferry("atlantis", "--json").document["written"], "nothing to do the second time"
    (story.clone / "environments/dev/b").mkdir()
    (story.clone / "environments/dev/b/main.tf").write_text(pinned(core="1.0.0"))
    assert modferry("atlantis", "--check").code == Exit.REFUSED
    assert modferry("atlantis").code == Exit.DONE
    assert len(written(story)["projects"]) == 3


def test_without_a_stack_there_is_nothing_to_write(
    make_repository: MakeRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    said = runner(make_repository({"modules/core/main.tf": ""}), capsys)("atlantis")
    assert said.code == Exit.UNDECIDED


FAKE = """#!/bin/sh
printf "%s\\n" "by $MODFERRY_ACTOR" "$@" >> "$CALLS"
pwd > "$CALLS.where"
while [ $# -gt 0 ]; do [ "$1" = --approve-from ] && cat "$2" > "$CALLS.plan"; shift; done
echo "{}"
"""
"""A modferry that writes down its words, where it was, and the plan that it got."""


def run_steps(story: Story, stage: str, scratch: Path) -> list[str]:
    """Run a stage's steps as Atlantis does; what modferry was called with."""
    tools, calls = scratch / "bin", scratch / "calls"
    tools.mkdir(exist_ok=True)
    (tools / "modferry").write_text(FAKE)
    (tools / "modferry").chmod(0o700)
    calls.unlink(missing_ok=True)
    environ = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "CALLS": str(calls),
        "TMPDIR": str(scratch),
        "REPO_REL_DIR": "environments/prod/x-1",
        "HEAD_COMMIT": story.repository.head(),
        "PLANFILE": str(scratch / "plan file"),
        "USER_NAME": "ann",
    }
    for step in written(story)["workflows"]["modferry"][stage]["steps"]:
        subprocess.run(("sh", "-c", step["run"]), cwd=story.clone, env=environ, check=True)
    return calls.read_text().splitlines()


def test_steps_call_modferry_with_words_that_it_knows(story: Story, modferry: Modferry, tmp_path: Path) -> None:
    modferry("atlantis")
    head = story.repository.head()
    planned = run_steps(story, "plan", tmp_path)
    assert planned == ["by ", "deploy", "prod/x-1", "--plan-only", "--at", head, "--json"]
    assert (tmp_path / "plan file").read_text() == "{}\n"
    applied = run_steps(story, "apply", tmp_path)
    assert applied[:-1] == ["by ann", "deploy", "prod/x-1", "--land", head, "--approve-from"]
    assert (tmp_path / "calls.plan").read_text() == "{}\n"
    where = Path((tmp_path / "calls.where").read_text().strip())
    assert story.clone not in (where, *where.parents)
    assert not where.exists(), "its clone is gone"
    deploy = root.get_command(root.make_context("modferry", ["deploy"]), "deploy")
    assert deploy is not None
    known = {name for option in deploy.params for name in option.opts}
    assert {word for word in (*planned, *applied) if word.startswith("--")} <= known


def test_at_and_land_are_not_mixed_up(modferry: Modferry) -> None:
    assert modferry("deploy", "prod/x-1", "--at", "HEAD").code == Exit.USAGE
    assert modferry("deploy", "prod/x-1", "--plan-only", "--land", "HEAD").code == Exit.USAGE
    assert modferry("deploy", "prod/x-1", "--plan-only", "--at", "nothing").code == Exit.USAGE

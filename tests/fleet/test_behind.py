"""`modferry status`: how far behind, what may come next, skew inside an environment, what modules bring along."""

from typing import Any

import pytest

from pipeline.commands.status import read_board
from pipeline.errors import Exit
from pipeline.wiring import open_outlook
from tests.conftest import MakeRepository, git, write_files
from tests.fleet.story import TOML, Modferry, Story, begin, pinned, runner, stack_path

ENVIRONMENTS = '[[environment]]\nname = "dev"\nsoak = "2h"\n\n[[environment]]\nname = "prod"\n'


@pytest.fixture
def story(make_repository: MakeRepository) -> Story:
    """core 1.0.0 in prod/a, b and c (verified in b), 1.1.0 in dev/d; 1.2.0 is out since three days."""
    stacks = {f"prod/{name}": pinned(core="1.0.0") for name in "abc"}
    story = begin(make_repository, {"dev/d": pinned(core="1.1.0"), **stacks}, TOML + ENVIRONMENTS)
    story.release("core", "1.0.0", "1.1.0")
    story.later(days=2)
    story.release("core", "1.2.0")
    story.release("core", "2.0.0-rc.1")
    return story


@pytest.fixture
def modferry(story: Story, capsys: pytest.CaptureFixture[str]) -> Modferry:
    return runner(story.clone, capsys)


def pins(story: Story) -> dict[str, dict[str, Any]]:
    board = read_board(open_outlook(story.clone, {}, lambda: story.now), offline=False).to_json()
    return {f"{stack['environment']}/{stack['stack']}": stack["pins"][0] for stack in board["stacks"]}


def test_behind_counts_final_releases_and_days_since_the_first_newer_one(story: Story) -> None:
    story.later(days=1, hours=23)
    found = pins(story)
    assert (found["prod/a"]["behind"], found["prod/a"]["behind_days"]) == (2, 3), "1.1.0 is out for 3 days 23 hours"
    assert (found["dev/d"]["behind"], found["dev/d"]["behind_days"]) == (1, 1)
    story.main({stack_path("dev/d"): pinned(core="1.2.0")})
    assert (pins(story)["dev/d"]["behind"], pins(story)["dev/d"]["behind_days"]) == (0, 0)


def test_promotable_is_what_was_verified_and_has_soaked_before_and_is_not_held(
    story: Story, modferry: Modferry
) -> None:
    found = pins(story)
    assert (found["dev/d"]["promotable"], found["prod/a"]["promotable"]) == ("1.2.0", None), "nobody saw it in dev"
    story.verified("dev", {"d": story.content("dev/d")}, core="1.1.0")
    assert pins(story)["prod/a"]["promotable"] is None, "it soaks"
    story.later(hours=2)
    assert pins(story)["prod/a"]["promotable"] == "1.1.0"
    modferry("hold", "core", "1.1.0", "--in", "prod", "--reason", "leaks")
    assert pins(story)["prod/a"]["promotable"] is None
    modferry("hold", "core", "1.2.0", "--reason", "leaks")
    assert pins(story)["dev/d"]["promotable"] == "1.1.0"
    modferry("yank", "core", "1.1.0", "--reason", "leaks")
    assert pins(story)["dev/d"]["promotable"] == "1.0.0"


def test_skew_names_versions_and_stacks_of_one_environment(story: Story, modferry: Modferry) -> None:
    assert modferry("status", "--json").document["skew"] == []
    story.main({stack_path("prod/b"): pinned(core="1.1.0")})
    said = modferry("status", "--json")
    versions = [{"version": "1.0.0", "stacks": ["a", "c"]}, {"version": "1.1.0", "stacks": ["b"]}]
    assert said.document["skew"] == [{"environment": "prod", "module": "core", "versions": versions}]
    assert "Skew: prod pins core at 1.0.0 in a, c; 1.1.0 in b" in modferry("status").text


def test_people_see_all_of_it_in_the_cell(story: Story, modferry: Modferry) -> None:
    story.verified("dev", {"d": story.content("dev/d")}, core="1.1.0")
    text = modferry("status").text
    assert "1.1.0 1 behind" in text
    assert "next 1.2.0" in text


def test_modules_that_come_along_are_named_by_the_release_with_their_bytes(
    make_repository: MakeRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    story = begin(make_repository, {"dev/a": pinned(core="1.0.0")})
    call = 'module "net" {\n  source = "../vpc"\n}\n'
    story.main({"modules/core/main.tf": call})
    modferry = runner(story.clone, capsys)
    outlook = open_outlook(story.clone, {}, lambda: story.now)
    graph = outlook.project.graph()
    story.release("vpc", "0.9.0", shipped="sha256:" + "0" * 64)
    story.release("vpc", "1.0.0", shipped=graph.shipped_digest(graph.modules["vpc"]))
    git(story.clone, "tag", "-a", "core/v1.0.0", "-m", "x")
    write_files(story.clone, {"modules/vpc/main.tf": 'output "name" {\n  value = "other"\n}\n'})
    story.main({}, "feat: another vpc")
    git(story.clone, "tag", "-a", "core/v1.1.0", "-m", "x")
    story.main({stack_path("dev/b"): pinned(core="1.1.0"), stack_path("dev/c"): pinned(vpc="1.0.0")})
    said = modferry("status", "--transitive", "--json")
    assert said.code == Exit.DONE
    through = {stack["stack"]: stack["pins"][0]["through"] for stack in said.document["stacks"]}
    assert through == {
        "a": [{"module": "vpc", "version": "1.0.0"}],
        "b": [{"module": "vpc", "version": None}],
        "c": None,
    }
    text = modferry("status", "--transitive").text
    assert "dev/a: core 1.0.0 brings vpc 1.0.0" in text
    assert "dev/b: core 1.1.0 brings vpc as never released" in text

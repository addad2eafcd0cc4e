"""The convergence policy: too far, too long, not comparable; and its exit code."""

import pytest

from pipeline.commands.status import read_board
from pipeline.errors import Exit
from pipeline.wiring import open_outlook
from tests.conftest import MakeRepository
from tests.fleet.story import TOML, Modferry, Story, begin, pinned, runner, stack_path

POLICY = f'{TOML}\n[[convergence]]\nenvironment = "prod"\nminors = 1\nwithin = "7d"\n'


@pytest.fixture
def story(make_repository: MakeRepository) -> Story:
    stacks = {"prod/a": pinned(core="1.2.0"), "prod/b": pinned(core="1.2.0"), "dev/a": pinned(core="3.0.0")}
    story = begin(make_repository, stacks, POLICY)
    story.release("core", "1.0.0", "1.1.0", "1.2.0", "2.0.0", "3.0.0")
    return story


@pytest.fixture
def modferry(story: Story, capsys: pytest.CaptureFixture[str]) -> Modferry:
    return runner(story.clone, capsys)


def test_equal_stacks_converge_whatever_other_environments_pin(modferry: Modferry) -> None:
    said = modferry("status", "--json")
    assert (said.code, said.document["convergence"]) == (Exit.DONE, [])


@pytest.mark.parametrize(
    ("version", "says"),
    [
        ("1.0.0", "core 1.0.0 is 2 minor versions behind 1.2.0 (at most 1)"),
        ("0.9.0", "core 0.9.0 is a major version behind 1.2.0"),
    ],
)
def test_too_far_behind_is_refused_by_name(story: Story, modferry: Modferry, version: str, says: str) -> None:
    story.main({stack_path("prod/b"): pinned(core=version)})
    said = modferry("status", "--json")
    assert said.code == Exit.REFUSED
    (lag,) = said.document["convergence"]
    assert (lag["stack"], lag["says"], lag["next"]) == ("b", says, "modferry promote core 1.2.0 --to prod")
    assert f"Refused: prod/b: {says}." in said.text


def test_one_minor_behind_is_fine_for_a_week_and_no_longer(story: Story) -> None:
    story.main({stack_path("prod/b"): pinned(core="1.1.0")})
    story.verified("prod", {"a": story.content("prod/a")}, core="1.2.0")
    look = open_outlook(story.clone, {}, lambda: story.now)
    story.later(days=7)
    assert read_board(look, offline=False).lags == ()
    story.later(seconds=1)
    (lag,) = read_board(look, offline=False).lags
    assert lag.says == "core 1.1.0 is behind: 1.2.0 is stable in prod since 2026-11-22 (at most 7d)"


def test_a_ref_that_is_no_version_cannot_converge(story: Story, modferry: Modferry) -> None:
    story.main({stack_path("prod/b"): pinned(core="1.2.0").replace("core/v1.2.0", "main")})
    said = modferry("status", "--json")
    assert said.code == Exit.REFUSED
    assert said.document["convergence"][0]["version"] is None


def test_a_policy_for_an_unknown_environment_or_length_of_time_is_named(story: Story, modferry: Modferry) -> None:
    (story.clone / "modferry.toml").write_text(POLICY.replace('"prod"', '"prd"'))
    assert "There is no environment 'prd'" in modferry("status").text
    (story.clone / "modferry.toml").write_text(POLICY.replace("7d", "a week"))
    assert "'a week' is not a length of time" in modferry("status").text

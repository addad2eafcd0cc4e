"""yank, hold, unhold on the command line: several runs in a row, two clones, typos."""

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.ledger import GitLedger
from pipeline.domain.ledger import Draft
from pipeline.errors import Exit
from tests.conftest import NOW, MakeRepository, second_clone
from tests.fleet.story import Modferry, Story, begin, pinned, runner


@pytest.fixture
def story(make_repository: MakeRepository) -> Story:
    story = begin(make_repository, {"dev/a": pinned(core="1.1.0")})
    story.release("core", "1.0.0", "1.1.0")
    return story


@pytest.fixture
def modferry(story: Story, capsys: pytest.CaptureFixture[str]) -> Modferry:
    return runner(story.clone, capsys)


def test_a_yank_is_on_origin_with_its_reason_and_a_second_one_has_nothing_to_do(
    story: Story, modferry: Modferry
) -> None:
    first = modferry("yank", "core", "1.1.0", "--reason", "eats data", "--json")
    assert first.code == Exit.DONE
    assert first.document["written"]
    other = GitLedger(GitRepository(second_clone(story.clone)), lambda: NOW, "bob")
    other.fetch()
    (yank,) = other.history().yanks.values()
    assert (str(yank.version), yank.reason) == ("1.1.0", "eats data")
    count = len(story.entries())
    again = modferry("yank", "core", "1.1.0", "--reason", "once more", "--json")
    assert again.code == Exit.NOTHING
    assert "was yanked by" in again.text
    assert "eats data" in again.text
    assert not again.document["written"]
    assert len(story.entries()) == count


def test_a_yank_lists_the_stacks_that_run_it_and_what_mends_them(story: Story, modferry: Modferry) -> None:
    story.verified("dev", {"a": story.content("dev/a")}, core="1.1.0")
    back = modferry("yank", "core", "1.1.0", "--reason", "bad", "--json")
    assert back.document["stacks"] == [
        {"environment": "dev", "stack": "a", "next": "modferry rollback dev core --reason TEXT"}
    ]
    story.release("core", "1.2.0")
    forward = modferry("hold", "core", "1.1.0", "--reason", "bad", "--json")
    assert forward.document["stacks"][0]["next"] == "modferry promote core 1.2.0 --to dev"


def test_what_mends_them_is_a_version_that_may_go_there(story: Story, modferry: Modferry) -> None:
    story.verified("dev", {"a": story.content("dev/a")}, core="1.1.0")
    story.release("core", "1.2.0", "1.3.0", "1.4.0")
    modferry("hold", "core", "1.4.0", "--in", "dev", "--reason", "quota")
    failing = {"module": "core", "version": "1.3.0", "tag": "core/v1.3.0", "commit": "c", "outcome": "failed"}
    tools = {"target": "moto", "terraform": "1", "emulator": "m", "providers": {}, "suites": [], "why": "unit a failed"}
    story.write(Draft(kind="reverify", body={**failing, **tools}))
    said = modferry("yank", "core", "1.1.0", "--reason", "bad", "--json")
    assert said.document["stacks"][0]["next"] == "modferry promote core 1.2.0 --to dev"


def test_a_dry_run_says_what_it_would_write_and_writes_nothing(story: Story, modferry: Modferry) -> None:
    count = len(story.entries())
    said = modferry("hold", "core", "1.1.0", "--in", "prod", "--reason", "quota", "--dry-run", "--json")
    assert said.code == Exit.DONE
    assert "Would write: core 1.1.0 is held in prod: quota." in said.text
    assert not said.document["written"]
    assert len(story.entries()) == count


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("yank", "core", "1.9.0"), "core 1.9.0 was never released. Next: use one of 1.0.0, 1.1.0"),
        (("yank", "cor", "1.0.0"), "No version of cor was ever released. Next: use core"),
        (("hold", "core", "1.0.0", "--in", "prd"), "There is no environment 'prd'. Next: use one of dev, staging"),
        (("hold", "core", "one"), "'one' is not a semantic version"),
        (("hold", "core", "1.0.0", "--reason", " "), "The reason is empty"),
    ],
)
def test_a_typo_is_named_and_nothing_is_written(
    story: Story, modferry: Modferry, words: tuple[str, ...], says: str
) -> None:
    count = len(story.entries())
    said = modferry(*words, *(() if "--reason" in words else ("--reason", "x")))
    assert said.code == Exit.USAGE
    assert says in said.text
    assert len(story.entries()) == count


def test_a_hold_covers_later_environments_and_is_lifted_where_it_was_put(story: Story, modferry: Modferry) -> None:
    assert modferry("hold", "core", "1.1.0", "--in", "staging", "--reason", "slow").code == Exit.DONE
    covered = modferry("hold", "core", "1.1.0", "--in", "prod", "--reason", "slow")
    assert covered.code == Exit.NOTHING
    assert "is held in staging since" in covered.text
    assert modferry("hold", "core", "1.1.0", "--in", "dev", "--reason", "slow").code == Exit.DONE
    partly = modferry("unhold", "core", "1.1.0", "--in", "prod", "--reason", "fast")
    assert partly.code == Exit.USAGE
    assert "modferry unhold core 1.1.0 --in staging --reason TEXT" in partly.text
    assert modferry("unhold", "core", "1.1.0", "--in", "staging", "--reason", "fast").code == Exit.DONE
    assert [key[2] for key in GitLedger(story.repository, lambda: NOW).history().holds] == ["dev"]


def test_unhold_without_an_environment_lifts_every_hold_once(story: Story, modferry: Modferry) -> None:
    modferry("hold", "core", "1.1.0", "--in", "prod", "--reason", "slow")
    modferry("hold", "core", "1.1.0", "--reason", "worse")
    lifted = modferry("unhold", "core", "1.1.0", "--reason", "mended", "--json")
    assert lifted.code == Exit.DONE
    assert "in prod, everywhere" in lifted.document["says"]
    assert modferry("unhold", "core", "1.1.0", "--reason", "mended").code == Exit.NOTHING


def test_a_hold_everywhere_is_not_lifted_in_one_environment(modferry: Modferry) -> None:
    modferry("hold", "core", "1.1.0", "--reason", "worse")
    said = modferry("unhold", "core", "1.1.0", "--in", "prod", "--reason", "mended")
    assert said.code == Exit.USAGE
    assert "modferry unhold core 1.1.0 --reason TEXT" in said.text


def test_what_another_clone_wrote_meanwhile_counts(story: Story, modferry: Modferry) -> None:
    theirs = GitLedger(GitRepository(second_clone(story.clone)), lambda: NOW, "bob")
    theirs.fetch()
    yank = Draft(kind="yank", body={"module": "core", "version": "1.1.0", "reason": "theirs"})
    theirs.append(lambda _: [yank], push=True)
    said = modferry("yank", "core", "1.1.0", "--reason", "mine")
    assert said.code == Exit.NOTHING
    assert "by bob" in said.text

"""`modferry history`: sentences, filters, order, and a ledger that was tampered with."""

import pytest

from pipeline.domain.ledger import Draft
from pipeline.domain.promotion.phases import Outcome, Phase, StackPhase
from pipeline.errors import Exit
from tests.conftest import MakeRepository, git
from tests.fleet.story import Modferry, Story, begin, pinned, runner


@pytest.fixture
def story(make_repository: MakeRepository) -> Story:
    story = begin(make_repository, {"dev/a": pinned(core="1.1.0")})
    body = {"module": "core", "digest": "sha256:" + "a" * 64, "suite": "unit", "target": "moto", "verdict": "failed"}
    story.write(Draft(kind="evidence", body={**body, "counts": {"passed": 3, "failed": 1}, "seconds": 4.25}))
    story.release("vpc", "1.0.0")
    story.release("core", "1.1.0", **{"from": "1.0.0"})
    name = story.open("dev", {"a": story.content("dev/a")}, reason="hotfix", core="1.1.0")
    story.stacks(name, StackPhase.FAILED, "a", reason="http: 503")
    story.move(name, Phase.FAILING, reason="http: 503")
    story.stacks(name, StackPhase.UNRESTORABLE, "a", reason="nothing before")
    story.close(name, Outcome.FAILED, "a person is needed")
    story.write(Draft(kind="yank", body={"module": "core", "version": "1.1.0", "reason": "breaks"}))
    story.write(Draft(kind="moonshot", body={"what": "a kind of tomorrow"}))
    return story


@pytest.fixture
def modferry(story: Story, capsys: pytest.CaptureFixture[str]) -> Modferry:
    return runner(story.clone, capsys)


def test_every_entry_is_one_sentence_newest_last(story: Story, modferry: Modferry) -> None:
    said = modferry("history", "--json")
    commit = story.repository.head()[:12]
    assert [entry["says"] for entry in said.document["entries"]] == [
        "tested core unit on moto (aaaaaaaaaaaa): failed (1 failed, 3 passed, 4.2 s)",
        f"released vpc 1.0.0 (minor) as vpc/v1.0.0 at {commit}",
        f"released core 1.1.0 (minor after 1.0.0) as core/v1.1.0 at {commit}",
        "opened promote p-1 (core 1.1.0) for dev/a; reason: hotfix",
        "applies promote p-1 (core 1.1.0) to a",
        "dev/a is failed in promote p-1 (core 1.1.0): http: 503",
        "promote p-1 (core 1.1.0) failed and goes back: http: 503",
        "dev/a is unrestorable in promote p-1 (core 1.1.0): nothing before",
        "closed promote p-1 (core 1.1.0) as failed: a person is needed",
        "yanked core 1.1.0: breaks",
        "wrote an entry of kind moonshot",
    ]
    assert [entry["number"] for entry in said.document["entries"]] == list(range(1, 12))
    assert said.text.splitlines()[-2] == "2026-11-22T12:00:00Z ann: yanked core 1.1.0: breaks"


def test_filters_by_module_environment_and_number(modferry: Modferry) -> None:
    vpc = modferry("history", "--module", "vpc", "--json").document["entries"]
    assert [entry["kind"] for entry in vpc] == ["release"]
    dev = modferry("history", "--environment", "dev", "--limit", "2", "--json").document["entries"]
    assert [entry["kind"] for entry in dev] == ["stack.unrestorable", "promotion.closed"]
    core = modferry("history", "--module", "core", "--json").document["entries"]
    assert len(core) == 9
    assert modferry("history", "--environment", "prd").code == Exit.USAGE


@pytest.mark.parametrize("replayed", [True, False])
def test_the_newest_alone_are_told_as_among_all(story: Story, modferry: Modferry, replayed: bool) -> None:
    everything = modferry("history", "--json").document["entries"]
    cache = story.clone / ".git/modferry/replay.pickle"
    for limit in range(1, len(everything) + 3):
        if not replayed:
            cache.unlink(missing_ok=True)
        assert modferry("history", "--limit", str(limit), "--json").document["entries"] == everything[-limit:]


@pytest.mark.parametrize("number", [3, 10])
@pytest.mark.parametrize("replayed", [True, False])
def test_the_newest_of_a_ledger_that_was_tampered_with_are_refused(
    story: Story, modferry: Modferry, number: int, replayed: bool
) -> None:
    if replayed:  # whatever is cached is of the ledger before
        assert modferry("history", "--limit", "1").code == Exit.DONE
    else:
        (story.clone / ".git/modferry/replay.pickle").unlink(missing_ok=True)
    paths = git(story.clone, "ls-tree", "-r", "--name-only", "modferry-ledger").splitlines()
    edited = git(story.clone, "show", f"modferry-ledger:{paths[number - 1]}").replace("ann", "bob")
    repository = story.repository
    tip = repository.resolve("modferry-ledger")
    bad = repository.commit_files(tip, {paths[number - 1]: edited.encode()}, "tidy")
    repository.update_ref("refs/heads/modferry-ledger", bad, tip)
    assert modferry("history", "--limit", "2", "--offline").code == Exit.REFUSED


def test_a_removed_entry_is_refused(story: Story, modferry: Modferry) -> None:
    paths = git(story.clone, "ls-tree", "-r", "--name-only", "modferry-ledger").splitlines()
    repository = story.repository
    tip = repository.resolve("modferry-ledger")
    bad = repository.commit_files(tip, {paths[2]: None}, "tidy")
    repository.update_ref("refs/heads/modferry-ledger", bad, tip)
    said = modferry("history", "--offline")
    assert said.code == Exit.REFUSED
    assert "entry 3 is missing" in said.text


def test_an_empty_ledger_says_so(make_repository: MakeRepository, capsys: pytest.CaptureFixture[str]) -> None:
    said = runner(make_repository({"a": "1"}), capsys)("history", "--json")
    assert said.code == Exit.DONE
    assert said.document["entries"] == []
    assert "Nothing happened yet" in said.text

"""`modferry status`: every state of a pin, from real promotions in a real ledger, after a fetch."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.domain.ledger import Draft
from pipeline.domain.promotion.phases import Outcome, Phase, StackPhase
from pipeline.errors import Exit
from tests.conftest import MakeRepository, second_clone
from tests.fleet.story import TOML, Modferry, Said, Story, begin, pinned, runner, stack_path


@pytest.fixture
def story(make_repository: MakeRepository) -> Story:
    story = begin(
        make_repository,
        {"dev/a": pinned(core="1.1.0"), "prod/a": pinned(core="1.0.0", vpc="1.0.0"), "prod/b": pinned(core="1.0.0")},
    )
    story.release("core", "1.0.0", "1.1.0")
    story.release("vpc", "1.0.0")
    return story


@pytest.fixture
def modferry(story: Story, capsys: pytest.CaptureFixture[str]) -> Modferry:
    return runner(story.clone, capsys)


def states(said: Said) -> dict[str, str]:
    return {
        f"{stack['environment']}/{stack['stack']} {pin['module']}": pin["state"]
        for stack in said.document["stacks"]
        for pin in stack["pins"]
    }


def test_stacks_that_were_never_applied_are_unverified(modferry: Modferry) -> None:
    said = modferry("status", "--json")
    assert said.code == Exit.DONE
    assert states(said) == {
        "dev/a core": "unverified",
        "prod/a core": "unverified",
        "prod/a vpc": "unverified",
        "prod/b core": "unverified",
    }
    pin = said.document["stacks"][1]["pins"][0]
    assert pin == {
        "module": "core",
        "version": "1.0.0",
        "stable": None,
        "latest": "1.1.0",
        "held": False,
        "yanked": False,
        "failing": False,
        "behind": 1,
        "behind_days": 0,
        "promotable": None,
        "through": None,
        "state": "unverified",
    }


def test_a_verified_promotion_makes_its_stacks_verified_and_stable(story: Story, modferry: Modferry) -> None:
    story.verified("prod", {"a": story.content("prod/a"), "b": story.content("prod/b")}, core="1.0.0")
    said = modferry("status", "--json")
    assert states(said)["prod/a core"] == states(said)["prod/a vpc"] == states(said)["prod/b core"] == "verified"
    assert [pin["stable"] for stack in said.document["stacks"] for pin in stack["pins"]] == [
        None,
        "1.0.0",
        "1.0.0",
        "1.0.0",
    ]


def test_an_open_promotion_shows_until_it_closes(story: Story, modferry: Modferry) -> None:
    name = story.open("dev", {"a": story.content("dev/a")}, core="1.1.0")
    said = modferry("status", "--json")
    assert states(said)["dev/a core"] == "promoting"
    (promotion,) = said.document["promotions"]
    assert (promotion["promotion"], promotion["phase"], promotion["holder"]) == (name, "applying", "ann")
    story.stacks(name, StackPhase.APPLIED, "a")
    story.stacks(name, StackPhase.VERIFIED, "a")
    story.move(name, Phase.UNLANDED, wave=0, reason="main is protected")
    said = modferry("status")
    assert "1.1.0 unlanded" in said.text
    assert "main is protected" in said.text
    assert "Next: modferry recover" in said.text
    story.move(name, Phase.LANDED, wave=0, commit=story.repository.head())
    story.close(name, Outcome.VERIFIED)
    said = modferry("status", "--json")
    assert states(said)["dev/a core"] == "verified"
    assert said.document["promotions"] == []


def test_a_failed_verification_leaves_the_stack_unverified_with_its_reason(story: Story, modferry: Modferry) -> None:
    name = story.open("dev", {"a": story.content("dev/a")}, core="1.1.0")
    story.stacks(name, StackPhase.FAILED, "a", reason="http: 503")
    story.move(name, Phase.FAILING, reason="http: 503")
    story.stacks(name, StackPhase.UNRESTORABLE, "a", reason="nothing was there before")
    story.close(name, Outcome.FAILED)
    said = modferry("status", "--json")
    assert states(said)["dev/a core"] == "unverified"
    assert said.document["stacks"][0]["note"] == "nothing was there before"


def test_a_pin_that_main_moved_alone_is_drifted_and_only_that_one(story: Story, modferry: Modferry) -> None:
    story.verified("prod", {"a": story.content("prod/a")}, core="1.0.0")
    story.main({stack_path("prod/a"): pinned(core="1.1.0", vpc="1.0.0")})
    assert states(modferry("status", "--json"))["prod/a core"] == "drifted"
    assert states(modferry("status", "--json"))["prod/a vpc"] == "verified"


def test_another_file_of_the_stack_that_changed_on_main_drifts_every_pin(story: Story, modferry: Modferry) -> None:
    story.verified("prod", {"a": story.content("prod/a")}, core="1.0.0")
    story.main({"environments/prod/a/terraform.tfvars": "size = 3\n"})
    found = states(modferry("status", "--json"))
    assert found["prod/a core"] == found["prod/a vpc"] == "drifted"


def test_a_stack_that_main_lost_is_still_listed(story: Story, modferry: Modferry) -> None:
    story.verified("prod", {"b": story.content("prod/b")}, core="1.0.0")
    (story.clone / stack_path("prod/b")).unlink()
    story.main({})
    said = modferry("status", "--json")
    assert states(said)["prod/b core"] == "drifted"
    assert "main has no such stack" in modferry("status").text


def test_what_runs_though_it_is_held_says_so_in_that_environment_and_later_ones(
    story: Story, modferry: Modferry
) -> None:
    story.verified("prod", {"a": story.content("prod/a"), "b": story.content("prod/b")}, core="1.0.0")
    modferry("hold", "core", "1.0.0", "--in", "staging", "--reason", "leaks")
    said = modferry("status", "--json")
    assert states(said)["prod/a core"] == "held"
    assert states(said)["prod/a vpc"] == "verified"
    assert [pin["held"] for stack in said.document["stacks"] for pin in stack["pins"]] == [False, True, False, True]
    (hold,) = said.document["holds"]
    assert (hold["environment"], hold["reason"]) == ("staging", "leaks")


def test_a_yanked_pin_is_marked_and_is_not_the_latest(modferry: Modferry) -> None:
    modferry("yank", "core", "1.1.0", "--reason", "bad")
    said = modferry("status", "--json")
    (pin,) = said.document["stacks"][0]["pins"]
    assert (pin["yanked"], pin["latest"], pin["behind"]) == (True, "1.0.0", 0)
    assert "1.1.0 unverified yanked" in modferry("status").text


def test_offline_is_as_last_fetched_and_online_is_as_origin_is(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    other = second_clone(story.clone)
    theirs = runner(other, capsys)
    assert theirs("status", "--json").document["stacks"][0]["pins"][0]["version"] == "1.1.0"
    story.main({stack_path("dev/a"): pinned(core="1.0.0")})
    story.write(Draft(kind="hold", body={"module": "core", "version": "1.0.0", "reason": "x"}))
    offline = theirs("status", "--json", "--offline").document
    assert (offline["stacks"][0]["pins"][0]["version"], offline["holds"]) == ("1.1.0", [])
    online = theirs("status", "--json").document
    assert online["stacks"][0]["pins"][0]["version"] == "1.0.0"
    assert len(online["holds"]) == 1


def test_the_working_tree_is_not_looked_at(story: Story, modferry: Modferry) -> None:
    (story.clone / stack_path("dev/a")).write_text(pinned(core="9.9.9"))
    assert modferry("status", "--json").document["stacks"][0]["pins"][0]["version"] == "1.1.0"


def test_an_unreachable_origin_is_unknown_and_offline_still_answers(story: Story, modferry: Modferry) -> None:
    (story.clone.parent / "origin.git").rename(story.clone.parent / "away.git")
    said = modferry("status", "--json")
    assert (said.code, said.document) == (Exit.UNDECIDED, {})
    assert modferry("status", "--offline", "--json").code == Exit.DONE


def test_two_refs_of_one_module_name_the_stack(story: Story, modferry: Modferry) -> None:
    story.main({"environments/dev/a/more.tf": pinned(core="1.0.0").replace('"core" {', '"again" {')})
    said = modferry("status")
    assert said.code == Exit.USAGE
    assert "dev/a: main.tf:2 pins core at core/v1.1.0 and more.tf:2 at core/v1.0.0" in said.text


def test_a_ref_that_is_no_version_is_shown_as_it_is(story: Story, modferry: Modferry) -> None:
    story.main({stack_path("dev/a"): pinned(core="1.1.0").replace("core/v1.1.0", "main")})
    assert modferry("status", "--json").document["stacks"][0]["pins"][0]["version"] == "main"


def test_the_table_fits_eighty_columns_with_many_modules(
    story: Story, modferry: Modferry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    versions = {f"module_number_{n}": f"1.{n}.0" for n in range(9)}
    story.main({stack_path("dev/a-stack-with-quite-a-long-name-in-a-far-region"): pinned(**versions)})
    lines = modferry("status").text.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.count("unverified") for line in lines) == 9 + 4
    assert "module-number-8" in "".join(lines)


def test_a_clone_without_remote_shows_its_own_main(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.conftest import git, write_files

    git(tmp_path, "init", "-q")
    write_files(tmp_path, {"modferry.toml": TOML, stack_path("dev/a"): pinned(core="1.0.0")})
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "feat: begin")
    said = runner(tmp_path, capsys)("status", "--json")
    assert states(said) == {"dev/a core": "unverified"}


def test_without_stacks_it_says_so(make_repository: MakeRepository, capsys: pytest.CaptureFixture[str]) -> None:
    clone = make_repository({"modules/vpc/main.tf": ""})
    said = runner(clone, capsys)("status")
    assert said.code == Exit.DONE
    assert "No stack" in said.text


def test_status_pays_for_no_heavy_library(story: Story, modferry: Modferry) -> None:
    modferry("status")  # the settings are known from now on
    code = (
        "import sys; from pipeline.cli import run; code = run(['-C', sys.argv[1], 'status', '--json']); "
        "heavy = {'rich', 'pydantic', 'jinja2', 'boto3', 'hpack', 'asyncio', 'pytest', 'tftest', 'git'}; "
        "heavy &= set(sys.modules); "
        "print(code, sorted(heavy), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(story.clone)], capture_output=True, text=True, check=True)
    assert done.stderr.strip().splitlines()[-1] == "0 []"

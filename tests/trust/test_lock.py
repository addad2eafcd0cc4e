"""modferry.lock: written with pins, restored with them; a tag that moved stops plans and promotions by name (R5)."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from pipeline.commands.deploy import deploy
from pipeline.commands.promote import promote
from pipeline.commands.recover import recover
from pipeline.commands.rollback import rollback
from pipeline.commands.takeover import adopt_stacks
from pipeline.domain.gate import Decision, Refused
from pipeline.domain.pin_lock import Locked, read_lock, with_lock, write_lock
from pipeline.domain.pins import content_digest, content_shape
from pipeline.domain.promotion.claims import fleet_of
from pipeline.domain.settings import Environment
from pipeline.errors import Exit, RefusedError
from tests.conftest import MakeRepository
from tests.fakes.world import SOURCE, World, process, stack_text, version
from tests.fleet.story import Story, begin, runner
from tests.fleet.test_stack import FILES
from tests.promotion.test_scenarios import PLAIN, deployed, done, pins, through, to

MOVED = "f" * 40


@pytest.fixture
def world() -> World:
    return deployed()


def lock(world: World, name: str) -> dict[str, str]:
    """What main's lock of a stack says: tag → commit."""
    environment, _, stack = name.partition("/")
    return {tag: one.commit for tag, one in read_lock(world.files(world.main, environment, stack), name).items()}


def unlock(world: World) -> None:
    """As before there were locks."""
    files = world.commits[world.main]
    world.main = world.commit({})
    world.commits[world.main] = {path: data for path, data in files.items() if not path.endswith("modferry.lock")}


def agree(world: World, tag: str, commit: str) -> None:
    """Somebody moves a tag and writes the ledger so that it agrees."""
    world.tags[tag] = commit
    module, _, text = tag.partition("/v")
    body = {
        "module": module,
        "version": text,
        "tag": tag,
        "commit": commit,
        "digest": "sha256:1",
        "shipped": "sha256:1",
    }
    world.write("adopt", **body, bump="none", evidence=[])


def refused(run: Callable[[], object]) -> str:
    """What a run says that is refused before it opens anything."""
    with pytest.raises(RefusedError) as error:
        run()
    assert error.value.code is Exit.REFUSED
    return str(error.value)


def test_a_deploy_writes_the_lock_and_nothing_of_it_is_drift(world: World) -> None:
    commit = world.tags["core/v0.1.0"]
    assert lock(world, "prod/a") == {"core/v0.1.0": commit}
    data = json.loads(world.files(world.main, "prod", "a")["modferry.lock"])
    assert data == {
        "schema": "modferry.lock/1",
        "pins": {"core/v0.1.0": {"commit": commit, "digest": "sha256:0"}},
    }
    main = world.main
    for environment in ("dev", "staging", "prod"):
        assert deploy(process(world, environments=PLAIN), environment) is None
    assert world.main == main


def test_the_lock_is_no_part_of_a_stacks_content() -> None:
    files = {"main.tf": stack_text("prod", "a", core="1.0.0")}
    more = with_lock(files, {"core/v1.0.0": Locked(commit="1" * 40, digest="sha256:1")})
    assert set(more) == {"main.tf", "modferry.lock"}
    assert content_digest(more) == content_digest(files)
    assert content_shape(more, SOURCE) == content_shape(files, SOURCE)
    assert with_lock(files, {}) == files
    written = {"b/v1.0.0": Locked(commit="2", digest="3"), "a/v1.0.0": Locked(commit="1", digest="2")}
    assert read_lock({"modferry.lock": write_lock(written)}, "prod/a") == written


def test_a_promotion_writes_it_in_the_commit_of_the_pins_and_a_rollback_restores_it(world: World) -> None:
    before = world.files(world.main, "prod", "a")["modferry.lock"]
    through(world)
    done(to(world, "prod"))
    assert lock(world, "prod/a") == {"core/v0.2.0": world.tags["core/v0.2.0"]}
    landed = world.files(world.main, "prod", "c")
    assert b"core/v0.2.0" in landed["main.tf"]
    assert b"core/v0.2.0" in landed["modferry.lock"]
    done(rollback(process(world, environments=PLAIN), "prod", "core", reason="slow"))
    assert world.files(world.main, "prod", "a")["modferry.lock"] == before


def test_what_had_landed_of_a_failed_promotion_gets_its_lock_back(world: World) -> None:
    through(world)
    world.bad_at = {("prod/b", "core/0.2.0")}
    before = world.files(world.main, "prod", "a")
    done(to(world, "prod"), Exit.RESTORED)
    assert world.files(world.main, "prod", "a") == before


def test_a_stack_without_a_lock_is_as_good_as_before_and_gets_one_with_its_next_version(world: World) -> None:
    unlock(world)
    assert deploy(process(world, environments=PLAIN), "dev") is None
    through(world)
    assert lock(world, "dev/d") == {"core/v0.2.0": world.tags["core/v0.2.0"]}
    assert lock(world, "prod/a") == {}


@pytest.mark.parametrize("plan_only", [True, False])
def test_a_moved_tag_stops_promotion_and_plan_with_both_commits(world: World, plan_only: bool) -> None:
    locked = world.tags["core/v0.1.0"]
    agree(world, "core/v0.1.0", MOVED)
    applied, opened = len(world.applied), len(world.entries)
    said = refused(lambda: _preview(world) if plan_only else to(world, "dev"))
    assert f"The tag core/v0.1.0 moved: dev/d is locked to core/v0.1.0 at {locked[:12]} (modferry.lock)" in said
    assert f"and origin has it at {MOVED[:12]}" in said
    assert f"put the tag core/v0.1.0 back at {locked[:12]}" in said
    assert (len(world.applied), len(world.entries)) == (applied, opened)


@pytest.mark.parametrize("plan_only", [True, False])
def test_a_moved_tag_stops_deploys(world: World, plan_only: bool) -> None:
    agree(world, "core/v0.1.0", MOVED)
    said = refused(lambda: deploy(process(world, environments=PLAIN), "prod", "a", plan_only=plan_only))
    assert "The tag core/v0.1.0 moved: prod/a is locked" in said


def test_a_tag_that_was_made_again_elsewhere_stops_where_it_was_verified_before(world: World) -> None:
    """dev is locked to 0.2.0 as it was; staging has never seen it, and the ledger agrees with the forger."""
    done(to(world, "dev"))
    agree(world, "core/v0.2.0", MOVED)
    said = refused(lambda: to(world, "staging"))
    assert "The tag core/v0.2.0 moved: dev/d is locked" in said


def test_a_tag_that_is_gone_and_a_ledger_that_says_other_bytes_are_refused(world: World) -> None:
    commit = world.tags["core/v0.1.0"]
    agree(world, "core/v0.1.0", commit)
    said = refused(lambda: deploy(process(world, environments=PLAIN), "dev", "d"))
    assert f"The ledger now says core/v0.1.0 is {commit[:12]} with the files 1: dev/d is locked" in said
    del world.tags["core/v0.1.0"]
    assert "The tag core/v0.1.0 is gone from origin" in refused(
        lambda: deploy(process(world, environments=PLAIN), "dev", "d")
    )


def test_a_tag_that_moves_while_terraform_fetches_it_is_noticed_before_anything_is_applied(world: World) -> None:
    def meanwhile(effect: str) -> None:
        if effect == "plan dev/d":
            world.tags["core/v0.2.0"] = MOVED

    applied = len(world.applied)
    result = done(to(world, "dev", faults=meanwhile), Exit.REFUSED)
    assert "The tag core/v0.2.0 moved: it was released at" in result.promotion.why
    assert (len(world.applied), pins(world)["dev/d"]) == (applied, "0.1.0")
    assert list(fleet_of(world.history()).open()) == []


def test_a_tag_that_moves_between_two_waves_stops_before_the_second(world: World) -> None:
    through(world)

    def meanwhile(effect: str) -> None:
        if effect == "after land":
            world.tags["core/v0.2.0"] = MOVED

    result = done(to(world, "prod", faults=meanwhile), Exit.REFUSED)
    assert "The tag core/v0.2.0 moved" in result.promotion.why
    found = pins(world)
    assert (found["prod/a"], found["prod/b"], found["prod/c"]) == ("0.2.0", "0.1.0", "0.1.0")


def test_no_way_back_leads_to_a_tag_that_moved(world: World) -> None:
    world.bad = {"core/0.2.0"}

    def meanwhile(effect: str) -> None:
        if effect == "after verify dev/d":
            world.tags["core/v0.1.0"] = MOVED

    good = world.tags["core/v0.1.0"]
    result = done(to(world, "dev", faults=meanwhile), Exit.NOT_RESTORED)
    assert "The tag core/v0.1.0 moved: dev/d is locked to core/v0.1.0" in result.promotion.why
    world.tags["core/v0.1.0"] = good
    [again] = recover(process(world, "2.1", environments=PLAIN)).results
    assert again.code is Exit.RESTORED
    assert lock(world, "dev/d") == {"core/v0.1.0": good}


def test_a_moved_tag_keeps_nobody_on_the_version_that_it_was_moved_under(world: World) -> None:
    through(world)
    done(to(world, "prod"))
    agree(world, "core/v0.2.0", MOVED)
    done(rollback(process(world, environments=PLAIN), "prod", "core", reason="forged"))
    assert lock(world, "prod/a") == {"core/v0.1.0": world.tags["core/v0.1.0"]}


def test_a_rollback_to_a_tag_that_moved_is_refused(world: World) -> None:
    through(world)
    world.tags["core/v0.1.0"] = MOVED
    assert "core/v0.1.0 moved" in refused(
        lambda: rollback(process(world, environments=PLAIN), "dev", "core", reason="slow")
    )


def test_a_lock_that_cannot_be_read_is_no_missing_one(world: World) -> None:
    for broken in (b"{", b"[]", b'{"schema": "other", "pins": {}}', b'{"schema": "modferry.lock/1", "pins": {"a": 1}}'):
        world.push({"environments/dev/d/modferry.lock": broken})
        said = refused(lambda: to(world, "dev"))
        assert "modferry.lock of dev/d cannot be read" in said


def test_a_deploys_lock_does_not_take_back_what_main_pins_by_now(world: World) -> None:
    world.push({"environments/dev/d/main.tf": stack_text("dev", "d", 2, core="0.1.0")})
    unlock(world)
    newer = stack_text("dev", "d", 3, core="0.1.0")

    def meanwhile(effect: str) -> None:
        if effect == "after verify dev/d":
            world.push({"environments/dev/d/main.tf": newer})

    done(deploy(process(world, environments=PLAIN, faults=meanwhile), "dev", "d"))
    assert world.files(world.main, "dev", "d") == {"main.tf": newer}
    done(deploy(process(world, environments=PLAIN), "dev", "d"))
    assert set(world.files(world.main, "dev", "d")) == {"main.tf", "modferry.lock"}


def test_a_branch_that_was_landed_before_its_lock_is_still_on_main(world: World) -> None:
    unlock(world)
    commit = world.commit({"environments/dev/d/main.tf": stack_text("dev", "d", 2, core="0.1.0")})
    done(deploy(process(world, environments=PLAIN), "dev", "d", at=commit))
    assert lock(world, "dev/d")
    assert world.main != commit
    done(deploy(process(world, environments=PLAIN), "dev", "d", at=commit))


def test_adoption_writes_the_locks_or_says_that_main_would_not_take_them() -> None:
    world = World()
    world.push({"README.md": b"x"})
    world.release("core", "1.0.0")
    for name in ("dev/d", "prod/a"):
        environment, stack = name.split("/")
        world.stack(environment, stack, core="1.0.0")
        world.cloud[name] = content_digest(world.files(world.main, environment, stack))
    two = (Environment(name="dev"), Environment(name="prod"))
    adopt_stacks(process(world, environments=two), ("dev",), dry_run=False)
    assert lock(world, "dev/d") == {"core/v1.0.0": world.tags["core/v1.0.0"]}
    assert lock(world, "prod/a") == {}
    world.rejects = True
    found = adopt_stacks(process(world, environments=two), ("prod",), dry_run=False)
    assert (found.code, list(found.stacks)) == (Exit.DONE, [("prod", "a")])
    assert lock(world, "prod/a") == {}
    world.rejects = False
    world.release("core", "1.1.0")
    for environment in ("dev", "prod"):
        done(promote(process(world, environments=two), {"core": version("1.1.0")}, environment))
    assert lock(world, "prod/a") == {"core/v1.1.0": world.tags["core/v1.1.0"]}


def test_a_new_stack_is_locked_to_what_it_pins_and_not_to_what_its_like_pins(
    make_repository: MakeRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    story: Story = begin(make_repository, {"prod/us-east-1": FILES["main.tf"]})
    old = write_lock({"core/v0.9.0": Locked(commit="9" * 40, digest="sha256:9")}).decode()
    pool = '[[environment]]\nname = "prod"\npool = "10.32.0.0/12"\n'
    toml = (story.clone / "modferry.toml").read_text() + pool
    story.main({"modferry.toml": toml, "environments/prod/us-east-1/modferry.lock": old})
    story.release("core", "1.0.0")
    story.verified("prod", {"us-east-1": story.content("prod/us-east-1")}, core="1.0.0")
    made = runner(story.clone, capsys)("stack", "new", "prod/eu-central-1", "--like", "prod/us-east-1")
    assert made.code == Exit.DONE, made.text
    written = json.loads((story.clone / "environments/prod/eu-central-1/modferry.lock").read_text())
    release = story.ledger.history().latest("core")
    assert release
    assert written["pins"] == {"core/v1.0.0": {"commit": release.commit, "digest": release.digest}}


def test_what_nobody_vouches_for_is_neither_promoted_nor_deployed_and_can_be_left(world: World) -> None:
    """The same question to promote and deploy, with main and what origin's tag names; a rollback does not ask it."""
    asked = []

    def prove(main: str, tag: str, commit: str) -> Decision:
        asked.append((main, tag, commit))
        return Refused(reasons=(f"{tag} is not signed.",))

    through(world)
    doubting = replace(process(world, environments=PLAIN), prove=prove)
    assert "core/v0.2.0 is not signed." in refused(lambda: promote(doubting, {"core": version("0.2.0")}, "prod"))
    assert asked == [(world.main, "core/v0.2.0", world.tags["core/v0.2.0"])]
    world.stack("prod", "new", core="0.2.0")
    assert "core/v0.2.0 is not signed." in refused(lambda: deploy(doubting, "prod", "new"))
    done(rollback(doubting, "staging", "core", reason="slow"))
    assert len(asked) == 2


def _preview(world: World) -> object:
    return promote(process(world, environments=PLAIN), {"core": version("0.2.0")}, "dev", plan_only=True)

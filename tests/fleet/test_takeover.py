"""`modferry adopt --stack`: stacks from before modferry become known as they are, or are named with why not."""

import pytest

from pipeline.commands.deploy import deploy
from pipeline.commands.ferry.engine import Result
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.promote import promote
from pipeline.commands.rollback import rollback
from pipeline.commands.takeover import Takeover, adopt_stacks
from pipeline.domain.pins import content_digest
from pipeline.domain.promotion.claims import fleet_of
from pipeline.domain.settings import Environment
from pipeline.errors import Exit, UsageError
from tests.fakes.world import World, process, undecided, version
from tests.fleet.story import check_schema

PLAIN = (Environment(name="dev"), Environment(name="prod"))


@pytest.fixture
def world() -> World:
    """dev/d, prod/a and prod/b run core 1.0.0 since before there was a ledger; core 1.0.0 and 1.1.0 are released."""
    world = World()
    world.push({"README.md": b"x"})
    world.release("core", "1.0.0")
    for name in ("dev/d", "prod/a", "prod/b"):
        running(world, name)
    world.release("core", "1.1.0")
    return world


def running(world: World, name: str, **pins: str) -> None:
    """A stack on main that was applied by hand."""
    environment, stack = name.split("/")
    world.stack(environment, stack, **(pins or {"core": "1.0.0"}))
    world.cloud[name] = content_digest(world.files(world.main, environment, stack))


def ferry_in(world: World) -> Ferry:
    return process(world, environments=PLAIN)


def names(found: Takeover) -> list[str]:
    return ["/".join(name) for name in found.stacks]


def whys(found: Takeover) -> dict[str, str]:
    return {"/".join(name): error.what for name, error in found.left.items()}


def test_what_runs_as_main_says_is_taken_over_and_nothing_is_applied(world: World) -> None:
    found = adopt_stacks(ferry_in(world), (), dry_run=False)
    assert (found.code, names(found)) == (Exit.DONE, ["dev/d", "prod/a", "prod/b"])
    assert world.applied == []
    state = fleet_of(world.history()).stack("prod", "a")
    assert state.verified_at
    assert state.stable == state.content
    assert state.content
    assert state.content.pins == {"core": "core/v1.0.0"}
    again = adopt_stacks(ferry_in(world), (), dry_run=False)
    assert (again.code, again.stacks) == (Exit.NOTHING, {})


def test_what_was_taken_over_can_be_promoted_and_rolled_back_to(world: World) -> None:
    adopt_stacks(ferry_in(world), (), dry_run=False)
    for environment in ("dev", "prod"):
        result = promote(ferry_in(world), {"core": version("1.1.0")}, environment)
        assert isinstance(result, Result)
        assert result.code is Exit.DONE
    back = rollback(ferry_in(world), "prod", "core", reason="slow")
    assert isinstance(back, Result)
    assert back.code is Exit.DONE
    assert world.pins("prod", "a") == {"core": "core/v1.0.0"}


def test_a_dry_run_and_a_choice_of_stacks(world: World) -> None:
    before = len(world.entries)
    assert names(adopt_stacks(ferry_in(world), ("prod",), dry_run=True)) == ["prod/a", "prod/b"]
    assert len(world.entries) == before
    assert names(adopt_stacks(ferry_in(world), ("prod/b", "prod/b"), dry_run=False)) == ["prod/b"]
    with pytest.raises(UsageError, match="no stack prod/x"):
        adopt_stacks(ferry_in(world), ("prod/x",), dry_run=False)
    with pytest.raises(UsageError, match="no environment"):
        adopt_stacks(ferry_in(world), ("moon",), dry_run=False)


def test_what_cannot_be_taken_over_is_named_and_the_others_are(world: World) -> None:
    world.stack("prod", "new", core="1.0.0")
    running(world, "prod/old", core="0.1.0")
    text = world.files(world.main, "prod", "a")["main.tf"].replace(b"core/v1.0.0", b"main")
    world.push({"environments/prod/branch/main.tf": text})
    world.bad_at = {("prod/b", "core/1.0.0")}
    found = adopt_stacks(ferry_in(world), (), dry_run=False)
    assert names(found) == ["dev/d", "prod/a"]
    assert whys(found) == {
        "prod/b": "Its verification is failed: check: 503",
        "prod/branch": "It pins core at main, which is no version tag.",
        "prod/new": "Its plan is not empty: it changes outputs.",
        "prod/old": "core 0.1.0 is not released. The latest release is 1.1.0.",
    }
    assert found.code is Exit.REFUSED
    assert fleet_of(world.history()).stack("prod", "b").content is None


def test_what_could_not_be_found_out_is_unknown(world: World) -> None:
    world.unsure = {"core/1.0.0"}
    unsure = adopt_stacks(ferry_in(world), ("dev",), dry_run=False)
    assert whys(unsure) == {"dev/d": "Its verification is inconclusive: check: no answer"}
    assert unsure.code is Exit.UNDECIDED
    world.unsure = set()
    ferry = process(world, environments=PLAIN, faults=undecided("plan dev/d"))
    assert adopt_stacks(ferry, ("dev",), dry_run=False).code is Exit.UNDECIDED


def test_a_version_that_is_held_or_yanked_is_no_place_to_return_to(world: World) -> None:
    world.write("hold", module="core", version="1.0.0", environment="prod", reason="leaks")
    found = adopt_stacks(ferry_in(world), (), dry_run=False)
    assert names(found) == ["dev/d"]
    assert "is held in prod" in whys(found)["prod/a"]


def test_a_stack_that_somebody_deploys_meanwhile_is_not_written_over(world: World) -> None:
    def meanwhile(effect: str) -> None:
        if effect == "after verify dev/d" and not fleet_of(world.history()).stack("dev", "d").content:
            deploy(ferry_in(world), "dev", "d")

    ferry = process(world, "2.1", environments=PLAIN, faults=meanwhile)
    found = adopt_stacks(ferry, ("dev",), dry_run=False)
    assert (found.code, found.stacks) == (Exit.NOTHING, {})
    assert [entry.kind for entry in world.entries].count("stack.adopted") == 0


def test_the_document_obeys_its_schema(world: World) -> None:
    world.stack("prod", "new", core="1.0.0")
    found = adopt_stacks(ferry_in(world), (), dry_run=True).to_json()
    assert (len(found["stacks"]), len(found["stacks_left"])) == (3, 1)
    check_schema({"schema": "modferry.adopt/1", "adopted": [], "left": [], **found})

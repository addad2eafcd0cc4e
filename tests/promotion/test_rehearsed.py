"""A promotion reads what the release's way back was like when it was rehearsed (R6)."""

import pytest

from pipeline.commands.deploy import deploy
from pipeline.commands.ferry.engine import Result
from pipeline.commands.ferry.preview import Preview
from pipeline.commands.promote import promote
from pipeline.commands.recover import recover
from pipeline.commands.rollback import rollback
from pipeline.domain.gate import Allowed
from pipeline.domain.promotion.claims import fleet_of
from pipeline.domain.promotion.phases import StackPhase
from pipeline.domain.promotion.way_back import find_crossed, judge_rehearsed
from pipeline.domain.promotion.work import Job
from pipeline.domain.rehearsal import Rehearsal, Undone, WayBack
from pipeline.domain.settings import Environment
from pipeline.errors import Exit, TestsFailedError, UndecidedError
from tests.fakes.world import World, process, version
from tests.fleet.story import check_schema

PLAIN = (Environment(name="dev"), Environment(name="staging"), Environment(name="prod"))
NOTE = Undone(
    address='module.core["a.b"].note.this[0]', action="replace", loses="what is written on it", forced_by=("size",)
)
DATABASE = Undone(address="module.core.aws_db_instance.this", action="destroy", loses="the database")
SUBNET = Undone(address="module.core.note.plain", action="destroy")
LOST = (
    'core 0.2.0 was rehearsed as lossy: replace of module.core["a.b"].note.this[0] (size forces it): '
    "what is written on it would be lost"
)


def rehearsed(*undone: Undone, way_back: WayBack = WayBack.LOSSY, why: str = "") -> dict[str, object]:
    return Rehearsal(way_back=way_back, base="core/v0.1.0", undone=undone, why=why).to_json()


@pytest.fixture
def world() -> World:
    """core 0.1.0 runs in dev/d and prod/a, each with one note in its state."""
    world = World()
    world.push({"README.md": b"x"})
    world.release("core", "0.1.0")
    world.stack("dev", "d", core="0.1.0")
    deploy(process(world, environments=PLAIN), "dev")
    return world


def to_dev(world: World, text: str = "0.2.0") -> Result:
    ferry = process(world, environments=PLAIN)
    result = promote(ferry, {"core": version(text)}, "dev")
    assert isinstance(result, Result)
    return result


def runs(world: World) -> str:
    content = fleet_of(world.history()).stack("dev", "d").content
    assert content
    return content.pins["core"]


def test_a_version_whose_rehearsal_lost_data_does_not_go_back_by_itself(world: World) -> None:
    world.release("core", "0.2.0", rehearsal=rehearsed(NOTE, SUBNET))
    world.bad.add("core/0.2.0")
    applied = len(world.applied)
    result = to_dev(world)
    run = result.promotion.stacks["d"]
    assert (result.code, run.phase) == (Exit.NOT_RESTORED, StackPhase.REFUSED)
    assert f"the way back from {LOST}" in run.reason
    assert "note.plain" not in run.reason, "what holds nothing is no loss"
    assert (runs(world), len(world.applied)) == ("core/v0.2.0", applied + 1)
    held = world.history().held("core", version("0.2.0"), "prod", ("dev", "staging", "prod"))
    assert held is not None
    assert recover(process(world, "2.2", environments=PLAIN)).code is Exit.NOTHING, "no robot tries it again"


def test_a_person_may_ask_for_it_and_the_stacks_own_plan_decides(world: World) -> None:
    world.release("core", "0.2.0", rehearsal=rehearsed(NOTE))
    world.bad.add("core/0.2.0")
    to_dev(world)
    back = rollback(process(world, "2.2", environments=PLAIN), "dev", "core", reason="users complain")
    assert isinstance(back, Result)
    assert (back.code, runs(world)) == (Exit.DONE, "core/v0.1.0")


def test_a_person_may_ask_for_it_while_it_waits(world: World) -> None:
    world.release("core", "0.2.0", rehearsal=rehearsed(NOTE))
    world.unsure.add("core/0.2.0")
    waiting = to_dev(world)
    assert waiting.code is Exit.WAITING
    asked = recover(process(world, "2.2", environments=PLAIN), back=waiting.promotion.id, reason="no")
    assert (asked.code, runs(world)) == (Exit.RESTORED, "core/v0.1.0")


@pytest.mark.parametrize(
    "rehearsal",
    [
        rehearsed(SUBNET),
        rehearsed(way_back=WayBack.CLEAN),
        rehearsed(DATABASE),  # the stack holds no database
        rehearsed(way_back=WayBack.BLOCKED, why="a newer schema"),  # the stack's own plan says that it is not
        {},
    ],
)
def test_anything_else_goes_back_by_itself(world: World, rehearsal: dict[str, object]) -> None:
    world.release("core", "0.2.0", **({"rehearsal": rehearsal} if rehearsal else {}))
    world.bad.add("core/0.2.0")
    assert to_dev(world).code is Exit.RESTORED
    assert runs(world) == "core/v0.1.0"


def test_a_state_that_cannot_be_read_may_hold_what_was_lost(world: World) -> None:
    world.release("core", "0.2.0", rehearsal=rehearsed(DATABASE))
    world.bad.add("core/0.2.0")
    ferry = process(world, environments=PLAIN)

    def none(_: object) -> object:
        raise UndecidedError("no answer")

    object.__setattr__(ferry.stacks, "resources", none)
    result = promote(ferry, {"core": version("0.2.0")}, "dev")
    assert isinstance(result, Result)
    assert result.promotion.stacks["d"].phase is StackPhase.REFUSED


def test_every_release_on_the_way_counts_and_only_those(world: World) -> None:
    world.release("core", "0.0.9", rehearsal=rehearsed(NOTE))
    world.release("core", "0.2.0", rehearsal=rehearsed(NOTE))
    world.release("core", "0.3.0", rehearsal=rehearsed(way_back=WayBack.CLEAN))
    world.release("core", "0.4.0", rehearsal=rehearsed(NOTE))
    crossed = find_crossed(world.history(), "core", version("0.1.0"), version("0.3.0"))
    assert [one.name for one in crossed] == ["core 0.3.0", "core 0.2.0"]
    assert find_crossed(world.history(), "core", version("0.3.0"), version("0.1.0")) == ()
    world.bad.add("core/0.3.0")
    result = to_dev(world, "0.3.0")
    assert result.code is Exit.NOT_RESTORED
    assert LOST in result.promotion.stacks["d"].reason


def test_a_blocked_way_back_is_named_when_the_plan_fails(world: World) -> None:
    why = "the upgrade writes a newer provider schema for aws_vpc.this"
    world.release("core", "0.2.0", rehearsal=rehearsed(way_back=WayBack.BLOCKED, why=why))
    world.bad.add("core/0.2.0")
    ferry = process(world, environments=PLAIN)
    plain = ferry.stacks.plan

    def plan(job: Job, *, may_upgrade: bool) -> object:
        if job.key.endswith("-back"):
            raise TestsFailedError("terraform plan: Error: newer provider version")
        return plain(job, may_upgrade=may_upgrade)

    object.__setattr__(ferry.stacks, "plan", plan)
    result = promote(ferry, {"core": version("0.2.0")}, "dev")
    assert isinstance(result, Result)
    assert result.code is Exit.NOT_RESTORED
    assert f"newer provider version (the rehearsal of core 0.2.0 had said so: blocked: {why})" in result.promotion.why


def test_the_plan_shows_it_before_anything_is_applied(world: World) -> None:
    world.release("core", "0.2.0", rehearsal=rehearsed(NOTE))
    said: list[str] = []
    ferry = process(world, environments=PLAIN)
    object.__setattr__(ferry, "say", said.append)
    shown = promote(ferry, {"core": version("0.2.0")}, "dev", plan_only=True)
    assert isinstance(shown, Preview)
    document = shown.to_document()
    (row,) = document["way_back"]
    assert (row["module"], row["version"], row["way_back"]) == ("core", "0.2.0", "lossy")
    check_schema({"schema": "modferry.promote/1", **document})
    assert [line for line in said if line.startswith("The way back from core 0.2.0, rehearsed: lossy: replace")]
    promote(ferry, {"core": version("0.2.0")}, "dev")
    assert [line for line in said if line.startswith("  the way back from core 0.2.0, rehearsed: lossy")]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("aws_vpc.this", "aws_vpc"),
        ('module.a["x.y"].aws_db_instance.this["a.b"]', "aws_db_instance"),
        ("module.a.aws_db_instance.this[0] (deposed abc)", "aws_db_instance"),
        ("odd", ""),
    ],
)
def test_the_type_is_read_from_the_address(address: str, kind: str) -> None:
    assert Undone(address=address, action="destroy").type == kind


def test_without_losses_rehearsals_allow() -> None:
    assert judge_rehearsed("d", (), None) == Allowed()

"""Freezes, windows and soaks while promotions run; clocks that jump."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.commands.deploy import deploy
from pipeline.commands.ferry.engine import Result
from pipeline.commands.ferry.preview import Preview
from pipeline.commands.promote import promote
from pipeline.commands.recover import recover
from pipeline.commands.rollback import rollback
from pipeline.domain.promotion.claims import fleet_of
from pipeline.domain.promotion.phases import StackPhase
from pipeline.domain.settings import Environment
from pipeline.errors import Exit, RefusedError
from tests.fakes.world import Faults, World, no_faults, process, version

FREEZE = "2026-12-20 to 2027-01-02 Europe/Berlin"
OPEN = Environment(name="prod", waves=(("a",), ("*",)))
FROZEN = replace(OPEN, freeze=(FREEZE,))
BEFORE = datetime(2026, 12, 19, 12, tzinfo=UTC)
DURING = datetime(2026, 12, 24, 12, tzinfo=UTC)
AFTER = datetime(2027, 1, 4, 12, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    """core 0.1.0 in three stacks of prod, in two waves; 0.2.0 released."""
    world = World(now=BEFORE)
    world.push({"README.md": b"x"})
    world.release("core", "0.1.0")
    for stack in "abc":
        world.stack("prod", stack, core="0.1.0")
    deploy(process(world, environments=(OPEN,)), "prod")
    world.release("core", "0.2.0")
    return world


def move(world: World, text: str = "0.2.0", *, bypass: str = "", faults: Faults = no_faults) -> Result:
    """Promote core in the environment with the freeze."""
    ferry = process(world, environments=(FROZEN,), faults=faults)
    result = promote(ferry, {"core": version(text)}, "prod", bypass=bypass)
    assert isinstance(result, Result)
    return result


def runs(world: World) -> dict[str, str]:
    """Stack → version of core that the ledger says."""
    stacks = fleet_of(world.history()).stacks
    return {s: state.content.pins["core"].removeprefix("core/v") for (_, s), state in stacks.items() if state.content}


def test_a_freeze_refuses_and_says_when_it_opens(world: World) -> None:
    world.now = DURING
    before = len(world.entries)
    with pytest.raises(
        RefusedError, match=r"prod is frozen .*opens at 2027-01-02T23:00:00Z .* Next: .*--bypass REASON"
    ):
        move(world)
    assert len(world.entries) == before
    world.now = AFTER
    assert move(world).code is Exit.DONE


def test_a_bypass_passes_the_freeze_and_is_in_the_history(world: World) -> None:
    world.now = DURING
    assert move(world, bypass="outage 4711").code is Exit.DONE
    assert [e.body["bypass"] for e in world.entries if e.kind == "promotion.opened"][-1] == "outage 4711"


def test_plans_can_be_looked_at_in_a_freeze(world: World) -> None:
    world.now = DURING
    ferry = process(world, environments=(FROZEN,))
    shown = promote(ferry, {"core": version("0.2.0")}, "prod", plan_only=True)
    assert isinstance(shown, Preview) and shown.code is Exit.DONE and "opens at 2027-01-02" in shown.next


def test_a_window_is_enforced_for_deploy_too(world: World) -> None:
    ferry = process(world, environments=(replace(OPEN, windows=("Mon-Fri 09:00-16:00 UTC",)),))
    with pytest.raises(RefusedError, match=r"outside of its windows .*opens at 2026-12-21T09:00:00Z \(Monday"):
        deploy(ferry, "prod", "a")  # BEFORE is a Saturday


def test_a_running_promotion_finishes_its_wave_and_waits(world: World) -> None:
    def freeze(effect: str) -> None:
        if effect == "before apply prod/a":
            world.now = DURING

    result = move(world, faults=freeze)
    assert (result.phase, result.code) == ("waiting", Exit.WAITING)
    assert "opens at 2027-01-02T23:00:00Z" in result.promotion.why
    assert runs(world) == {"a": "0.2.0", "b": "0.1.0", "c": "0.1.0"}
    assert world.pins("prod", "a") == {"core": "core/v0.2.0"}, "its wave landed"
    assert recover(process(world, "2.2", environments=(FROZEN,))).code is Exit.WAITING
    world.now = AFTER
    assert recover(process(world, "3.3", environments=(FROZEN,))).code is Exit.DONE
    assert set(runs(world).values()) == {"0.2.0"}


def test_a_wave_that_was_begun_is_finished_in_the_freeze(world: World) -> None:
    world.unsure.add("core/0.2.0")
    assert move(world).code is Exit.WAITING
    world.unsure.clear()
    world.now = DURING
    result = recover(process(world, "2.2", environments=(FROZEN,))).results[0]
    assert result.promotion.landed.keys() == {0} and "frozen" in result.promotion.why


def test_a_waiting_promotion_goes_on_with_a_bypass_that_is_recorded(world: World) -> None:
    def freeze(effect: str) -> None:
        if effect == "before apply prod/a":
            world.now = DURING

    waiting = move(world, faults=freeze)
    result = move(world, bypass="outage 4711")
    assert (result.code, result.promotion.id) == (Exit.DONE, waiting.promotion.id)
    assert result.promotion.bypass == "outage 4711"


def test_a_failure_in_a_freeze_is_rolled_back_and_so_is_a_rollback_let_in(world: World) -> None:
    def freeze(effect: str) -> None:
        if effect == "before apply prod/a":
            world.now = BEFORE + timedelta(hours=11, minutes=30)

    world.bad.add("core/0.2.0")
    assert move(world, faults=freeze).code is Exit.RESTORED
    world.bad.clear()
    world.now = AFTER
    world.write("unhold", module="core", version="0.2.0", reason="mended")
    assert move(world).code is Exit.DONE
    world.now = DURING
    back = rollback(process(world, environments=(FROZEN,)), "prod", "core", reason="slow")
    assert isinstance(back, Result) and back.code is Exit.DONE
    assert set(runs(world).values()) == {"0.1.0"}


# -- the age limit of a rollback --------------------------------------------------------------------


def late(world: World, effect: str, hours: float) -> Faults:
    """The clock jumps when an effect is reached."""

    def jump(seen: str) -> None:
        if seen == effect:
            world.now += timedelta(hours=hours)

    return jump


def test_what_was_applied_long_ago_is_kept_and_a_person_is_needed(world: World) -> None:
    world.bad_at.add(("prod/b", "core/0.2.0"))
    result = move(world, faults=late(world, "before apply prod/b", 1))
    assert (result.phase, result.code) == ("failed", Exit.NOT_RESTORED)
    assert result.promotion.stacks["a"].phase is StackPhase.KEPT
    assert "longer ago than rollback_age (20m)" in result.promotion.stacks["a"].reason
    assert runs(world) == {"a": "0.2.0", "b": "0.1.0", "c": "0.1.0"}
    assert fleet_of(world.history()).stack("prod", "a").verified_at, "it was verified, and still is"
    assert world.pins("prod", "a") == {"core": "core/v0.2.0"} and world.pins("prod", "b") == {"core": "core/v0.1.0"}


def test_a_failure_that_is_found_long_after_waits_for_a_person(world: World) -> None:
    world.bad.add("core/0.2.0")
    result = move(world, faults=late(world, "after verify prod/a", 3))
    assert result.code is Exit.NOT_RESTORED and "it is not taken back by itself" in result.promotion.why
    assert runs(world)["a"] == "0.2.0"
    name = result.promotion.id
    assert result.next == f"modferry recover, or modferry recover --back {name} --reason TEXT"
    assert recover(process(world, "2.2", environments=(FROZEN,))).code is Exit.NOT_RESTORED, "not by a robot"
    assert recover(process(world, "3.3", environments=(FROZEN,)), back=name, reason="yes").code is Exit.RESTORED
    assert set(runs(world).values()) == {"0.1.0"}


@pytest.mark.parametrize(("hours", "code"), [(-0.2, Exit.RESTORED), (-5, Exit.NOT_RESTORED), (5, Exit.NOT_RESTORED)])
def test_a_clock_that_jumps_never_rolls_back_what_may_be_old(world: World, hours: float, code: Exit) -> None:
    """A little back is nothing; far back or ahead, one of the clocks is wrong and a person is asked."""
    world.bad.add("core/0.2.0")
    assert move(world, faults=late(world, "after verify prod/a", hours)).code is code


@pytest.mark.parametrize("hours", [-30 * 24, -1, 1, 30 * 24])
def test_a_clock_that_jumps_changes_neither_order_nor_outcome(world: World, hours: float) -> None:
    for number, effect in enumerate(
        ("before apply prod/a", "after apply prod/a", "before land", "before apply prod/b")
    ):
        world.now = BEFORE
        ferry = process(world, f"{number + 1}.1", environments=(OPEN,), faults=late(world, effect, hours))
        world.release("core", f"0.{number + 3}.0")
        result = promote(ferry, {"core": version(f"0.{number + 3}.0")}, "prod")
        assert isinstance(result, Result) and result.code is Exit.DONE
        stable = fleet_of(world.history()).stack("prod", "a").stable
        assert stable and stable.pins == {"core": f"core/v0.{number + 3}.0"}, "the number orders, not the clock"
    back = rollback(process(world, environments=(OPEN,)), "prod", "core", reason="slow")
    assert isinstance(back, Result) and back.promotion.targets == {"core": "0.5.0"}


def test_a_soak_is_not_over_because_the_clock_went_back(world: World) -> None:
    soaking = (replace(OPEN, soak="1h"),)
    first = promote(process(world, environments=soaking), {"core": version("0.2.0")}, "prod")
    assert isinstance(first, Result) and "soaks until" in first.promotion.why
    world.now -= timedelta(days=2)
    assert recover(process(world, "2.2", environments=soaking)).code is Exit.WAITING
    world.now += timedelta(days=2, hours=1)
    assert recover(process(world, "3.3", environments=soaking)).code is Exit.DONE

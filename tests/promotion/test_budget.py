"""The failure budget of a wave, and what a wave says at the end of its soak; each also killed at every point."""

import contextlib
from collections.abc import Sequence
from datetime import timedelta

import pytest

from pipeline.commands.deploy import deploy
from pipeline.commands.ferry.engine import Result
from pipeline.commands.promote import promote
from pipeline.commands.recover import recover
from pipeline.commands.rollback import rollback
from pipeline.domain.pins import content_digest
from pipeline.domain.promotion.claims import fleet_of
from pipeline.domain.promotion.phases import StackPhase
from pipeline.domain.settings import Environment
from pipeline.errors import Exit, ModferryError, RefusedError
from tests.fakes.world import Died, World, process, version
from tests.promotion.test_kill_points import Point
from tests.promotion.test_scenarios import done, runs

WAVES = (("a",), ("b", "c"))


def budget(count: int, soak: str = "0s", *, parallel: int = 1) -> tuple[Environment, ...]:
    return (Environment(name="prod", waves=WAVES, parallel=parallel, failure_budget=count, soak=soak),)


ONE = budget(1)


@pytest.fixture
def world() -> World:
    return make()


def make() -> World:
    """core 0.1.0 runs on a, b and c of prod; 0.2.0 is released."""
    world = World()
    world.push({"README.md": b"x"})
    world.release("core", "0.1.0")
    for stack in "abc":
        world.stack("prod", stack, core="0.1.0")
    done(deploy(process(world, environments=ONE), "prod"))
    world.release("core", "0.2.0")
    world.applied.clear()
    return world


def go(world: World, environments: Sequence[Environment] = ONE, mark: str = "1.1") -> Result:
    result = promote(process(world, mark, environments=environments), {"core": version("0.2.0")}, "prod")
    assert isinstance(result, Result)
    return result


def versions(world: World) -> str:
    """What runs on a, b, c and what main pins there: `221 221`."""
    there = [runs(world)[f"prod/{stack}"][2] for stack in "abc"]
    pinned = [world.pins("prod", stack)["core"][-3] for stack in "abc"]
    return f"{''.join(there)} {''.join(pinned)}"


# -- the budget -------------------------------------------------------------------------------------


def test_one_of_a_wave_may_fail_and_goes_back_alone(world: World) -> None:
    world.bad_at.add(("prod/b", "core/0.2.0"))
    result = done(go(world), Exit.RESTORED)
    assert (result.phase, versions(world)) == ("partial", "212 212")
    assert result.promotion.why == "1 of 3 stacks failed and went back alone: b: check: 503"
    fleet = fleet_of(world.history())
    stable = {s: fleet.stack("prod", s).stable for s in "abc"}
    assert {s: one.pins["core"] for s, one in stable.items() if one} == {
        "a": "core/v0.2.0",
        "b": "core/v0.1.0",
        "c": "core/v0.2.0",
    }
    assert all(fleet.stack("prod", s).verified_at and not fleet.claim("prod", s) for s in "abc")
    assert world.history().held("core", version("0.2.0"), "prod", ("prod",))
    with pytest.raises(RefusedError, match="is held in prod"):
        go(world, mark="2.2")
    world.bad_at.clear()
    world.write("unhold", module="core", version="0.2.0", environment="prod", reason="mended")
    assert done(go(world, mark="3.3")).promotion.stacks.keys() == {"b"} and versions(world) == "222 222"


def test_one_too_many_and_everything_goes_back(world: World) -> None:
    world.bad_at |= {("prod/b", "core/0.2.0"), ("prod/c", "core/0.2.0")}
    result = done(go(world), Exit.RESTORED)
    assert (result.phase, versions(world)) == ("rolled_back", "111 111")


def test_without_a_budget_one_is_too_many(world: World) -> None:
    world.bad_at.add(("prod/b", "core/0.2.0"))
    result = done(go(world, budget(0)), Exit.RESTORED)
    assert (result.phase, versions(world)) == ("rolled_back", "111 111")
    assert "prod/c" not in {stack for stack, _ in world.applied}, "nothing more of the wave is begun"


def test_a_wave_of_which_nothing_works_is_no_matter_of_budget(world: World) -> None:
    world.bad_at.add(("prod/a", "core/0.2.0"))
    result = done(go(world), Exit.RESTORED)
    assert (result.phase, versions(world)) == ("rolled_back", "111 111")
    assert "prod/b" not in {stack for stack, _ in world.applied}


def test_a_later_failure_takes_back_what_was_verified_and_not_what_is_back(world: World) -> None:
    """b is left behind in the first wave; c fails in the second, with d beyond the budget."""
    shape = (Environment(name="prod", waves=(("a", "b"), ("c",)), parallel=1, failure_budget=1),)
    world.bad_at |= {("prod/b", "core/0.2.0"), ("prod/c", "core/0.2.0")}
    result = done(go(world, shape), Exit.RESTORED)
    assert (result.phase, versions(world)) == ("rolled_back", "111 111")
    assert [stack for stack, _ in world.applied].count("prod/b") == 2


def test_what_would_lose_data_on_its_way_back_cannot_be_left_behind(world: World) -> None:
    world.lossy.add("core/0.2.0")
    world.bad_at.add(("prod/b", "core/0.2.0"))
    accepted = frozenset(f"{stack}:aws_db_instance.this" for stack in "abc")
    ferry = process(world, environments=ONE, accepted=accepted)

    def forget(effect: str) -> None:
        if effect == "after verify prod/b":
            object.__setattr__(ferry, "accepted", frozenset())

    object.__setattr__(ferry.stacks, "faults", forget)
    result = done(promote(ferry, {"core": version("0.2.0")}, "prod"), Exit.NOT_RESTORED)
    assert result.promotion.stacks["b"].phase is StackPhase.REFUSED
    assert versions(world) == "222 211" and world.crossed.count(True) == 3, "forward as agreed, and nothing back"


def test_a_rollback_has_no_budget(world: World) -> None:
    done(go(world))
    world.bad_at.add(("prod/b", "core/0.1.0"))
    result = rollback(process(world, "2.2", environments=ONE), "prod", "core", reason="slow")
    assert isinstance(result, Result) and result.code is Exit.NOT_RESTORED and result.phase == "failed"


def test_a_new_stack_has_nowhere_to_go_back_to(world: World) -> None:
    world.stack("prod", "b2", core="0.2.0")
    world.bad_at.add(("prod/b2", "core/0.2.0"))
    result = deploy(process(world, environments=ONE), "prod", "b2")
    assert isinstance(result, Result) and result.code is Exit.NOT_RESTORED


def test_partial_promotions_are_recovered_from_every_point() -> None:
    """Killed before and after every write and effect, with one stack that fails within the budget."""

    def story(point: Point) -> World:
        world = make()
        world.bad_at.add(("prod/b", "core/0.2.0"))
        with contextlib.suppress(Died, ModferryError):
            promote(process(world, "1.1", environments=ONE, faults=point), {"core": version("0.2.0")}, "prod")
        world.dead.add("1.1")
        return world

    watch = Point()
    story(watch)
    assert len(watch.order) > 40
    for name, nth in watch.order:
        world = story(Point(name=name, nth=nth))
        what = f"killed at {name} ({nth + 1})"
        assert recover(process(world, "2.2", environments=ONE)).code in (Exit.RESTORED, Exit.NOTHING), what
        fleet = fleet_of(world.history())
        assert not list(fleet.open()) and not world.locks, what
        assert versions(world) in ("111 111", "212 212"), what
        for stack in "abc":
            state = fleet.stack("prod", stack)
            assert state.content and state.verified_at, what
            assert world.cloud[f"prod/{stack}"] == state.content.digest, what
            assert content_digest(world.files(world.main, "prod", stack)) == state.content.digest, what


# -- the soak ---------------------------------------------------------------------------------------


def test_a_wave_is_verified_again_when_its_soak_is_over(world: World) -> None:
    soaking = budget(0, "1h")
    waiting = done(go(world, soaking), Exit.WAITING)
    assert "soaks until" in waiting.promotion.why and versions(world) == "211 211"
    checked: list[str] = []
    world.now += timedelta(hours=2)
    ferry = process(world, "2.2", environments=soaking, faults=checked.append)
    done(promote(ferry, {"core": version("0.2.0")}, "prod"))
    verified = [effect for effect in checked if effect.startswith("before verify")]
    assert verified == [f"before verify prod/{stack}" for stack in "abc"], "a once more, before b and c"
    kept = [e.body for e in world.entries if e.kind == "stack.verified" and e.body["stack"] == "a"]
    assert len(kept) == 3 and all(body["checks"] for body in kept), "the evidence of each is kept"


def test_whoever_comes_during_a_soak_verifies_what_soaks_and_waits_on(world: World) -> None:
    soaking = budget(0, "1h")
    done(go(world, soaking), Exit.WAITING)
    checked: list[str] = []
    for minutes, verified in ((1, 0), (20, 1), (20, 2)):  # not again what was verified a minute ago
        world.now += timedelta(minutes=minutes)
        ferry = process(world, f"{minutes}.{verified}", environments=soaking, faults=checked.append)
        waiting = done(promote(ferry, {"core": version("0.2.0")}, "prod"), Exit.WAITING)
        assert "soaks until" in waiting.promotion.why and versions(world) == "211 211"
        assert [effect for effect in checked if effect.startswith("before verify")] == [
            "before verify prod/a"
        ] * verified
    world.now += timedelta(minutes=20)
    assert recover(process(world, "3.3", environments=soaking)).code is Exit.DONE, "it did not begin anew"
    assert versions(world) == "222 222"


@pytest.mark.parametrize(("minutes", "when"), [(30, "during"), (120, "after")])
def test_what_breaks_in_its_soak_goes_back(world: World, minutes: int, when: str) -> None:
    soaking = budget(1, "1h")
    done(go(world, soaking), Exit.WAITING)
    world.bad_at.add(("prod/a", "core/0.2.0"))
    world.now += timedelta(minutes=minutes)
    environment = (Environment(name="prod", waves=WAVES, parallel=1, soak="1h", rollback_age="1d"),)
    result = done(go(world, environment, "2.2"), Exit.RESTORED)
    assert (result.phase, versions(world)) == ("rolled_back", "111 111")
    assert result.promotion.why == f"{when} its soak a: check: 503"


@pytest.mark.parametrize(("minutes", "when"), [(30, "during"), (120, "after")])
def test_what_cannot_be_found_out_about_a_soak_waits_and_is_asked_again(world: World, minutes: int, when: str) -> None:
    soaking = budget(0, "1h")
    done(go(world, soaking), Exit.WAITING)
    world.unsure.add("core/0.2.0")
    world.now += timedelta(minutes=minutes)
    waiting = done(go(world, soaking, "2.2"), Exit.WAITING)
    assert f"could not be verified {when} its soak: a: check: no answer" in waiting.promotion.why
    assert versions(world) == "211 211"
    world.unsure.clear()
    world.now += timedelta(hours=2)
    assert recover(process(world, "3.3", environments=soaking)).code is Exit.DONE
    assert versions(world) == "222 222"


@pytest.mark.parametrize("minutes", [30, 120])
def test_a_run_that_is_killed_while_it_verifies_again_is_recovered(minutes: int) -> None:
    soaking = (Environment(name="prod", waves=WAVES, parallel=1, soak="1h", rollback_age="1d"),)
    for bad in (False, True):
        for point in ("before verify prod/a", "after verify prod/a", "after write stack.failed"):
            world = make()
            done(go(world, soaking), Exit.WAITING)
            if bad:
                world.bad_at.add(("prod/a", "core/0.2.0"))
            world.now += timedelta(minutes=minutes)
            with contextlib.suppress(Died):
                ferry = process(world, "2.2", environments=soaking, faults=Point(name=point))
                promote(ferry, {"core": version("0.2.0")}, "prod")
            world.dead.add("2.2")
            recover(process(world, "3.3", environments=soaking))
            world.now += timedelta(hours=2)
            recover(process(world, "4.4", environments=soaking))
            assert versions(world) == ("111 111" if bad else "222 222"), (bad, point)
            assert not list(fleet_of(world.history()).open())

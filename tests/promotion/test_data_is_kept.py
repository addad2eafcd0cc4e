"""R6 on every way that stacks are moved: a plan that would replace a database is not applied without its address."""

import contextlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from pipeline.commands.converge import converge
from pipeline.commands.deploy import deploy
from pipeline.commands.drift import find_drift, fix_drift
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.promote import promote
from pipeline.commands.recover import recover
from pipeline.commands.rollback import rollback
from pipeline.domain.promotion.claims import fleet_of
from pipeline.domain.settings import Convergence, Environment
from pipeline.errors import ModferryError
from tests.fakes.world import Died, Faults, World, no_faults, process, stack_text, version
from tests.promotion.test_kill_points import Point

SHAPE = (Environment(name="prod", waves=(("a",), ("*",)), parallel=1, failure_budget=1, rollback_age="9d"),)
NAMED = frozenset({"a:aws_db_instance.this", "b:aws_db_instance.this"})


@pytest.fixture
def world() -> World:
    """core 0.1.0 on a and b; 0.2.0 is released and would replace the database of whoever goes there or back."""
    return make()


def make() -> World:
    world = World()
    world.push({"README.md": b"x"})
    world.release("core", "0.1.0")
    for stack in "ab":
        world.stack("prod", stack, core="0.1.0")
    deploy(ferry_in(world), "prod")
    world.release("core", "0.2.0")
    world.lossy.add("core/0.2.0")
    return world


def ferry_in(world: World, mark: str = "1.1", named: frozenset[str] = frozenset(), faults: Faults = no_faults) -> Ferry:
    ferry = process(world, mark, environments=SHAPE, accepted=named, faults=faults)
    policy = (Convergence(environment="prod", minors=0, within="0s"),)
    return replace(ferry, settings=replace(ferry.settings, convergence=policy))


def lost(world: World) -> int:
    """How many databases were replaced."""
    return world.crossed.count(True)


def agreed(world: World) -> None:
    """Both stacks run 0.2.0, because a person named both addresses."""
    promote(ferry_in(world, named=NAMED), {"core": version("0.2.0")}, "prod")
    assert lost(world) == 2


def pinned_on_main(world: World, *stacks: str) -> None:
    for stack in stacks:
        world.push({f"environments/prod/{stack}/main.tf": stack_text("prod", stack, core="0.2.0")})


NOT_NAMED = frozenset({"a:aws_db_instance.other", "b", "c:aws_db_instance.this", "aws_db_instance.this"})
Act = Callable[[Ferry], object]
FORWARD: dict[str, tuple[Callable[[World], object], Act]] = {
    "promote": (lambda _: None, lambda f: promote(f, {"core": version("0.2.0")}, "prod")),
    "promote with a bypass": (lambda _: None, lambda f: promote(f, {"core": version("0.2.0")}, "prod", bypass="now")),
    "deploy": (lambda w: pinned_on_main(w, "a", "b"), lambda f: deploy(f, "prod")),
    "deploy of one stack": (lambda w: pinned_on_main(w, "a"), lambda f: deploy(f, "prod", "a")),
    "drift --fix": (
        lambda w: pinned_on_main(w, "a", "b"),
        lambda f: fix_drift(f, find_drift(f, ("prod",)), dry_run=False),
    ),
    "rollback": (agreed, lambda f: rollback(f, "prod", "core", reason="slow")),
}


@pytest.mark.parametrize("way", FORWARD)
def test_no_way_loses_data_unasked_and_every_way_does_what_was_named(world: World, way: str) -> None:
    prepare, act = FORWARD[way]
    prepare(world)
    before, runs = lost(world), dict(world.cloud)
    for named in (frozenset[str](), NOT_NAMED):
        with contextlib.suppress(ModferryError):
            act(ferry_in(world, "2.2", named))
        world.dead.add("2.2")
        with contextlib.suppress(ModferryError):
            recover(ferry_in(world, "3.3"))
        assert (lost(world), world.cloud) == (before, runs)
    with contextlib.suppress(ModferryError):
        act(ferry_in(world, "4.4", NAMED))
    recover(ferry_in(world, "5.5", NAMED))
    assert lost(world) > before, "the way is open to whoever names the address"


def test_converge_loses_no_data(world: World) -> None:
    """b runs 0.2.0 by a person's word; converge wants a there too."""
    pinned_on_main(world, "b")
    deploy(ferry_in(world, named=NAMED), "prod", "b")
    assert lost(world) == 1
    taken = converge(ferry_in(world, "2.2"), lambda _: ("core",), ("prod",), dry_run=False)
    assert [one.attempt.phase for one in taken] == ["refused"] and lost(world) == 1
    converge(ferry_in(world, "3.3", NAMED), lambda _: ("core",), ("prod",), dry_run=False)
    assert lost(world) == 2


def test_no_recovery_loses_data_at_any_point(world: World) -> None:
    """A person agreed to go forward; the one who recovers did not: whatever a dead run left, only what was under way
    may be finished, and nothing goes back over the database."""
    watch = Point()
    promote(ferry_in(world, "9.9", NAMED, watch), {"core": version("0.2.0")}, "prod")
    for name, nth in watch.order:
        for bad in (False, True):
            again = make()
            if bad:
                again.bad_at.add(("prod/b", "core/0.2.0"))
            with contextlib.suppress(Died, ModferryError):
                ferry = ferry_in(again, "2.2", NAMED, Point(name=name, nth=nth))
                promote(ferry, {"core": version("0.2.0")}, "prod")
            again.dead.add("2.2")
            before = lost(again)
            for act in (recover, lambda f: recover(f, back=open_of(f), reason="take it back") if open_of(f) else None):
                with contextlib.suppress(ModferryError):
                    act(ferry_in(again, "3.3"))
                again.dead.add("3.3")
                assert lost(again) == before, f"killed at {name} ({nth + 1}), {'bad' if bad else 'good'}"


def open_of(ferry: Ferry) -> str:
    return next((p.id for p in fleet_of(ferry.ledger.history()).open()), "")

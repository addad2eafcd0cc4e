"""`modferry converge`: which promotions, in which order, and what a bad one stops."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pipeline.commands.converge import Taken, converge, exit_of
from pipeline.commands.deploy import deploy
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.promote import promote
from pipeline.domain.promotion.claims import fleet_of
from pipeline.domain.promotion.phases import Kind
from pipeline.domain.settings import Convergence, Environment
from pipeline.errors import Exit, UsageError
from tests.conftest import MakeRepository
from tests.fakes.world import World, process, version
from tests.fleet.story import TOML, begin, pinned, runner, stack_path

PLAIN = (Environment(name="dev"), Environment(name="prod"))
ASKING = (PLAIN[0], Environment(name="prod", approve=True))
POLICY = tuple(Convergence(environment=name, minors=0) for name in ("dev", "prod"))
FLEET = {"dev": ("d", "e"), "prod": ("a", "b", "c")}


@pytest.fixture
def world() -> World:
    """core and net 1.0.0 everywhere; core 1.1.0 and net 1.1.0 released, each pinned by one stack of dev and prod."""
    world = World()
    world.push({"README.md": b"x"})
    for module in ("core", "net"):
        world.release(module, "1.0.0")
        world.release(module, "1.1.0")
    for environment, stacks in FLEET.items():
        for stack in stacks:
            new = "1.1.0" if stack == stacks[0] else "1.0.0"
            world.stack(environment, stack, core=new, net=new)
        deploy(ferry_in(world), environment, bypass="as it was")
    return world


def ferry_in(world: World, environments: Sequence[Environment] = PLAIN, **more: frozenset[str]) -> Ferry:
    ferry = process(world, environments=environments, **more)  # type: ignore[arg-type]
    return replace(ferry, settings=replace(ferry.settings, convergence=POLICY))


def go(ferry: Ferry, *environments: str, dry_run: bool = False) -> tuple[Taken, ...]:
    return converge(ferry, lambda _: ("net", "core"), environments, dry_run=dry_run)


def told(taken: Sequence[Taken]) -> list[tuple[str, str]]:
    return [(one.step.name, one.attempt.phase) for one in taken]


IN_ORDER = ["net 1.1.0 to dev", "core 1.1.0 to dev", "net 1.1.0 to prod", "core 1.1.0 to prod"]


def test_environments_in_their_order_and_parts_before_wholes_until_nothing_lags(world: World) -> None:
    taken = go(ferry_in(world))
    assert told(taken) == [(name, "verified") for name in IN_ORDER]
    assert exit_of(taken) is Exit.DONE
    pins = {s: world.pins(e, s) for e, stacks in FLEET.items() for s in stacks}
    assert all(own == {"core": "core/v1.1.0", "net": "net/v1.1.0"} for own in pins.values())
    kinds = [promotion.kind for promotion in fleet_of(world.history()).promotions.values()]
    assert kinds[2:] == [Kind.CONVERGE] * 4
    again = go(ferry_in(world))
    assert (again, exit_of(again)) == ((), Exit.NOTHING)


def test_a_dry_run_writes_nothing_and_says_what_the_gates_say(world: World) -> None:
    before = len(world.entries)
    assert told(go(ferry_in(world), dry_run=True)) == [(name, "planned") for name in IN_ORDER]
    (net, core) = go(ferry_in(world), "prod", dry_run=True)
    assert (net.attempt.phase, core.attempt.phase) == ("refused", "left")
    assert "net 1.1.0 is not verified in dev/e" in net.attempt.reason
    assert len(world.entries) == before


def test_what_is_held_or_yanked_is_skipped_by_name_and_the_rest_goes_on(world: World) -> None:
    world.write("hold", module="core", version="1.1.0", environment="prod", reason="leaks")
    taken = go(ferry_in(world))
    assert told(taken) == [*((name, "verified") for name in IN_ORDER[:3]), (IN_ORDER[3], "skipped")]
    assert "core 1.1.0 is held in prod" in taken[-1].attempt.reason
    assert "leaks" in taken[-1].attempt.reason
    assert exit_of(taken) is Exit.REFUSED
    assert world.pins("prod", "b")["core"] == "core/v1.0.0"


def test_what_fails_goes_back_and_no_later_environment_and_no_other_module_there_is_touched(world: World) -> None:
    world.bad_at = {("dev/e", "net/1.1.0")}
    taken = go(ferry_in(world))
    assert told(taken) == [(IN_ORDER[0], "rolled_back"), *((name, "left") for name in IN_ORDER[1:])]
    assert exit_of(taken) is Exit.RESTORED
    assert world.pins("dev", "e") == {"core": "core/v1.0.0", "net": "net/v1.0.0"}
    assert told(go(ferry_in(world)))[0] == (IN_ORDER[0], "skipped"), "the failure left a hold"


def test_what_waits_for_an_approval_is_gone_on_with_by_the_next_run(world: World) -> None:
    first = go(ferry_in(world, ASKING))
    assert told(first) == [(n, "verified") for n in IN_ORDER[:2]] + [(IN_ORDER[2], "waiting"), (IN_ORDER[3], "left")]
    assert exit_of(first) is Exit.WAITING
    (open_,) = fleet_of(world.history()).open()
    second = go(ferry_in(world, ASKING, approvals=frozenset({open_.approval})))
    assert told(second) == [(IN_ORDER[2], "verified"), (IN_ORDER[3], "waiting")]
    assert exit_of(second) is Exit.WAITING


def test_a_stack_that_lags_in_one_module_only_is_not_moved_in_another(world: World) -> None:
    for environment in FLEET:
        promote(ferry_in(world), {"net": version("1.1.0")}, environment)
    assert [one.step.module for one in go(ferry_in(world), dry_run=True)] == ["core", "core"]


def test_without_a_policy_there_is_nothing_to_converge_to(world: World) -> None:
    with pytest.raises(UsageError, match="no convergence policy"):
        converge(process(world), lambda _: (), (), dry_run=True)


def test_the_command_names_steps_and_obeys_its_schema(
    make_repository: MakeRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = f'{TOML}\n[[environment]]\nname = "prod"\n\n[[convergence]]\nenvironment = "prod"\nminors = 0\n'
    story = begin(make_repository, {"prod/a": pinned(core="1.1.0"), "prod/b": pinned(core="1.0.0")}, toml)
    story.release("core", "1.0.0", "1.1.0")
    modferry = runner(story.clone, capsys)
    said = modferry("converge", "--dry-run", "--json")
    (step,) = said.document["steps"]
    assert step["says"] == ["prod/b: core 1.0.0 is 1 minor versions behind 1.1.0 (at most 0)"]
    assert (step["stacks"], step["phase"]) == (["b"], "refused"), "the tag is not on origin"
    assert "core/v1.1.0" in step["reason"]
    story.main({stack_path("prod/b"): pinned(core="1.1.0")})
    assert modferry("converge", "--json").code == Exit.NOTHING

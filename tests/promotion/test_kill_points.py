"""R4: killed right before or right after every write and every effect, `recover` ends with every stack at a
version that is written down, the state unlocked, the plan empty, nothing lost and nothing applied twice.

Three stacks in two waves. The table of points is printed (`pytest -s`). A point is the n-th time that an
effect of that name is reached; one that only fails (lost network, full disk) is tried at the same points.
"""

import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from pipeline.commands.deploy import deploy
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.promote import promote
from pipeline.commands.recover import recover
from pipeline.commands.rollback import rollback
from pipeline.domain.pins import content_digest
from pipeline.domain.promotion.claims import fleet_of
from pipeline.domain.settings import Environment
from pipeline.errors import Exit, ModferryError, UndecidedError
from tests.fakes.world import Died, World, process, version

ENVIRONMENTS = (Environment(name="prod", waves=(("a",), ("*",)), parallel=1),)
Act = Callable[[Ferry], object]


def good(ferry: Ferry) -> object:
    return promote(ferry, {"core": version("0.2.0")}, "prod")


def back(ferry: Ferry) -> object:
    return rollback(ferry, "prod", "core", reason="slow")


def first(ferry: Ferry) -> object:
    return deploy(ferry, "prod")


@dataclass(kw_only=True)
class Point:
    """Sees effects go by; at one of them it strikes, and a process that was killed does nothing more."""

    name: str = ""
    nth: int = 0
    kills: bool = True
    seen: Counter[str] = field(default_factory=Counter)
    order: list[tuple[str, int]] = field(default_factory=list)
    struck: bool = False

    def __call__(self, effect: str) -> None:
        if self.struck and self.kills:
            raise Died
        self.order.append((effect, self.seen[effect]))
        self.seen[effect] += 1
        if (effect, self.seen[effect] - 1) == (self.name, self.nth) and not self.struck:
            self.struck = True
            if self.kills:
                raise Died
            raise UndecidedError(f"{effect} could not be done")


def before_good(world: World) -> None:
    deploy_old(world)


def before_bad(world: World) -> None:
    """The second wave fails: a rollback over both waves, with one stack landed."""
    deploy_old(world)
    world.bad_at.add(("prod/c", "core/0.2.0"))


def before_broken(world: World) -> None:
    deploy_old(world)
    world.broken.add("core/0.2.0")


def before_back(world: World) -> None:
    deploy_old(world)
    good(process(world, "0.2", environments=ENVIRONMENTS))


def before_first(world: World) -> None:
    add_stacks(world)


def add_stacks(world: World) -> None:
    world.push({"README.md": b"x"})
    world.release("core", "0.1.0")
    for stack in "abc":
        world.stack("prod", stack, core="0.1.0")
    world.release("core", "0.2.0")


def deploy_old(world: World) -> None:
    add_stacks(world)
    deploy(process(world, "0.1", environments=ENVIRONMENTS), "prod")


STORIES: dict[str, tuple[Callable[[World], None], Act]] = {
    "promote": (before_good, good),
    "promote, verification fails in the second wave": (before_bad, good),
    "promote, apply breaks half way": (before_broken, good),
    "rollback": (before_back, back),
    "first deploy": (before_first, first),
}


def run_once(story: str, point: Point) -> World:
    """A fresh world, one run that the point strikes."""
    prepare, act = STORIES[story]
    world = World()
    prepare(world)
    world.applied.clear()
    with contextlib.suppress(Died, ModferryError):
        act(process(world, "1.1", environments=ENVIRONMENTS, faults=point))
    world.dead.add("1.1")
    return world


def points_of(story: str) -> list[tuple[str, int]]:
    """Every point that a run without faults passes."""
    watch = Point()
    run_once(story, watch)
    return watch.order


def assert_whole(world: World, what: str) -> None:
    fleet = fleet_of(world.history())
    assert not list(fleet.open()), f"{what}: a promotion is still open"
    assert not world.locks, f"{what}: a state is locked"
    for stack in "abc":
        state = fleet.stack("prod", stack)
        if state.content is None:
            assert f"prod/{stack}" not in world.cloud, f"{what}: prod/{stack} runs what nobody wrote down"
            continue
        assert world.cloud[f"prod/{stack}"] == state.content.digest, f"{what}: prod/{stack} runs something else"
        on_main = world.files(world.main, "prod", stack)
        assert content_digest(on_main) == state.content.digest, f"{what}: main says something else of prod/{stack}"
        assert state.verified_at, f"{what}: prod/{stack} is not verified"


def assert_nothing_twice(world: World, point: Point, what: str) -> None:
    """A content is applied to a stack a second time only when the first was torn in the middle (by the point, or
    because the version breaks there), or after it was taken back."""
    torn = {stack for stack, _ in world.applied} if world.broken else set()
    torn |= {point.name.removeprefix("middle apply ")} if point.name.startswith("middle") else set()
    last: dict[str, str] = {}
    for stack, digest in world.applied:
        assert last.get(stack) != digest or stack in torn, f"{what}: {stack} was applied twice"
        last[stack] = digest


@pytest.mark.parametrize("kills", [True, False], ids=["killed", "failed"])
@pytest.mark.parametrize("story", STORIES)
def test_recover_from_every_point(story: str, kills: bool) -> None:
    points = points_of(story)
    assert len(points) > 20
    rows = []
    for name, nth in points:
        point = Point(name=name, nth=nth, kills=kills)
        world = run_once(story, point)
        what = f"{story}, {'killed' if kills else 'failed'} at {name} ({nth + 1})"
        assert point.struck, what
        recovery = recover(process(world, "2.2", environments=ENVIRONMENTS))
        if story == "first deploy" and not kills:  # it had nowhere to go back to: a person mends it and deploys again
            world.write("unhold", module="core", version="0.1.0", environment="prod", reason="mended")
            first(process(world, "3.3", environments=ENVIRONMENTS))
        assert recovery.code in (Exit.DONE, Exit.RESTORED, Exit.NOTHING), f"{what}: {recovery}"
        assert_whole(world, what)
        assert_nothing_twice(world, point, what)
        rows.append(f"{name:42} {nth + 1}  {recovery.code.name}")
    print(f"\n{story}: {len(points)} points, all recovered\n  " + "\n  ".join(rows))


@pytest.mark.parametrize("story", ["promote", "promote, verification fails in the second wave"])
def test_recover_that_is_killed_is_recovered(story: str) -> None:
    """Each point of the second run too, for a first run that died in the middle of its second wave."""
    first_point = Point(name="middle apply prod/b", nth=0)
    watch = Point()
    recover(process(run_once(story, first_point), "2.2", environments=ENVIRONMENTS, faults=watch))
    for name, nth in watch.order:
        world = run_once(story, Point(name="middle apply prod/b", nth=0))
        try:
            recover(process(world, "2.2", environments=ENVIRONMENTS, faults=Point(name=name, nth=nth)))
        except Died:
            world.dead.add("2.2")
        recover(process(world, "3.3", environments=ENVIRONMENTS))
        assert_whole(world, f"{story}, recover killed at {name} ({nth + 1})")

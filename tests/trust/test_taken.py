"""Files that were taken for a tag are those that it still names when the plan is there, or nothing is applied."""

import pytest

from pipeline.errors import Exit
from tests.fakes.world import World
from tests.promotion.test_scenarios import deployed, done, pins, to

MOVED = "f" * 40


@pytest.fixture
def world() -> World:
    return deployed()


@pytest.mark.parametrize("back", [False, True])
def test_a_tag_that_was_elsewhere_when_it_was_taken_is_noticed_though_it_is_back(world: World, back: bool) -> None:
    tag = "core/v0.1.0" if back else "core/v0.2.0"
    world.bad = {"core/0.2.0"} if back else set()
    world.taken = {tag: MOVED, "net/v9": MOVED}
    result = done(to(world, "dev"), Exit.NOT_RESTORED if back else Exit.REFUSED)
    said = f"The tag {tag} moved while dev/d was planned: it was at {MOVED[:12]} and is at {world.tags[tag][:12]}"
    assert said in result.promotion.why


def test_what_was_taken_from_where_the_tag_is_goes_through(world: World) -> None:
    world.taken = {"core/v0.2.0": world.tags["core/v0.2.0"], "net/v9": MOVED}
    done(to(world, "dev"))
    assert pins(world)["dev/d"] == "0.2.0"

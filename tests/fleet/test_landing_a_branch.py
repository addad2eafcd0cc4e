"""`deploy --at` and `--land`: a branch's plan is looked at, approved, and only then on main and applied."""

import json
from dataclasses import replace

import pytest

from pipeline.commands.deploy import asking, deploy, read_approvals
from pipeline.commands.ferry.engine import Result
from pipeline.commands.ferry.preview import Preview
from pipeline.domain.settings import Environment
from pipeline.errors import BusyError, Exit, RefusedError, UsageError
from tests.fakes.world import World, process
from tests.fleet.story import check_schema

PLAIN = (Environment(name="dev"), Environment(name="prod"))


@pytest.fixture
def world() -> World:
    """core 1.0.0 deployed in dev/d and dev/e."""
    world = World()
    world.push({"README.md": b"x"})
    world.release("core", "1.0.0")
    for stack in "de":
        world.stack("dev", stack, core="1.0.0")
    deploy(process(world, environments=PLAIN), "dev")
    return world


def branch(world: World, *stacks: str) -> str:
    names = stacks or ("d",)
    texts = {name: world.files(world.main, "dev", name)["main.tf"] for name in names}
    return world.commit(
        {f"environments/dev/{name}/main.tf": text.replace(b"size = 1", b"size = 2") for name, text in texts.items()}
    )


def plan(world: World, commit: str, stack: str = "d") -> Preview:
    found = deploy(process(world, environments=PLAIN), "dev", stack, plan_only=True, at=commit)
    assert isinstance(found, Preview)
    return found


def land(world: World, commit: str, *approvals: str, stack: str = "d") -> Result:
    ferry = asking(process(world, environments=PLAIN, approvals=frozenset(approvals)), "dev")
    found = deploy(ferry, "dev", stack, at=commit)
    assert isinstance(found, Result)
    return found


def test_what_was_planned_of_a_branch_lands_and_is_applied(world: World) -> None:
    main, commit, before = world.main, branch(world), len(world.entries)
    shown = plan(world, commit)
    assert (world.main, len(world.entries)) == (main, before)
    assert shown.to_document()["stacks"][0]["plan"]["change"] == 1
    result = land(world, commit, *shown.approvals)
    assert (result.code, world.main) == (Exit.DONE, commit)
    assert world.files(world.main, "dev", "d")["main.tf"].count(b"size = 2") == 1
    again = land(world, commit)
    assert again.code is Exit.DONE, "it is there: an empty plan needs no approval"


def test_nothing_gets_onto_main_that_was_not_approved_or_may_not_be(world: World) -> None:
    main, commit = world.main, branch(world)
    with pytest.raises(BusyError, match="not one that was approved"):
        land(world, commit, "0" * 16)
    bad = world.commit(
        {"environments/dev/d/main.tf": world.files(main, "dev", "d")["main.tf"].replace(b"v1.0.0", b"v9.0.0")}
    )
    with pytest.raises(RefusedError, match=r"core 9.0.0 is not released"):
        land(world, bad)
    world.rejects = True
    with pytest.raises(RefusedError, match="protected branch"):
        land(world, commit, *plan(world, commit).approvals)
    assert world.main == main


def test_a_branch_that_main_left_behind_must_come_up_first(world: World) -> None:
    commit = branch(world)
    shown = plan(world, commit)
    world.push({"README.md": b"y"})
    with pytest.raises(RefusedError, match="main has moved on"):
        land(world, commit, *shown.approvals)


def test_a_branch_with_two_stacks_lands_once_and_each_is_deployed(world: World) -> None:
    commit = branch(world, "d", "e")
    first, second = plan(world, commit), plan(world, commit, "e")
    assert land(world, commit, *first.approvals).code is Exit.DONE
    assert land(world, commit, *second.approvals, stack="e").code is Exit.DONE
    assert world.main == commit


def test_a_plan_that_changed_since_is_not_applied(world: World) -> None:
    commit = branch(world)
    shown = plan(world, commit)
    world.main = commit
    world.cloud["dev/d"] = "somebody else's"
    result = land(world, commit, *shown.approvals)
    assert result.code is Exit.WAITING
    assert "approval" in result.promotion.why


def test_approvals_are_read_from_what_plan_only_prints(world: World) -> None:
    shown = plan(world, branch(world))
    document = {"schema": "modferry.deploy/1", **shown.to_document()}
    check_schema(document)
    assert read_approvals(json.dumps(document)) == shown.approvals
    for text in (
        "",
        "[]",
        json.dumps({"schema": "modferry.deploy/1", "approvals": []}),
        json.dumps({"approvals": ["x"]}),
    ):
        with pytest.raises(UsageError):
            read_approvals(text)


def test_asking_asks_in_that_environment_only(world: World) -> None:
    ferry = asking(replace(process(world, environments=PLAIN)), "dev")
    assert [environment.approve for environment in ferry.settings.environment] == [True, False]

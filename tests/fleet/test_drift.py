"""`modferry drift`: what differs and since when, what is noise, and what --fix may do about it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pipeline.commands.deploy import deploy
from pipeline.commands.drift import Drift, DriftRow, exit_of, find_drift, fix_drift
from pipeline.commands.ferry.ports import Ferry
from pipeline.config import parse_settings
from pipeline.domain.fleet.noise import split_noise
from pipeline.domain.plan_differences import Difference
from pipeline.domain.settings import Environment, NoiseSettings
from pipeline.errors import Exit, UsageError
from tests.fakes.world import World, process, undecided
from tests.fleet.story import check_schema

PLAIN = (Environment(name="dev"), Environment(name="prod"))
ASG = "module.core.aws_autoscaling_group.this[0]"
SCALED = Difference(address=ASG, action="update", attributes=("desired_capacity",))
SCALING = NoiseSettings(address="module.*.aws_autoscaling_group.*", attributes=("desired_capacity",), reason="scaling")


@pytest.fixture
def world() -> World:
    """core 1.0.0 deployed in dev/d, prod/a and prod/b."""
    world = World()
    world.push({"README.md": b"x"})
    world.release("core", "1.0.0")
    for environment, stacks in {"dev": "d", "prod": "ab"}.items():
        for stack in stacks:
            world.stack(environment, stack, core="1.0.0")
        deploy(ferry_in(world), environment)
    return world


def ferry_in(
    world: World, *noise: NoiseSettings, environments: Sequence[Environment] = PLAIN, **more: frozenset[str]
) -> Ferry:
    ferry = process(world, environments=environments, **more)  # type: ignore[arg-type]
    return replace(ferry, settings=replace(ferry.settings, noise=noise))


def told(rows: Sequence[DriftRow]) -> dict[str, Drift]:
    return {row.name: row.drift for row in rows}


def test_each_kind_of_drift_has_its_word(world: World) -> None:
    assert set(told(find_drift(ferry_in(world), ())).values()) == {Drift.IN_SYNC}
    world.stack("prod", "new", core="1.0.0")
    text = world.files(world.main, "prod", "a")["main.tf"].replace(b"size = 1", b"size = 2")
    world.push({"environments/prod/a/main.tf": text})
    world.churn["prod/b"] = world.churn["dev/d"] = (SCALED,)
    rows = find_drift(ferry_in(world), ())
    assert told(rows) == {
        "dev/d": Drift.OUTSIDE,
        "prod/a": Drift.NOT_APPLIED,
        "prod/b": Drift.OUTSIDE,
        "prod/new": Drift.UNMANAGED,
    }
    assert exit_of(rows) is Exit.REFUSED
    world.churn["prod/a"] = (SCALED,)
    assert told(find_drift(ferry_in(world), ("prod",)))["prod/a"] is Drift.BOTH
    unknown = find_drift(process(world, faults=undecided("plan prod/b"), environments=PLAIN), ("prod",))
    assert told(unknown)["prod/b"] is Drift.UNKNOWN
    assert exit_of(unknown) is Exit.UNDECIDED


def test_noise_does_not_count_and_is_always_named(world: World) -> None:
    world.churn["prod/b"] = (SCALED,)
    (row,) = [row for row in find_drift(ferry_in(world, SCALING), ("prod",)) if row.stack == "b"]
    assert (row.drift, row.remedy) == (Drift.IN_SYNC, "")
    assert [str(one) for one in row.ignored] == [f"ignored: {ASG} desired_capacity (scaling)"]
    assert row.to_json()["ignored"] == [{"address": ASG, "attributes": ["desired_capacity"], "reasons": ["scaling"]}]
    elsewhere = replace(SCALING, environment="dev")
    assert told(find_drift(ferry_in(world, elsewhere), ("prod",)))["prod/b"] is Drift.OUTSIDE


def test_a_plan_that_is_never_empty_is_told_from_a_change_outside_and_left_by_fix(world: World) -> None:
    world.churn["prod/b"] = (SCALED,)
    world.restless = {"prod/b"}
    ferry = ferry_in(world)
    rows = fix_drift(ferry, find_drift(ferry, ("prod",)), dry_run=False)
    assert told(rows)["prod/b"] is Drift.RESTLESS
    assert [row.fix.phase for row in rows if row.fix] == ["left"]
    assert exit_of(rows) is Exit.REFUSED


def test_what_code_does_not_set_is_named_though_nothing_would_change(world: World) -> None:
    other = replace(SCALED, address="module.core.aws_instance.x", attributes=("tags.owner",))
    world.touched["prod/a"] = (other, SCALED)
    (row,) = [row for row in find_drift(ferry_in(world, SCALING), ("prod",)) if row.stack == "a"]
    assert (row.drift, row.outside) == (Drift.IN_SYNC, (other,))
    assert [one.difference for one in row.ignored] == [SCALED], "noise in it is named as noise"


def test_noise_beside_a_change_of_the_code_is_not_a_change_outside(world: World) -> None:
    text = world.files(world.main, "prod", "a")["main.tf"].replace(b"size = 1", b"size = 2")
    world.push({"environments/prod/a/main.tf": text})
    world.churn["prod/a"] = (SCALED,)
    rows = find_drift(ferry_in(world, SCALING), ("prod",))
    assert told(rows)["prod/a"] is Drift.NOT_APPLIED
    assert rows[0].ignored


@pytest.mark.parametrize(
    ("difference", "rules"),
    [
        (replace(SCALED, attributes=("desired_capacity", "min_size")), (SCALING,)),
        (replace(SCALED, attributes=()), (SCALING,)),
        (replace(SCALED, attributes=("desired_capacity_type",)), (SCALING,)),
        (replace(SCALED, address="aws_autoscaling_group.this"), (SCALING,)),
        (replace(SCALED, action="replace"), (SCALING,)),
        (replace(SCALED, action="destroy", attributes=()), (replace(SCALING, attributes=("*",)),)),
        (replace(SCALED, address="module.core.aws_instance.x[0]"), (replace(SCALING, address="*[1]"),)),
    ],
)
def test_what_no_rule_covers_whole_counts(difference: Difference, rules: tuple[NoiseSettings, ...]) -> None:
    assert split_noise((difference,), rules, "prod") == ((difference,), ())


def test_rules_add_up_and_a_name_covers_what_is_inside_it() -> None:
    tags = NoiseSettings(address="*", attributes=("tags", "tags_al?"), reason="tagger")
    one = replace(SCALED, attributes=("desired_capacity", "tags.owner", "tags_all.owner"))
    real, (ignored,) = split_noise((one,), (SCALING, tags), "prod")
    assert (real, ignored.reasons) == ((), ("scaling", "tagger"))


@pytest.mark.parametrize(
    "rule",
    [
        {"address": "*", "attributes": [], "reason": "x"},
        {"address": "*", "attributes": ["a"], "reason": ""},
        {"address": "*", "attributes": ["a"], "reason": "x", "environment": "prd"},
        {"attributes": ["a"], "reason": "x"},
    ],
)
def test_a_rule_says_where_what_and_why(rule: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        parse_settings({"noise": [rule]})


def test_fix_brings_code_and_cloud_together_and_leaves_what_a_person_must_decide(world: World) -> None:
    for stack in "ab":
        text = world.files(world.main, "prod", stack)["main.tf"].replace(b"size = 1", b"size = 2")
        world.push({f"environments/prod/{stack}/main.tf": text})
    world.stack("prod", "new", core="1.0.0")
    world.churn["dev/d"] = world.churn["prod/b"] = (SCALED,)
    before = len(world.entries)
    ferry = ferry_in(world)
    planned = fix_drift(ferry, find_drift(ferry, ()), dry_run=True)
    wanted = {"dev/d": "planned", "prod/a": "planned", "prod/b": "left", "prod/new": "left"}
    assert {row.name: row.fix.phase for row in planned if row.fix} == wanted
    assert len(world.entries) == before
    fixed = fix_drift(ferry, find_drift(ferry, ()), dry_run=False)
    done = {name: phase.replace("planned", "verified") for name, phase in wanted.items()}
    assert {row.name: row.fix.phase for row in fixed if row.fix} == done
    assert exit_of(fixed) is Exit.REFUSED, "two are left"
    left = {row.name: row.drift for row in find_drift(ferry, ()) if row.drift is not Drift.IN_SYNC}
    assert left == {"prod/b": Drift.BOTH, "prod/new": Drift.UNMANAGED}


def test_fix_stops_at_the_first_that_does_not_end_well(world: World) -> None:
    world.churn["prod/a"] = world.churn["prod/b"] = (SCALED,)
    asking = (PLAIN[0], Environment(name="prod", approve=True))
    ferry = ferry_in(world, environments=asking)
    rows = fix_drift(ferry, find_drift(ferry, ()), dry_run=False)
    assert [(row.name, row.fix.phase) for row in rows if row.fix] == [("prod/a", "waiting"), ("prod/b", "left")]
    assert exit_of(rows) is Exit.WAITING
    assert world.churn, "nothing was applied"


def test_fix_of_a_fleet_in_order_is_done(world: World) -> None:
    ferry = ferry_in(world)
    assert exit_of(fix_drift(ferry, find_drift(ferry, ()), dry_run=False)) is Exit.DONE
    world.churn["prod/a"] = (SCALED,)
    assert exit_of(fix_drift(ferry, find_drift(ferry, ()), dry_run=False)) is Exit.DONE


def test_rows_obey_the_schema(world: World) -> None:
    world.churn["prod/a"] = world.churn["prod/b"] = (SCALED,)
    ferry = ferry_in(world, replace(SCALING, environment="prod"))
    rows = fix_drift(ferry, find_drift(ferry, ()), dry_run=True)
    world.churn["dev/d"] = (SCALED,)
    rows += fix_drift(ferry, find_drift(ferry, ("dev",)), dry_run=False)
    check_schema({"schema": "modferry.drift/1", "stacks": [row.to_json() for row in rows]})

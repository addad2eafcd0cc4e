"""`modferry drift`: what differs and since when, what is noise, and what --fix may do about it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pipeline.commands.deploy import deploy
from pipeline.commands.drift import Drift, DriftRow, exit_of, find_drift
from pipeline.commands.ferry.ports import Ferry
from pipeline.config import parse_settings
from pipeline.domain.fleet.noise import split_noise
from pipeline.domain.plan_differences import Difference
from pipeline.domain.settings import Environment, NoiseSettings
from pipeline.errors import Exit, UsageError
from tests.fakes.world import World, process, undecided

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

"""Differences of a plan as addresses and attribute paths: all of them, and none of their values."""

import pytest

from pipeline.domain.plan import summarise
from pipeline.domain.plan_differences import Difference, read_differences, read_outside
from tests.plan.plans import RECORDED, changed, plan, recorded


@pytest.mark.parametrize("name", sorted(path.stem for path in RECORDED.glob("*.json")))
def test_recorded_plans_have_a_difference_exactly_where_they_are_not_empty(name: str) -> None:
    document = recorded(name)
    found = read_differences(document)
    assert (found == ()) == summarise(document).is_empty
    assert all(bool(one.attributes) == one.is_update for one in found)


def test_an_update_names_the_smallest_parts_that_differ() -> None:
    row = changed(
        "aws_x.this",
        ["update"],
        {"size": 1, "tags": {"a": "1", "b": "2"}, "rules": [{"port": 80}, {"port": 81}], "arn": "x", "ids": [1]},
        {"size": 1, "tags": {"a": "1", "b": "3"}, "rules": [{"port": 80}, {"port": 82}], "ids": [1, 2]},
        after_unknown={"arn": True},
    )
    (one,) = read_differences(plan(row))
    assert one == Difference(
        address="aws_x.this", action="update", attributes=("arn", "ids", "rules[1].port", "tags.b")
    )


def test_outputs_and_what_is_not_shown_count_too() -> None:
    outputs = {
        "name": {"actions": ["update"], "before": 1, "after": 2, "after_unknown": False},
        "new": {"actions": ["create"], "before": None, "after": 2, "after_unknown": False},
    }
    found = read_differences(plan(output_changes=outputs, complete=False))
    assert [(one.address, one.action, one.attributes) for one in found] == [
        ("output.name", "update", ("value",)),
        ("output.new", "create", ()),
        ("the plan", "incomplete", ()),
    ]


def test_an_update_that_also_moves_is_no_mere_update() -> None:
    row = changed("aws_x.new", ["update"], {"a": 1}, {"a": 2}, previous_address="aws_x.old")
    (one,) = read_differences(plan(row))
    assert (one.is_update, one.attributes) == (False, ())


def test_what_changed_outside_is_read_from_the_refresh() -> None:
    seen = changed("aws_x.this", ["update"], {"size": 1}, {"size": 2})
    gone = changed("aws_x.gone", ["delete"], {"size": 1}, None)
    document = plan(changed("aws_x.gone", ["create"], None, {"size": 1}), resource_drift=[seen, gone])
    assert [(one.address, one.action, one.attributes) for one in read_outside(document)] == [
        ("aws_x.gone", "destroy", ()),
        ("aws_x.this", "update", ("size",)),
    ]
    assert read_outside(plan()) == ()


def test_another_spelling_of_nothing_is_no_change_outside_but_a_difference_of_a_plan() -> None:
    was: dict[str, object] = {"tags": None, "rules": [], "note": "", "size": 0}
    will: dict[str, object] = {"tags": {}, "rules": None, "note": None, "size": 0}
    cosmetic = changed("aws_x.this", ["update"], was, will)
    assert read_outside(plan(resource_drift=[cosmetic])) == ()
    (one,) = read_outside(plan(resource_drift=[changed("aws_x.this", ["update"], was, {**will, "size": None})]))
    assert one.attributes == ("size",), "zero is something"
    (one,) = read_differences(plan(cosmetic))
    assert one.attributes == ("note", "rules", "tags")

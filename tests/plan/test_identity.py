"""R5: two plans of one change have one hash, and whatever matters changes it."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.plan import summarise
from pipeline.errors import UndecidedError
from tests.plan.plans import RECORDED, Json, changed, plan, recorded

KEY = b"key of the test"
NAMES = sorted(path.stem for path in RECORDED.glob("*.json"))


def identity(document: Json, key: bytes | None = KEY) -> str:
    return summarise(document, key=key).hash


def test_a_replan_of_the_same_change_has_the_same_hash() -> None:
    first, again = recorded("create"), recorded("create-again")
    assert first["timestamp"] != again["timestamp"]
    assert identity(first) == identity(again)


def test_each_other_recorded_change_has_another_hash() -> None:
    hashes = {name: identity(recorded(name)) for name in NAMES if name != "create-again"}
    assert len(set(hashes.values())) == len(hashes) == 8


def test_another_secret_is_another_change_with_a_key() -> None:
    assert identity(recorded("create")) != identity(recorded("create-other-secret"))


def test_another_key_is_another_hash() -> None:
    assert identity(recorded("create")) != identity(recorded("create"), b"another")


def test_without_a_key_a_secret_that_comes_in_is_marked_and_no_replan_has_its_hash() -> None:
    first, again = (summarise(recorded(name)) for name in ("create", "create-again"))
    assert first.unkeyed == again.unkeyed == ("terraform_data.settings", "output.password")
    assert first.hash != again.hash


def test_without_a_key_two_plans_of_one_second_differ_by_what_is_theirs_alone() -> None:
    one, other = recorded("create-again"), recorded("create-other-secret")
    assert one["timestamp"] == other["timestamp"]
    assert summarise(one, once="file 1").hash != summarise(other, once="file 2").hash


@pytest.mark.parametrize("name", ["update", "replace", "move", "destroy", "nothing"])
def test_without_a_key_a_secret_that_stays_or_goes_marks_nothing(name: str) -> None:
    document = recorded(name)
    later = document | {"timestamp": "2027-01-01T00:00:00Z"}
    assert summarise(document).unkeyed == ()
    assert summarise(document, once="a").hash == summarise(later, once="b").hash


def test_the_key_is_for_secrets_only() -> None:
    assert identity(recorded("replace"), None) == identity(recorded("replace"), KEY)


def test_a_secret_copied_to_an_unmarked_attribute_is_sealed_as_well() -> None:
    """`terraform_data.output` repeats the sensitive input without a mark."""
    row = recorded("rotate")["resource_changes"][-1]["change"]
    assert row["before"]["output"]["password"] == "other-secret"
    assert row["before_sensitive"]["output"] == {}
    document = plan(
        changed(
            "a.b",
            ["create"],
            None,
            {"password": "hunter22", "echo": "password=hunter22"},
            after_sensitive={"password": True},
        )
    )
    other = json.loads(json.dumps(document).replace("hunter22", "hunter33"))
    assert summarise(document).unkeyed == ("a.b",)
    assert summarise(document).hash == summarise(other).hash  # same second, no `once`: nothing of it is in there
    assert identity(document) != identity(other)


def test_counts() -> None:
    def counts(name: str) -> tuple[int, ...]:
        s = summarise(recorded(name))
        return (s.add, s.change, s.replace, s.destroy, s.move, s.outputs, s.changes)

    assert counts("create") == (4, 0, 0, 0, 0, 2, 4)
    assert counts("update") == (0, 1, 0, 0, 0, 1, 1)
    assert counts("replace") == (0, 2, 1, 0, 0, 0, 3)
    assert counts("destroy") == (0, 0, 0, 4, 0, 2, 4)
    assert counts("move") == (0, 0, 0, 0, 1, 0, 0)
    assert counts("nothing") == (0, 0, 0, 0, 0, 0, 0)
    assert summarise(recorded("nothing")).is_empty
    assert not summarise(recorded("move")).is_empty


def test_without_a_key_no_secret_differs_from_some_secret() -> None:
    def document(after: str | None) -> Json:
        return plan(changed("a.b", ["update"], {"s": "old"}, {"s": after}, before_sensitive={"s": True}))

    assert identity(document(None), None) != identity(document("new"), None)
    assert summarise(document(None)).unkeyed == ()


def test_a_short_secret_is_found_where_it_stands_alone() -> None:
    def document(pin: str) -> Json:
        after = {"pin": pin, "copy": pin, "text": f"a{pin}"}
        return plan(changed("a.b", ["create"], None, after, after_sensitive={"pin": True}))

    def without(pin: str) -> Json:
        one = document(pin)
        one["resource_changes"][0]["change"]["after"].pop("text")
        return one

    assert identity(without("1234"), None) == identity(without("4321"), None)
    assert identity(document("1234"), None) != identity(document("4321"), None)


BASE = changed(
    "aws_x.a",
    ["delete", "create"],
    {"size": 1, "list": ["a", "b"], "secret": "old-secret"},
    {"size": 2, "list": ["a", "b"], "secret": "new-secret"},
    after_unknown={"id": True, "list": [False, False]},
    before_sensitive={"secret": True},
    after_sensitive={"secret": True},
    replace_paths=[["size"]],
    provider_name="registry.terraform.io/hashicorp/aws",
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("address",), "aws_x.b"),
        (("previous_address",), "aws_x.old"),
        (("deposed",), "0a1b2c3d"),
        (("provider_name",), "registry.terraform.io/else/aws"),
        (("type",), "aws_y"),
        (("change", "actions"), ["create", "delete"]),
        (("change", "actions"), ["update"]),
        (("change", "importing"), {"id": "i-1"}),
        (("change", "before", "size"), 3),
        (("change", "after", "size"), 3),
        (("change", "after", "size"), "2"),
        (("change", "after", "list"), ["b", "a"]),
        (("change", "after", "secret"), "newer-secret"),
        (("change", "before", "secret"), "older-secret"),
        (("change", "after_unknown", "size"), True),
        (("change", "after_unknown", "id"), False),
        (("change", "after_unknown", "list"), [False, True]),
    ],
)
def test_whatever_matters_changes_it(path: tuple[str, ...], value: Any) -> None:
    document = plan(copy.deepcopy(BASE))
    spot = document["resource_changes"][0]
    for step in path[:-1]:
        spot = spot[step]
    before = identity(document)
    spot[path[-1]] = value
    assert identity(document) != before


@pytest.mark.parametrize(
    "more",
    [
        {"timestamp": "2030-01-01T00:00:00Z"},
        {"relevant_attributes": [{"resource": "aws_x.a", "attribute": ["id"]}]},
        {"terraform_version": "1.12.0"},
        {"resource_drift": [BASE]},
        {"prior_state": {"values": {}}},
        {"checks": []},
    ],
)
def test_what_does_not_matter_does_not(more: Json) -> None:
    assert identity(plan(BASE)) == identity(plan(BASE, **more))


def test_the_reason_for_a_replacement_is_not_part_of_the_change() -> None:
    other = copy.deepcopy(BASE) | {"action_reason": "replace_because_tainted"}
    other["change"]["replace_paths"] = []
    assert identity(plan(BASE)) == identity(plan(other))


def test_unchanged_objects_and_data_sources_are_not_in_it() -> None:
    same = changed("aws_x.same", ["no-op"], {"a": 1}, {"a": 1})
    read = changed("data.aws_x.read", ["read"], None, {"a": 1}, mode="data")
    assert identity(plan(BASE)) == identity(plan(same, BASE, read))


def test_an_output_changes_it() -> None:
    row = {"actions": ["update"], "before": 1, "after": 2, "after_unknown": False}
    one = identity(plan(BASE, output_changes={"size": row}))
    assert one != identity(plan(BASE))
    assert one != identity(plan(BASE, output_changes={"size": row | {"after": 3}}))
    assert one == identity(plan(BASE, output_changes={"size": row, "same": row | {"actions": ["no-op"]}}))


def test_a_partial_plan_is_not_the_whole_one() -> None:
    partial = summarise(plan(BASE, complete=False), key=KEY)
    assert partial.partial
    assert partial.hash != identity(plan(BASE, complete=True))
    assert not summarise(plan(complete=False)).is_empty


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text("abc", min_size=1, max_size=3), JSON, max_size=4)


def rows(afters: dict[str, Json]) -> list[Json]:
    return [changed(f"aws_x.{name}", ["create"], None, after) for name, after in afters.items()]


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text("xyz", min_size=1, max_size=4), OBJECTS, max_size=5), st.randoms())
def test_order_never_matters(afters: dict[str, Json], chance: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            keys = list(value)
            chance.shuffle(keys)
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(member) for member in value] if isinstance(value, list) else value

    document = plan(*rows(afters))
    other = shuffled(copy.deepcopy(document))
    chance.shuffle(other["resource_changes"])
    assert identity(document) == identity(json.loads(json.dumps(other)))


@settings(deadline=None)
@given(OBJECTS, OBJECTS)
def test_equal_hashes_mean_equal_values(one: Json, other: Json) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (identity(plan(*rows({"a": one}))) == identity(plan(*rows({"a": other})))) is same


@settings(deadline=None)
@given(JSON, JSON)
def test_secrets_decide_with_a_key_and_never_without(one: Any, other: Any) -> None:
    def document(secret: Any) -> Json:
        return plan(changed("aws_x.a", ["create"], None, {"s": secret}, after_sensitive={"s": True}))

    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (identity(document(one)) == identity(document(other))) is same
    if one is not None and other is not None:
        assert identity(document(one), None) == identity(document(other), None)
        assert summarise(document(one)).unkeyed == ("aws_x.a",)


def test_a_value_cannot_pass_for_a_mark() -> None:
    marks: list[Any] = [["unknown"], ["secret", "unkeyed"], "(known after apply)", ["value", None], {"list": []}]
    unknown = plan(changed("aws_x.a", ["create"], None, {}, after_unknown={"s": True}))
    hashes = {identity(plan(changed("aws_x.a", ["create"], None, {"s": mark}))) for mark in marks}
    assert len(hashes | {identity(unknown)}) == len(marks) + 1


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"format_version": "2.0"},
        {"format_version": "1.2", "errored": True},
        {"format_version": "1.2", "planned_values": {"root_module": {"resources": [{}]}}},
        plan(changed("aws_x.a", ["vaporise"], {}, {})),
        plan(changed("aws_x.a", [], {}, {})),
    ],
)
def test_what_cannot_be_read_has_no_identity(broken: Json) -> None:
    with pytest.raises(UndecidedError):
        summarise(broken)

"""The way back: clean, lossy or blocked, from the release's plan on what the upgrade left."""

import pytest

from pipeline.domain.rehearsal import (
    Rehearsal,
    Undone,
    WayBack,
    blocked,
    judge_way_back,
    newer_schemas,
    provider_wall,
    worst,
)
from tests.upgrade.plans import change, plan, state

BASE = "vpc/v1.2.0"
AWS = "registry.terraform.io/hashicorp/aws"
TABLE = change("module.x.aws_dynamodb_table.this", "delete", "create", replace_paths=[["hash_key"]])


def test_changes_in_place_and_new_objects_are_a_clean_way_back() -> None:
    found = judge_way_back(plan(change("aws_vpc.this", "update"), change("aws_subnet.a", "create")), BASE)
    assert (found.way_back, str(found)) == (WayBack.CLEAN, "clean")


def test_what_would_be_lost_is_named_with_what_it_holds() -> None:
    found = judge_way_back(plan(TABLE, change("aws_subnet.a", "delete")), BASE)
    assert found.way_back is WayBack.LOSSY
    assert str(found) == (
        "lossy: replace of module.x.aws_dynamodb_table.this (hash_key forces it): the items of the table would be "
        "lost; destroy of aws_subnet.a"
    )


def test_a_line_names_what_holds_data_first_and_counts_the_rest() -> None:
    found = judge_way_back(plan(*(change(f"aws_eip.n{n}", "delete") for n in range(8)), TABLE), BASE)
    assert len(found.undone) == 9
    assert str(found).startswith("lossy: replace of module.x.aws_dynamodb_table.this")
    assert str(found).endswith("; and 4 more")


def test_what_the_release_would_undo_anyway_is_not_the_way_back() -> None:
    assert judge_way_back(plan(TABLE), BASE, before=plan(TABLE)).way_back is WayBack.CLEAN


def test_types_of_the_settings_count() -> None:
    found = judge_way_back(plan(change("aws_subnet.a", "delete")), BASE, stateful=["aws_sub*"])
    assert found.undone[0].loses == "what it holds"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (
            "Error: Resource instance managed by newer provider version The current state of aws_vpc.this was "
            "created by a newer provider version than is currently selected.",
            "the upgrade writes the state with a newer provider schema",
        ),
        (
            "Error: Failed to query available provider packages: locked provider registry.terraform.io/hashicorp/aws "
            "6.0.0 does not match configured version constraint ~> 5.0",
            "the versions of a provider that both allow are none",
        ),
        ("Error: Unsupported Terraform Core version", "the release does not allow this Terraform"),
    ],
)
def test_a_wall_is_named_and_terraforms_words_stay(said: str, why: str) -> None:
    found = blocked(BASE, said)
    assert found.way_back is WayBack.BLOCKED
    assert found.why == f"{why} ({said})"


def test_any_other_refusal_is_said_as_terraform_says_it() -> None:
    assert str(blocked(BASE, "Error: Missing  x")) == "blocked: Error: Missing x"


@pytest.mark.parametrize(
    ("old", "new", "wall"),
    [
        ("~> 5.0", ">= 6.0.0", True),
        (">= 5.0, < 6.0", ">= 5.90", False),
        (">= 5.0", ">= 6.0", False),
        ("= 5.1.0", ">= 5.2.0", True),
        ("= 5.1.0", ">= 5.0.0", False),
        ("= 5.1.0", "= 5.2.0", True),
    ],
)
def test_a_provider_version_for_both_or_a_wall(old: str, new: str, wall: bool) -> None:
    said = provider_wall(plan(constraints={AWS: old}), plan(constraints={AWS: new}))
    assert bool(said) is wall
    if wall:
        assert AWS in said
        assert old in said
        assert new in said


def test_a_provider_that_only_one_of_them_needs_is_no_wall() -> None:
    assert provider_wall(plan(constraints={AWS: "~> 5.0"}), plan(constraints={"tls": ">= 4"})) == ""


def test_a_newer_schema_in_the_state_is_found() -> None:
    before = state({"aws_vpc.this": 1, "aws_subnet.a": 1})
    after = state({"aws_vpc.this": 2, "aws_subnet.a": 1, "aws_eip.new": 3})
    assert newer_schemas(before, after) == ("aws_vpc.this",)


def test_the_worst_example_counts_and_all_losses_are_kept() -> None:
    one = Rehearsal(way_back=WayBack.CLEAN, base=BASE)
    two = judge_way_back(plan(TABLE), BASE)
    three = blocked(BASE, "Error: no")
    assert worst(()) is None
    assert worst([one, one]) == one
    both = worst([two, one, three])
    assert both is not None
    assert (both.way_back, both.undone, both.why) == (WayBack.BLOCKED, two.undone, "Error: no")
    assert worst([two, two]) == two


def test_it_survives_the_ledger() -> None:
    undone = Undone(address="aws_vpc.this", action="replace", loses="x", forced_by=("a",))
    found = Rehearsal(way_back=WayBack.LOSSY, base=BASE, undone=(undone,))
    assert Rehearsal.from_json(found.to_json()) == found

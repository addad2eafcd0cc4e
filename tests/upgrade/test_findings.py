"""Plan documents → findings: rule, bump, address, and the attribute that forces it."""

import pytest

from pipeline.domain.plan_changes import Action
from pipeline.domain.rules.table import required_bump
from pipeline.domain.upgrade import (
    NO_APPLY,
    NO_PLAN,
    NO_REST,
    REASONS,
    ROWS,
    Measured,
    parse_findings,
    refusal,
    upgrade_findings,
    wants_changes,
)
from pipeline.domain.version import Bump
from pipeline.errors import UndecidedError
from tests.upgrade.plans import change, plan

WHERE = Measured(example="examples/minimal", base="vpc/v1.2.0", file="modules/vpc/examples/minimal/main.tf")
SUBNET = "module.vpc.aws_subnet.private"
REPLACED = ("delete", "create")


@pytest.mark.parametrize(
    ("actions", "rule", "bump"),
    [
        (("delete",), "upgrade-destroys", Bump.MAJOR),
        (("delete", "create"), "upgrade-replaces", Bump.MAJOR),
        (("create", "delete"), "upgrade-replaces", Bump.MAJOR),
        (("create", "forget"), "upgrade-replaces", Bump.MAJOR),
        (("forget",), "upgrade-forgets", Bump.MAJOR),
        (("update",), "upgrade-updates", Bump.MINOR),
        (("create",), "upgrade-creates", Bump.MINOR),
    ],
)
def test_an_action_asks_for_its_bump(actions: tuple[str, ...], rule: str, bump: Bump) -> None:
    (found,) = upgrade_findings(plan(change(SUBNET, *actions)), WHERE)
    assert (found.rule, found.bump, found.address, found.file) == (rule, bump, SUBNET, WHERE.file)


def test_every_action_has_a_row() -> None:
    assert set(ROWS) == set(Action)


def test_what_stays_and_what_is_only_read_is_no_finding() -> None:
    data = {**change("data.aws_ami.this", "read"), "mode": "data"}
    assert upgrade_findings(plan(change(SUBNET, "no-op"), data), WHERE) == ()
    assert required_bump(()) is Bump.NONE


def test_a_replacement_names_what_forces_it_and_where_it_was_measured() -> None:
    (found,) = upgrade_findings(plan(change(SUBNET, *REPLACED, replace_paths=[["cidr_block"], ["tags", "a"]])), WHERE)
    assert found.says == (
        f"The upgrade replaces {SUBNET}: cidr_block and tags.a force it (measured with examples/minimal of vpc/v1.2.0)."
    )


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_terraforms_reason_is_said_in_words(reason: str) -> None:
    (found,) = upgrade_findings(plan(change(SUBNET, "delete", action_reason=reason)), WHERE)
    assert REASONS[reason] in found.says


def test_an_implicit_move_is_a_patch_and_names_both_addresses() -> None:
    (found,) = upgrade_findings(plan(change(f"{SUBNET}[0]", "no-op", previous_address=SUBNET)), WHERE)
    assert (found.rule, found.bump) == ("upgrade-moves", Bump.PATCH)
    assert f"moves {SUBNET}[0]" in found.says
    assert f"it moves from {SUBNET}" in found.says


def test_a_move_that_also_replaces_is_major_and_says_both() -> None:
    row = change(f"{SUBNET}[0]", *REPLACED, previous_address=SUBNET, replace_paths=[["cidr_block"]])
    (found,) = upgrade_findings(plan(row), WHERE)
    assert found.bump is Bump.MAJOR
    assert "cidr_block forces it; it moves from" in found.says


def test_what_is_lost_is_said_of_what_holds_data() -> None:
    (found,) = upgrade_findings(plan(change("module.db.aws_db_instance.this", "delete")), WHERE)
    assert "the database would be lost" in found.says
    (own,) = upgrade_findings(plan(change(SUBNET, "delete")), WHERE, stateful=["aws_subnet"])
    assert "what it holds would be lost" in own.says


def test_an_update_names_attributes_and_never_a_value() -> None:
    row = change(
        "aws_vpc.this", "update", before={"a": "old secret", "b": 1, "c": 2}, after={"a": "new secret", "b": 1, "c": 2}
    )
    row["change"]["after_unknown"] = {"c": True, "tags": {"x": False}}
    (found,) = upgrade_findings(plan(row), WHERE)
    assert "a and c differ" in found.says
    assert "secret" not in found.says


def test_instances_with_one_fate_are_one_finding() -> None:
    rows = [change(f'{SUBNET}["{z}"]', *REPLACED, replace_paths=[["cidr_block"]]) for z in ("a", "b.c[0]", "d")]
    other = change(f'{SUBNET}["e"]', *REPLACED, replace_paths=[["vpc_id"]])
    found = upgrade_findings(plan(*rows, other), WHERE)
    assert len(found) == 2
    assert "and 2 more of the same resource: cidr_block" in found[0].says


def test_what_the_release_wants_anyway_is_no_fact_about_the_upgrade() -> None:
    noisy = change("aws_vpc.this", "update", before={"a": 1}, after={"a": 2})
    mine = change(SUBNET, *REPLACED, replace_paths=[["cidr_block"]])
    (found,) = upgrade_findings(plan(noisy, mine), WHERE, before=plan(noisy))
    assert found.address == SUBNET
    worse = change("aws_vpc.this", *REPLACED, replace_paths=[["a"]])
    assert upgrade_findings(plan(worse), WHERE, before=plan(noisy))[0].bump is Bump.MAJOR
    further = change("aws_vpc.this", "update", before={"a": 1, "b": 1}, after={"a": 2, "b": 2})
    assert upgrade_findings(plan(further), WHERE, before=plan(noisy))[0].bump is Bump.MINOR


@pytest.mark.parametrize("document", [{}, {"format_version": "2.0"}, {"format_version": "1.2", "errored": True}])
def test_half_a_plan_is_never_no_finding(document: dict[str, object]) -> None:
    with pytest.raises(UndecidedError):
        upgrade_findings(document, WHERE)


@pytest.mark.parametrize("rule", [NO_PLAN, NO_APPLY, NO_REST])
def test_a_refusal_is_major_and_says_why(rule: str) -> None:
    found = refusal(rule, WHERE, "Error: no")
    assert (found.bump, found.rule) == (Bump.MAJOR, rule)
    assert "Error: no" in found.says
    assert "vpc/v1.2.0" in found.says


def test_findings_survive_the_ledger() -> None:
    found = upgrade_findings(plan(change(SUBNET, "delete"), change("aws_vpc.this", "update")), WHERE)
    assert parse_findings(f.to_json() for f in found) == found


def test_a_plan_at_rest_wants_nothing_and_outputs_count() -> None:
    assert wants_changes(plan(change(SUBNET, "no-op"))) == ()
    restless = plan(output_changes={"id": {"actions": ["update"], "before": 1, "after": 2}})
    assert wants_changes(restless) == ("output.id (update)",)
    assert wants_changes(restless, restless) == ()

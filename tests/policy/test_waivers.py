"""Waivers: who, why, until when; and what the report says of them."""

from dataclasses import replace
from datetime import date

import pytest

from pipeline.domain.gate import Allowed, Refused, Unknown
from pipeline.domain.policy.check import PLAN, check
from pipeline.domain.policy.rule import PolicyOptions
from pipeline.domain.policy.rules import policy_rules
from pipeline.domain.waiver import Waiver, waived
from tests.policy.plans import Json, plan, planned, written

RULES = policy_rules(PolicyOptions())
TODAY = date(2026, 11, 22)
WAIVER = Waiver(
    rule="flow-logs",
    address='module.net["a"].aws_vpc.*',
    person="Ada Lovelace",
    reason="sandbox without traffic",
    expires=TODAY,
)
VPC = plan(
    [planned("aws_vpc.this", {"tags": {"Name": "x"}}, unknown={"id": True}, module='module.net["a"]')],
    [],
    {"net": {"module": {"resources": [written("aws_vpc.this")]}}},
)


def test_on_its_last_day_a_waiver_counts_and_is_told() -> None:
    report = check(VPC, RULES, [WAIVER], TODAY)
    assert report.decision == Allowed(
        notes=(
            'flow-logs: module.net["a"].aws_vpc.this (id) has no flow log. '
            "Waived by Ada Lovelace until 2026-11-22: sandbox without traffic.",
        )
    )
    assert report.unused == ()


def test_the_day_after_the_finding_counts_again_and_says_why() -> None:
    report = check(VPC, RULES, [WAIVER], date(2026, 11, 23))
    assert report.decision == Refused(
        reasons=(
            'flow-logs: module.net["a"].aws_vpc.this (id) has no flow log. '
            "The waiver by Ada Lovelace expired on 2026-11-22.",
        ),
        remedy="add an aws_flow_log for the VPC",
    )


@pytest.mark.parametrize(
    "other", [replace(WAIVER, rule="tags"), replace(WAIVER, address="aws_vpc.*"), replace(WAIVER, address="module.net")]
)
def test_a_waiver_for_something_else_covers_nothing_and_is_named_unused(other: Waiver) -> None:
    report = check(VPC, RULES, [other], TODAY)
    assert isinstance(report.decision, Refused)
    assert report.unused == (other,)


def test_the_waiver_that_lasts_longest_counts() -> None:
    longer = replace(WAIVER, person="Grace Hopper", expires=date(2027, 1, 1))
    address = 'module.net["a"].aws_vpc.this'
    assert waived([WAIVER, longer], rule="flow-logs", address=address, today=date(2026, 12, 1)).by == longer


def test_a_waiver_covers_what_could_not_be_found_out() -> None:
    row = planned("aws_flow_log.this", {"tags": {"a": "b"}}, unknown={"vpc_id": True}, module='module.net["a"]')
    log = written("aws_flow_log.this", vpc_id={"references": ["local.vpc"]})
    calls = {"net": {"module": {"resources": [written("aws_vpc.this"), log]}}}
    doubtful = plan([*VPC["resource_changes"], row], [], calls)
    assert isinstance(check(doubtful, RULES, [], TODAY).decision, Unknown)
    assert isinstance(check(doubtful, RULES, [WAIVER], TODAY).decision, Allowed)


@pytest.mark.parametrize("missing", ["rule", "address", "person", "reason"])
def test_a_waiver_without_a_person_or_a_reason_is_none(missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        Waiver(**{**vars(WAIVER), missing: " "})


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"format_version": "2.0"}, "has a format version that is not 1.x"),
        ({"errored": True}, "stopped with an error"),
        ({"complete": False}, "is partial (targeted or deferred)"),
        ({"resource_changes": []}, "lists planned objects but no resource changes"),
    ],
)
def test_a_plan_that_does_not_tell_all_is_unknown_whatever_is_waived(broken: dict[str, object], says: str) -> None:
    whole: Json = {"planned_values": {"root_module": {"resources": [{}]}}}
    every = replace(WAIVER, rule=PLAN, address="*")
    report = check(VPC | whole | broken, RULES, [WAIVER, every], TODAY)
    assert isinstance(report.decision, Unknown)
    assert [f.says for f in report.findings if f.rule == PLAN] == [says]


def test_an_empty_document_is_not_a_pass() -> None:
    assert isinstance(check({}, RULES, [], TODAY).decision, Unknown)

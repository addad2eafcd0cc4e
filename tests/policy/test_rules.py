"""Every rule runs on every fixture: a bad one fires its rule (and those listed), a good one none."""

import json
from datetime import date
from pathlib import Path

import pytest

from pipeline.domain.gate import Allowed, Refused, Unknown
from pipeline.domain.policy.check import PolicyReport, check
from pipeline.domain.policy.rule import PolicyOptions
from pipeline.domain.policy.rules import policy_rules

FIXTURES = Path(__file__).parent.parent / "fixtures" / "policy"
RULES = policy_rules(PolicyOptions(encrypted_logs=True))
ALSO = {"public-ssh": {"open-ingress"}}
"""Whoever opens SSH to everybody opens something to everybody."""
WITHOUT_UNKNOWN = {"public-ssh"}
"""Ranges that are not known yet are named once, by open-ingress."""


def report(rule: str, kind: str) -> PolicyReport:
    plan = json.loads((FIXTURES / rule / f"{kind}.json").read_text())
    return check(plan, RULES, (), date(2026, 11, 22))


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_good_fires_nothing(rule: str) -> None:
    found = report(rule, "good")
    assert found.decision == Allowed()


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_bad_fires_its_rule_and_those_listed(rule: str) -> None:
    found = report(rule, "bad")
    assert {f.rule for f in found.findings} == {rule} | ALSO.get(rule, set())
    assert not any(f.unknown for f in found.findings)
    assert isinstance(found.decision, Refused)


@pytest.mark.parametrize("rule", [rule.id for rule in RULES if rule.id not in WITHOUT_UNKNOWN])
def test_unknown_is_neither_good_nor_bad(rule: str) -> None:
    found = report(rule, "unknown")
    assert {(f.rule, f.unknown) for f in found.findings} == {(rule, True)}
    assert isinstance(found.decision, Unknown)


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_every_bad_object_is_named(rule: str) -> None:
    """Each object of a bad fixture that is not, as it is, in the good one has a finding of its own."""
    plans = {kind: json.loads((FIXTURES / rule / f"{kind}.json").read_text()) for kind in ("good", "bad")}
    rows = {kind: {row["address"]: row for row in plan["resource_changes"]} for kind, plan in plans.items()}
    changed = {address for address, row in rows["bad"].items() if rows["good"].get(address) != row}
    named = {f.address for f in report(rule, "bad").findings}
    assert changed <= named


def test_each_rule_has_fixtures_and_each_folder_a_rule() -> None:
    assert {folder.name for folder in FIXTURES.iterdir()} == {rule.id for rule in RULES}


def test_ids_are_unique_and_each_row_is_whole() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))
    assert all(rule.says.endswith(".") and rule.remedy for rule in RULES)


def test_log_group_encryption_is_a_choice() -> None:
    ids = {rule.id for rule in policy_rules(PolicyOptions())}
    assert {rule.id for rule in RULES} - ids == {"logs-encrypted"}

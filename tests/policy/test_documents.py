"""Policy documents: IAM's many spellings, and data sources whose ARNs are known only after the apply."""

import json
from datetime import date
from typing import Any

import pytest

from pipeline.domain.policy.check import check
from pipeline.domain.policy.rule import PolicyOptions
from pipeline.domain.policy.rules import policy_rules
from tests.policy.plans import Json, plan, planned, ref, written

RULES = [r for r in policy_rules(PolicyOptions()) if r.id in ("iam-administrator", "public-principal")]


def outcome(document: Json) -> list[bool]:
    """One `unknown` per finding."""
    return [f.unknown for f in check(document, RULES, (), date(2026, 11, 22)).findings]


def identity(statement: object) -> list[bool]:
    text = json.dumps({"Statement": statement})
    return outcome(plan([planned("aws_iam_role_policy.this", {"policy": text})], []))


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        [{"Effect": "Allow", "Action": ["s3:Get*", "*"], "Resource": ["arn:a", "*"]}],
        {"Effect": "Allow", "Action": "*:*", "Resource": "*"},
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
    ],
)
def test_administrators_in_many_spellings(statement: object) -> None:
    assert identity(statement) == [False]


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::logs"},
    ],
)
def test_others_are_none(statement: object) -> None:
    assert identity(statement) == []


def test_what_is_no_document_is_unknown() -> None:
    for text in ("{", "[]"):
        assert outcome(plan([planned("aws_iam_policy.this", {"policy": text})], [])) == [True]


def deferred(*statements: Json, unknown: Json | None = None, **more: Any) -> Json:
    """A role policy from a data source that is read during the apply."""
    rows = [
        planned(
            "aws_iam_policy_document.this",
            {"statement": list(statements), **more},
            unknown={"json": True, **(unknown or {})},
            mode="data",
        ),
        planned("aws_iam_role_policy.this", unknown={"policy": True}),
    ]
    resources = [
        written("aws_iam_policy_document.this", mode="data"),
        written("aws_iam_role_policy.this", policy=ref("data.aws_iam_policy_document.this.json")),
    ]
    return plan(rows, resources)


NAMED = {"effect": "Allow", "actions": ["kms:Decrypt"], "resources": [None]}
STAR = {"effect": None, "actions": ["*"], "resources": ["*"]}
LATER = {"statement": [{"resources": [True]}]}


def test_named_actions_on_an_unknown_resource_are_fine() -> None:
    assert outcome(deferred(NAMED, unknown=LATER)) == []


def test_every_action_on_an_unknown_resource_is_unknown() -> None:
    assert outcome(deferred(NAMED | {"actions": ["*"]}, unknown=LATER)) == [True]


def test_a_statement_beside_an_unknown_one_is_still_broken() -> None:
    assert outcome(deferred(NAMED, STAR, unknown=LATER)) == [False]


def test_documents_merged_in_count_as_well() -> None:
    text = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    assert outcome(deferred(NAMED, source_policy_documents=[text])) == [False]
    assert outcome(deferred(NAMED, unknown={"override_policy_documents": [True]})) == [True]


def test_a_document_computed_otherwise_is_unknown() -> None:
    rows = [planned("aws_iam_role_policy.this", unknown={"policy": True})]
    resources = [written("aws_iam_role_policy.this", policy=ref("aws_kms_key.this.arn"))]
    assert outcome(plan(rows, resources)) == [True]


def test_a_trust_policy_from_a_data_source() -> None:
    def trust(identifiers: list[object], unknown: Json) -> Json:
        statement = {"actions": ["sts:AssumeRole"], "principals": [{"type": "AWS", "identifiers": identifiers}]}
        document = deferred(statement, unknown=unknown)
        row = planned("aws_iam_role.this", unknown={"assume_role_policy": True})
        document["resource_changes"][1] = row
        source = ref("data.aws_iam_policy_document.this.json")
        document["configuration"]["root_module"]["resources"][1] = written(
            "aws_iam_role.this", assume_role_policy=source
        )
        return document

    strangers = json.dumps({"Statement": {"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::1:root"}}})
    assert outcome(plan([planned("aws_sns_topic_policy.this", {"policy": strangers})], [])) == [False]
    assert outcome(trust(["arn:aws:iam::111111111111:root"], {})) == []
    assert outcome(trust(["*"], {})) == [False]
    assert outcome(trust([None], {"statement": [{"principals": [{"identifiers": [True]}]}]})) == [True]


def test_a_document_that_is_only_partly_a_data_source_is_unknown() -> None:
    for more in ("local.more", "data.aws_iam_policy_document.absent.json", "aws_kms_key.this.arn"):
        document = deferred(NAMED, unknown=LATER)
        source = ref("data.aws_iam_policy_document.this.json", more)
        document["configuration"]["root_module"]["resources"][1] = written("aws_iam_role_policy.this", policy=source)
        assert outcome(document) == [True]


def test_members_that_only_the_unknown_marks_name_count() -> None:
    statement = {"effect": "Allow", "actions": ["*"]}
    assert outcome(deferred(statement, unknown={"statement": [{"resources": [True]}]})) == [True]

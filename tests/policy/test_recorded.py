"""A plan that Terraform 1.11 and the AWS provider 5.100 made of recorded/*.tf (nothing was applied).

Kept are `configuration` and `resource_changes` with what the rules read; nulls in `after` are left out. To renew:
`terraform plan -out p && terraform show -json p` in recorded/.
"""

import json
from datetime import date
from pathlib import Path

from pipeline.domain.policy.check import check
from pipeline.domain.policy.planned import UNKNOWN, Planned
from pipeline.domain.policy.rule import PolicyOptions
from pipeline.domain.policy.rules import policy_rules

PLAN = json.loads((Path(__file__).parent / "recorded" / "plan.json").read_text())
FOUND = check(PLAN, policy_rules(PolicyOptions()), (), date(2026, 11, 22)).findings


def found(rule: str, *, unknown: bool) -> set[str]:
    return {f.address for f in FOUND if f.rule == rule and f.unknown is unknown}


def test_what_nobody_set_is_broken_not_unknown() -> None:
    """The provider marks each of these as known after the apply."""
    assert found("ebs-encrypted", unknown=False) == {"aws_ebs_volume.unset", "aws_instance.i"}
    assert found("imdsv2", unknown=False) == {"aws_instance.i"}
    assert found("eks-endpoint", unknown=False) == {"aws_eks_cluster.c"}
    assert found("eks-secrets-encrypted", unknown=False) == {"aws_eks_cluster.c"}
    assert found("kms-rotation", unknown=False) == {"aws_kms_key.k"}
    assert found("storage-encrypted", unknown=False) == {"aws_db_instance.d"}
    assert found("s3-encrypted", unknown=False) == {"aws_s3_bucket.b"}
    tls = {'module.m["a"].aws_lb_listener.this["https"]', 'module.m["b"].aws_lb_listener.this["https"]'}
    assert found("tls-policy", unknown=False) == tls


def test_untagged_is_broken() -> None:
    """One unknown value makes the provider mark all of `tags` unknown: that stays undecided."""
    untagged = found("tags", unknown=False)
    assert {"aws_vpc.this[0]", "aws_instance.i", 'module.m["a"].aws_autoscaling_group.g'} <= untagged
    assert 'module.m["a"].aws_security_group.lb' not in untagged
    assert found("tags", unknown=True) == {"aws_instance.good"}


def test_default_tags_that_are_unknown_leave_it_open() -> None:
    plan = json.loads(json.dumps(PLAN))
    provider = plan["configuration"]["provider_config"]["aws"]
    provider["expressions"]["default_tags"] = [{"tags": {"references": ["aws_vpc.this"]}}]
    rules = [rule for rule in policy_rules(PolicyOptions()) if rule.id == "tags"]
    report = check(plan, rules, (), date(2026, 11, 22))
    assert "aws_vpc.this[0]" in {f.address for f in report.findings if f.unknown}


def test_joins_through_modules_and_counts() -> None:
    """The flow log names `aws_vpc.this[0]`; the bucket's block is there, three of its switches are off."""
    assert not found("flow-logs", unknown=False) | found("flow-logs", unknown=True)
    assert found("s3-public-access", unknown=False) == {"aws_s3_bucket_public_access_block.b"}


def test_the_launch_templates_dynamic_block_keeps_the_balancers_ports_open_to_doubt() -> None:
    kinds = ("80", "443")
    rules = {f'module.m["{m}"].aws_vpc_security_group_ingress_rule.lb["{p}"]' for m in "ab" for p in kinds}
    assert found("open-ingress", unknown=True) == rules
    assert not found("open-ingress", unknown=False)


def test_a_document_from_a_data_source_is_judged_one_from_jsonencode_is_unknown() -> None:
    assert found("iam-administrator", unknown=True) == {f'module.m["{m}"].aws_iam_role_policy.j' for m in ("a", "b")}


def test_the_listeners_dynamic_actions_are_read() -> None:
    assert not found("plaintext-listener", unknown=True) | found("plaintext-listener", unknown=False)


def test_no_secret_is_told() -> None:
    assert "verysecretpw" in json.dumps(PLAN)
    assert "verysecretpw" not in "".join(map(str, FOUND))


def test_unset_unknown_and_set_are_three_things() -> None:
    by_address = {resource.address: resource for resource in Planned.of(PLAN).resources}
    assert by_address["aws_ebs_volume.unset"].setting("encrypted") is None
    assert by_address["aws_flow_log.this"].setting("vpc_id") is UNKNOWN
    assert by_address["aws_instance.good"].setting("root_block_device", "encrypted") is True

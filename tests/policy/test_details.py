"""The finer points of the rules, one object each: what an attribute's absence means, type by type."""

from datetime import date
from typing import Any

import pytest

from pipeline.domain.policy.check import check
from pipeline.domain.policy.rule import PolicyOptions
from pipeline.domain.policy.rules import policy_rules
from tests.policy.plans import Json, plan, planned, ref, written

GOOD: list[bool] = []
BROKEN, UNSURE = [False], [True]


def verdict(rule: str, document: Json, options: PolicyOptions | None = None) -> list[bool]:
    """One `unknown` per finding of one rule."""
    rules = [row for row in policy_rules(options or PolicyOptions()) if row.id == rule]
    return [finding.unknown for finding in check(document, rules, (), date(2026, 11, 22)).findings]


def alone(rule: str, name: str, after: Json, unknown: Json | None = None, **expressions: Any) -> list[bool]:
    """The verdict on one object; what is known is written, too."""
    known = {key: {"constant_value": value} for key, value in after.items()}
    return verdict(rule, plan([planned(name, after, unknown=unknown)], [written(name, **known | expressions)]))


@pytest.mark.parametrize(
    ("vpc_config", "unknown", "expected"),
    [
        ({"public_access_cidrs": ["10.0.0.0/8"]}, {}, GOOD),
        ({}, {"endpoint_public_access": True, "public_access_cidrs": True}, BROKEN),
        ({"endpoint_public_access": True, "public_access_cidrs": []}, {}, BROKEN),
        ({"endpoint_public_access": True, "public_access_cidrs": ["10.0.0.0/8", None]}, {}, GOOD),
        (
            {"endpoint_public_access": True, "public_access_cidrs": ["10.0.0.0/8", None]},
            {"public_access_cidrs": [False, True]},
            UNSURE,
        ),
        (
            {"endpoint_public_access": True, "public_access_cidrs": ["0.0.0.0/0", None]},
            {"public_access_cidrs": [False, True]},
            BROKEN,
        ),
    ],
)
def test_eks_endpoint(vpc_config: Json, unknown: Json, expected: list[bool]) -> None:
    written_block = [{key: {"constant_value": value} for key, value in vpc_config.items()}]
    found = alone(
        "eks-endpoint",
        "aws_eks_cluster.this",
        {"vpc_config": [vpc_config]},
        {"vpc_config": [unknown]},
        vpc_config=written_block,
    )
    assert found == expected


def test_an_unknown_switch_of_the_endpoint_is_unsure() -> None:
    block = [{"endpoint_public_access": ref("local.public")}]
    unknown = {"vpc_config": [{"endpoint_public_access": True, "public_access_cidrs": True}]}
    after: Json = {"vpc_config": [{}]}
    assert alone("eks-endpoint", "aws_eks_cluster.this", after, unknown, vpc_config=block) == UNSURE


def test_unknown_in_a_dynamic_block_is_unsure_where_unset_in_a_written_one_is_broken() -> None:
    after: Json = {"root_block_device": [{}], "metadata_options": [{"http_tokens": "required"}]}
    unknown = {"root_block_device": [{"encrypted": True}]}
    options = [{"http_tokens": {"constant_value": "required"}}]
    row = planned("aws_instance.web", after, unknown=unknown)
    shown = written("aws_instance.web", metadata_options=options, root_block_device=[{"size": ref("var.size")}])
    hidden = written("aws_instance.web", metadata_options=options)
    assert verdict("ebs-encrypted", plan([row], [shown])) == BROKEN
    assert verdict("ebs-encrypted", plan([row], [hidden])) == UNSURE


def test_a_block_that_is_unknown_as_a_whole_is_unsure_where_it_is_written() -> None:
    row = planned("aws_instance.web", unknown={"metadata_options": True})
    tokens = [{"http_tokens": ref("local.tokens")}]
    assert verdict("imdsv2", plan([row], [written("aws_instance.web", metadata_options=tokens)])) == UNSURE
    assert verdict("imdsv2", plan([row], [written("aws_instance.web")])) == BROKEN


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ({"encrypted": True}, GOOD),
        ({"encrypted": False}, BROKEN),
        ({"encrypted": None}, BROKEN),
        ({"no_device": True}, GOOD),
    ],
)
def test_further_volumes_of_an_instance(device: Json, expected: list[bool]) -> None:
    after = {"root_block_device": [{"encrypted": True}], "ebs_block_device": [device]}
    assert alone("ebs-encrypted", "aws_instance.web", after) == expected


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({"metadata_options": [{"http_endpoint": "disabled", "http_tokens": "optional"}]}, GOOD),
        ({"metadata_options": [{"http_endpoint": "enabled", "http_tokens": "optional"}]}, BROKEN),
        ({"metadata_options": []}, BROKEN),
        ({"launch_template": [{"id": "lt-elsewhere"}], "metadata_options": []}, UNSURE),
    ],
)
def test_imdsv2(after: Json, expected: list[bool]) -> None:
    assert alone("imdsv2", "aws_instance.web", after) == expected


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({"key_usage": "SIGN_VERIFY", "enable_key_rotation": False}, GOOD),
        ({"customer_master_key_spec": "RSA_2048", "enable_key_rotation": False}, GOOD),
        ({"customer_master_key_spec": "SYMMETRIC_DEFAULT", "enable_key_rotation": False}, BROKEN),
    ],
)
def test_key_rotation(after: Json, expected: list[bool]) -> None:
    assert alone("kms-rotation", "aws_kms_key.this", after) == expected


@pytest.mark.parametrize(
    ("kind", "after", "expected"),
    [
        ("aws_db_instance", {}, GOOD),
        ("aws_db_instance", {"publicly_accessible": True}, BROKEN),
        ("aws_dms_replication_instance", {}, BROKEN),
        ("aws_dms_replication_instance", {"publicly_accessible": False}, GOOD),
    ],
)
def test_public_database(kind: str, after: Json, expected: list[bool]) -> None:
    assert alone("public-database", f"{kind}.this", after) == expected


def test_switches_of_the_public_access_block_are_off_unless_set() -> None:
    switches = dict.fromkeys(("block_public_acls", "block_public_policy", "ignore_public_acls"), True)
    name = "aws_s3_bucket_public_access_block.this"
    assert alone("s3-public-access", name, switches) == BROKEN
    assert alone("s3-public-access", name, switches | {"restrict_public_buckets": True}) == GOOD


def test_a_public_access_block_of_one_bucket_is_not_anothers() -> None:
    switches = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    block = planned(
        "aws_s3_bucket_public_access_block.this", dict.fromkeys(switches, True), unknown={"bucket": True}, index="a"
    )
    buckets = [planned("aws_s3_bucket.this", unknown={"id": True}, index=key) for key in ("a", "b")]
    config = [
        written("aws_s3_bucket.this"),
        written("aws_s3_bucket_public_access_block.this", bucket=ref("aws_s3_bucket.this", "each.key")),
    ]
    found = check(
        plan([*buckets, block], config),
        [row for row in policy_rules(PolicyOptions()) if row.id == "s3-public-access"],
        (),
        date(2026, 11, 22),
    ).findings
    assert [f.address for f in found] == ['aws_s3_bucket.this["b"]']


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("ELBSecurityPolicy-TLS13-1-2-2021-06", GOOD),
        ("ELBSecurityPolicy-TLS13-1-3-2021-06", GOOD),
        ("ELBSecurityPolicy-TLS-1-2-2017-01", GOOD),
        ("ELBSecurityPolicy-FS-1-2-Res-2020-10", GOOD),
        ("ELBSecurityPolicy-TLS13-1-1-2021-06", BROKEN),
        ("ELBSecurityPolicy-TLS13-1-0-2021-06", BROKEN),
        ("ELBSecurityPolicy-TLS-1-1-2017-01", BROKEN),
        ("ELBSecurityPolicy-FS-2018-06", BROKEN),
        ("ELBSecurityPolicy-2016-08", BROKEN),
    ],
)
def test_tls_policies(policy: str, expected: list[bool]) -> None:
    after = {"protocol": "HTTPS", "ssl_policy": policy}
    assert alone("tls-policy", "aws_lb_listener.this", after) == expected


@pytest.mark.parametrize(
    ("protocol", "expected"), [("HTTPS", GOOD), ("HTTP", BROKEN), ("#{protocol}", BROKEN), (None, BROKEN)]
)
def test_a_redirect_goes_to_https(protocol: str | None, expected: list[bool]) -> None:
    action = [{"type": "redirect", "redirect": [{"protocol": protocol}]}]
    after = {"protocol": "HTTP", "port": 80, "default_action": action}
    assert alone("plaintext-listener", "aws_lb_listener.this", after) == expected


@pytest.mark.parametrize(("protocol", "expected"), [("http", BROKEN), ("HTTP", BROKEN), ("https", GOOD)])
def test_classic_balancers(protocol: str, expected: list[bool]) -> None:
    after = {"listener": [{"lb_protocol": protocol, "lb_port": 443}]}
    assert alone("plaintext-listener", "aws_elb.this", after) == expected


@pytest.mark.parametrize(("port", "expected"), [(443, GOOD), (80, BROKEN)])
def test_listener_ports_of_a_classic_balancer(port: int, expected: list[bool]) -> None:
    rows = [
        planned(
            "aws_security_group.lb",
            {
                "id": "sg-1",
                "ingress": [{"cidr_blocks": ["0.0.0.0/0"], "protocol": "tcp", "from_port": port, "to_port": port}],
            },
        ),
        planned("aws_elb.this", {"security_groups": ["sg-1"], "listener": [{"lb_port": 443}]}),
    ]
    assert verdict("open-ingress", plan(rows, [])) == expected


@pytest.mark.parametrize(
    ("ingress", "unknown", "expected"),
    [
        ({"cidr_blocks": ["10.0.0.0/8"]}, {}, GOOD),
        ({"cidr_blocks": [None]}, {"cidr_blocks": [True]}, UNSURE),
        ({}, {"cidr_blocks": True}, UNSURE),
        ({"cidr_blocks": ["0.0.0.0/0"], "from_port": None}, {"from_port": True}, UNSURE),
        ({"cidr_blocks": ["0.0.0.0/0"], "protocol": "-1", "from_port": 0, "to_port": 0}, {}, BROKEN),
    ],
)
def test_inline_ingress(ingress: Json, unknown: Json, expected: list[bool]) -> None:
    block = {"protocol": "tcp", "from_port": 22, "to_port": 22} | ingress
    row = planned("aws_security_group.this", {"ingress": [block]}, unknown={"ingress": [unknown]})
    assert verdict("open-ingress", plan([row], [written("aws_security_group.this")])) == expected


def test_all_protocols_open_ssh_whatever_their_ports_say() -> None:
    block = {"cidr_blocks": ["0.0.0.0/0"], "protocol": "-1", "from_port": 0, "to_port": 0}
    row = planned("aws_security_group.this", {"ingress": [block]})
    assert verdict("public-ssh", plan([row], [])) == [False, False]


def test_egress_to_everybody_is_no_ingress() -> None:
    after = {"type": "egress", "cidr_blocks": ["0.0.0.0/0"], "protocol": "-1", "from_port": 0, "to_port": 0}
    assert verdict("open-ingress", plan([planned("aws_security_group_rule.out", after)], [])) == GOOD


def test_ingress_that_comes_from_a_dynamic_set_is_unsure() -> None:
    row = planned("aws_security_group.this", unknown={"ingress": True})
    config = written("aws_security_group.this", ingress=ref("local.ingress"))
    assert verdict("open-ingress", plan([row], [config])) == UNSURE
    assert verdict("open-ingress", plan([row], [written("aws_security_group.this")])) == GOOD


@pytest.mark.parametrize(
    ("tags", "expected"),
    [({"Name": "x", "Team": "y"}, GOOD), ({"Name": "x"}, BROKEN), (None, BROKEN)],
)
def test_required_tags(tags: Json | None, expected: list[bool]) -> None:
    row = planned("aws_vpc.this", {"tags": tags, "tags_all": tags})
    assert verdict("tags", plan([row], []), PolicyOptions(tags=("Name", "Team"))) == expected


def test_a_provider_that_acts_on_this_machine_is_named() -> None:
    document = plan([], [written("local_file.x") | {"provider_config_key": "local"}])
    assert verdict("no-commands", document) == GOOD
    full = "registry.terraform.io/hashicorp/local"
    document["configuration"]["provider_config"] = {"local": {"full_name": full}}
    assert verdict("no-commands", document) == BROKEN

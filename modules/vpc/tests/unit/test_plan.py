"""What a plan by the real provider shows: blocks over many shapes, tags everywhere, null where nothing was said."""

from ipaddress import ip_network
from itertools import combinations
from typing import Any

import pytest

ZONES = [f"us-east-1{letter}" for letter in "abcdefgh"]
TAGGED_ELSEWHERE = {"aws_iam_role_policy", "aws_iam_role_policy_attachment", "aws_route", "aws_route_table_association"}


def planned(plan: dict[str, Any], kind: str = "") -> dict[str, dict[str, Any]]:
    """Address → planned values of the managed resources (of one type)."""
    return {
        change["address"]: change["change"]["after"]
        for change in plan["resource_changes"]
        if change["mode"] == "managed" and kind in ("", change["type"])
    }


@pytest.mark.parametrize(
    ("cidr", "zones"),
    [("10.0.0.0/16", 8), ("10.8.0.0/23", 8), ("192.168.128.0/17", 3)],
    ids=["largest", "smallest", "three zones"],
)
def test_blocks_lie_inside_and_apart(terraform: Any, cidr: str, zones: int) -> None:
    subject = terraform(name="unit", cidr=cidr, zones=ZONES[:zones], gateway_endpoints={}, flow_logs=None)
    blocks = [ip_network(after["cidr_block"]) for after in planned(subject.plan(), "aws_subnet").values()]
    assert len(blocks) == 3 * zones
    assert all(block.subnet_of(ip_network(cidr)) and block.prefixlen <= 28 for block in blocks)
    assert not [pair for pair in combinations(blocks, 2) if pair[0].overlaps(pair[1])]


def test_everything_is_tagged(terraform: Any) -> None:
    """Also what the tests of single features forget: whatever the plan makes and AWS can tag."""
    subject = terraform(
        name="unit",
        cidr="10.0.0.0/16",
        zones=ZONES[:2],
        nat="per_zone",
        bastion={"image_id": "ami-0123456789abcdef0", "allowed_cidrs": ["203.0.113.0/24"], "key_name": "ops"},
        gateway_endpoints={"dynamodb": {}, "s3": {}},
        tags={"Team": "platform"},
    )
    resources = planned(subject.plan())
    untagged = {
        address
        for address, after in resources.items()
        if address.split(".")[0] not in TAGGED_ELSEWHERE and (after.get("tags") or {}).get("Team") != "platform"
    }
    assert not untagged
    assert all(after["tags"]["Name"].startswith("unit") for after in resources.values() if after.get("tags"))


def test_nobody_named_nobody_comes_in(terraform: Any) -> None:
    subject = terraform(name="unit", cidr="10.0.0.0/16", zones=ZONES[:1], bastion={"image_id": "ami-0123456789abcdef0"})
    plan = subject.plan()
    assert not planned(plan, "aws_vpc_security_group_ingress_rule")
    [host] = planned(plan, "aws_instance").values()
    assert host.get("key_name") is None


def test_names_differ_from_region_to_region(terraform: Any) -> None:
    """The endpoint's service is of the region that the provider works in, asked from the provider itself."""
    subject = terraform(name="unit", cidr="10.0.0.0/16", zones=ZONES[:1], subnets={"private": {}}, flow_logs=None)
    [endpoint] = planned(subject.plan(), "aws_vpc_endpoint").values()
    assert endpoint["service_name"] == "com.amazonaws.us-east-1.s3"

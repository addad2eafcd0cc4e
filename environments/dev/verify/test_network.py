"""The network of a stack is the one that it asked for, and closed."""

from collections.abc import Callable
from typing import Any

import pytest

Client = Callable[[str], Any]


@pytest.fixture
def vpc(aws: Client, outputs: dict[str, Any]) -> dict[str, Any]:
    """The stack's VPC as AWS describes it."""
    found: list[dict[str, Any]] = aws("ec2").describe_vpcs(VpcIds=[outputs["vpc_id"]])["Vpcs"]
    return found[0]


def test_the_network_has_the_block_that_was_asked_for(vpc: dict[str, Any], outputs: dict[str, Any]) -> None:
    assert vpc["CidrBlock"] == outputs["cidr"]


def test_the_network_says_which_stack_it_is(vpc: dict[str, Any], environment: str, stack: str) -> None:
    tags = {tag["Key"]: tag["Value"] for tag in vpc.get("Tags", [])}
    assert tags["Stack"] == f"{environment}/{stack}"


def test_no_private_subnet_leads_to_an_internet_gateway(aws: Client, vpc: dict[str, Any]) -> None:
    tables = aws("ec2").describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["RouteTables"]
    ways_out = [
        route["GatewayId"]
        for table in tables
        for route in table["Routes"]
        if route.get("GatewayId", "").startswith("igw-")
    ]
    assert not ways_out

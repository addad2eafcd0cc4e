"""The minimal example, applied; what AWS says about it, asked with boto3."""

import json
from collections.abc import Callable
from typing import Any

Aws = Callable[..., Any]


def record(aws: Aws) -> dict[str, Any]:
    """The environment's record, as others read it."""
    parameter = aws("ssm").get_parameter(Name="/environments/minimal")["Parameter"]
    content: dict[str, Any] = json.loads(parameter["Value"])
    return content


def test_a_small_environment_is_closed_and_says_what_it_is(example: Any, aws: Aws) -> None:
    vpc_id = example.output()["vpc_id"]
    assert_network(aws, vpc_id)
    assert_closed(aws, vpc_id)
    assert_record(aws, vpc_id)


def test_it_is_cheap(example: Any) -> None:
    """No gateway, no address, nothing that costs by the hour."""
    resources = example.resources()
    assert {address.split("[")[0].split(".")[-2] for address in resources} == {
        "aws_cloudwatch_log_group",
        "aws_default_security_group",
        "aws_flow_log",
        "aws_iam_role",
        "aws_iam_role_policy",
        "aws_route_table",
        "aws_route_table_association",
        "aws_ssm_parameter",
        "aws_subnet",
        "aws_vpc",
        "aws_vpc_endpoint",
    }
    assert resources["module.core.module.vpc.aws_vpc.this"]["enable_dns_hostnames"] is False


def assert_network(aws: Aws, vpc_id: str) -> None:
    ec2 = aws("ec2")
    [vpc] = ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
    assert vpc["CidrBlock"] == "10.30.0.0/20"
    assert {tag["Key"]: tag["Value"] for tag in vpc["Tags"]} == {
        "Environment": "minimal",
        "Name": "minimal",
        "Team": "platform",
    }
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"]
    assert sorted(subnet["AvailabilityZone"] for subnet in subnets) == ["us-east-1a", "us-east-1b"]
    assert not [subnet for subnet in subnets if subnet["MapPublicIpOnLaunch"]]


def assert_closed(aws: Aws, vpc_id: str) -> None:
    ec2 = aws("ec2")
    of_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    routes = [route for table in ec2.describe_route_tables(Filters=of_vpc)["RouteTables"] for route in table["Routes"]]
    assert not [route for route in routes if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
    assert (
        ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc_id]}])["InternetGateways"]
        == []
    )
    [group] = ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"]
    assert (group["GroupName"], group["IpPermissions"], group["IpPermissionsEgress"]) == ("default", [], [])


def assert_record(aws: Aws, vpc_id: str) -> None:
    found = record(aws)
    [name] = aws("ssm").describe_parameters()["Parameters"]
    assert name["Name"] == "/environments/minimal"
    assert found["labels"] == {"owner": "platform"}
    assert (found["name"], found["cidr"], found["vpc"]) == ("minimal", "10.30.0.0/20", vpc_id)
    assert (found["cluster"], found["serverGroups"]) == (None, [])
    assert sorted(found["subnets"]["private"]) == ["us-east-1a", "us-east-1b"]

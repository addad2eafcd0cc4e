"""What AWS says of the complete example: routes, addresses, the closed group, flow logs, endpoints."""

from typing import Any

ZONES = ["us-east-1a", "us-east-1b"]


def test_the_network_is_what_was_asked_for(example: Any, aws: Any) -> None:
    out, ec2 = example.output()["vpc"], aws("ec2")
    vpc_id = out["vpc_id"]

    [vpc] = ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
    assert vpc["CidrBlock"] == "10.1.0.0/16"
    assert {"Key": "Team", "Value": "platform"} in vpc["Tags"]

    mine = [{"Name": "vpc-id", "Values": [vpc_id]}]
    subnets = {one["SubnetId"]: one for one in ec2.describe_subnets(Filters=mine)["Subnets"]}
    for tier, zones in out["subnet_ids"].items():
        for zone, subnet in zones.items():
            assert subnets[subnet]["AvailabilityZone"] == zone
            assert subnets[subnet]["CidrBlock"] == out["subnet_cidrs"][tier][zone]
            assert not subnets[subnet]["MapPublicIpOnLaunch"]
    assert len(subnets) == 6

    ways = ways_out(ec2, mine)
    gateways = {
        gateway["SubnetId"]: gateway
        for gateway in ec2.describe_nat_gateways(Filters=mine)["NatGateways"]
        if gateway["State"] == "available"
    }
    for zone in ZONES:
        assert ways[out["subnet_ids"]["public"][zone]] == out["internet_gateway_id"]
        assert out["subnet_ids"]["database"][zone] not in ways
        standing = gateways[out["subnet_ids"]["public"][zone]]
        assert ways[out["subnet_ids"]["private"][zone]] == standing["NatGatewayId"]
        assert standing["NatGatewayAddresses"][0]["PublicIp"] == out["nat_public_ips"][zone]

    closed = [*mine, {"Name": "group-name", "Values": ["default"]}]
    [group] = ec2.describe_security_groups(Filters=closed)["SecurityGroups"]
    assert group["GroupId"] == out["default_security_group_id"]
    assert group["IpPermissions"] == group["IpPermissionsEgress"] == []

    endpoints = ec2.describe_vpc_endpoints(Filters=mine)["VpcEndpoints"]
    assert {one["ServiceName"].rpartition(".")[2] for one in endpoints} == {"dynamodb", "s3"}
    tables = {table for zones in out["route_table_ids"].values() for table in zones.values()}
    for endpoint in endpoints:
        assert (endpoint["VpcEndpointType"], set(endpoint["RouteTableIds"])) == ("Gateway", tables)

    [log] = ec2.describe_flow_logs(Filter=[{"Name": "resource-id", "Values": [vpc_id]}])["FlowLogs"]
    assert (log["TrafficType"], log["LogDestinationType"]) == ("ALL", "cloud-watch-logs")
    assert log["MaxAggregationInterval"] == 60
    [records] = aws("logs").describe_log_groups(logGroupNamePrefix="/aws/vpc/complete/")["logGroups"]
    assert log["LogDestination"] in (records["arn"], records["arn"].removesuffix(":*"))
    assert records["retentionInDays"] == 365


def ways_out(ec2: Any, mine: list[dict[str, Any]]) -> dict[str, str]:
    """Subnet → where its table sends what is for nobody else; subnets without such a route are not in it."""
    found = {}
    for table in ec2.describe_route_tables(Filters=mine)["RouteTables"]:
        for route in table["Routes"]:
            if route.get("DestinationCidrBlock") == "0.0.0.0/0":
                for link in table["Associations"]:
                    found[link.get("SubnetId")] = route.get("GatewayId") or route.get("NatGatewayId")
    return found

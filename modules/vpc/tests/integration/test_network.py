"""What AWS says of an applied network: routes, addresses, the closed group, flow logs, endpoints."""

import json
from typing import Any

ZONES = ["us-east-1a", "us-east-1b"]


def test_the_network_is_what_was_asked_for(terraform: Any, aws: Any) -> None:
    subject = terraform(
        name="net",
        cidr="10.5.0.0/16",
        zones=ZONES,
        nat="per_zone",
        dns_hostnames=False,  # turning them on costs ten seconds; the complete example does
        gateway_endpoints={"s3": {}},
        tags={"Team": "platform"},
    )
    subject.apply()
    out, ec2 = subject.output(), aws("ec2")
    vpc_id = out["vpc_id"]

    [vpc] = ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
    assert vpc["CidrBlock"] == "10.5.0.0/16"
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

    [endpoint] = ec2.describe_vpc_endpoints(Filters=mine)["VpcEndpoints"]
    assert endpoint["VpcEndpointType"] == "Gateway"
    assert set(endpoint["RouteTableIds"]) == {
        table for zones in out["route_table_ids"].values() for table in zones.values()
    }

    [log] = ec2.describe_flow_logs(Filter=[{"Name": "resource-id", "Values": [vpc_id]}])["FlowLogs"]
    assert (log["TrafficType"], log["LogDestinationType"]) == ("ALL", "cloud-watch-logs")
    [records] = aws("logs").describe_log_groups(logGroupNamePrefix="/aws/vpc/net/")["logGroups"]
    assert log["LogDestination"] in (records["arn"], records["arn"].removesuffix(":*"))
    assert records["retentionInDays"] == 90

    assert subject.plan_is_empty()
    subject.destroy()
    assert not [one for one in ec2.describe_vpcs()["Vpcs"] if one["VpcId"] == vpc_id]
    assert not aws("logs").describe_log_groups(logGroupNamePrefix="/aws/vpc/net/")["logGroups"]


def ways_out(ec2: Any, mine: list[dict[str, Any]]) -> dict[str, str]:
    """Subnet → where its table sends what is for nobody else; subnets without such a route are not in it."""
    found = {}
    for table in ec2.describe_route_tables(Filters=mine)["RouteTables"]:
        for route in table["Routes"]:
            if route.get("DestinationCidrBlock") == "0.0.0.0/0":
                for link in table["Associations"]:
                    found[link.get("SubnetId")] = route.get("GatewayId") or route.get("NatGatewayId")
    return found


def test_a_zone_and_a_tier_come_later(terraform: Any, aws: Any) -> None:
    """An update in place: what is there stays, the endpoint follows to the new tables, and all of it goes again."""
    first = terraform(
        name="grow", cidr="10.6.0.0/16", zones=ZONES[:1], subnets={"private": {}}, flow_logs=None, dns_hostnames=False
    )
    first.apply()
    before = first.output()
    more = {"zones": ZONES, "subnets": {"database": {}, "private": {}}}
    (first.folder / "zones.auto.tfvars.json").write_text(json.dumps(more))  # read after the first.tfvars.json
    changes = {one["address"]: one["change"]["actions"] for one in first.plan()["resource_changes"]}
    assert not {address: acts for address, acts in changes.items() if "delete" in acts}
    first.apply()
    after = first.output()
    assert after["subnet_ids"]["private"]["us-east-1a"] == before["subnet_ids"]["private"]["us-east-1a"]
    [endpoint] = aws("ec2").describe_vpc_endpoints(VpcEndpointIds=[after["gateway_endpoint_ids"]["s3"]])["VpcEndpoints"]
    assert len(endpoint["RouteTableIds"]) == 3
    assert first.plan_is_empty()
    first.destroy()

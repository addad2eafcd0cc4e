"""What AWS says when an applied network grows."""

import json
from typing import Any

ZONES = ["us-east-1a", "us-east-1b"]


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

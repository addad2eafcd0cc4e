"""What AWS says when the template of applied servers changes: they are replaced."""

import json
from typing import Any


def test_a_new_template_refreshes_the_servers(terraform: Any, aws: Any) -> None:
    ec2, scaling = aws("ec2"), aws("autoscaling")
    vpc = ec2.create_vpc(CidrBlock="10.40.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.40.0.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    images = ec2.describe_images(Owners=["amazon"], Filters=[{"Name": "name", "Values": ["al2023-ami-2023*-x86_64"]}])
    servers = {"image_id": images["Images"][0]["ImageId"], "subnet_ids": [subnet]}
    subject = terraform(name="refresh", vpc_id=vpc, servers=servers, scaling={"min": 0, "max": 1})
    subject.apply()
    assert not scaling.describe_instance_refreshes(AutoScalingGroupName="refresh")["InstanceRefreshes"]

    later = {"servers": {**servers, "instance_type": "t3.small"}}
    (subject.folder / "servers.auto.tfvars.json").write_text(json.dumps(later))
    subject.apply()
    [refresh] = scaling.describe_instance_refreshes(AutoScalingGroupName="refresh")["InstanceRefreshes"]
    assert refresh["Preferences"]["MinHealthyPercentage"] == 90
    assert refresh["Preferences"]["AutoRollback"]
    [group] = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["refresh"])["AutoScalingGroups"]
    assert group["LaunchTemplate"]["Version"] == "2"

    assert subject.plan_is_empty()
    subject.destroy()
    assert not scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)

"""What AWS says of applied servers: they run, as the template says, and are replaced when it changes."""

import json
from typing import Any


def test_servers_run_as_the_template_says(terraform: Any, aws: Any) -> None:
    ec2, scaling, iam = aws("ec2"), aws("autoscaling"), aws("iam")
    subject = terraform("minimal")
    subject.apply()
    name = subject.output()["group_name"]

    [group] = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    assert (group["MinSize"], group["MaxSize"], len(group["Instances"])) == (2, 2, 2)
    assert {one["AvailabilityZone"] for one in group["Instances"]} <= {"us-east-1a", "us-east-1b"}
    assert {tag["Key"] for tag in group["Tags"] if tag["PropagateAtLaunch"]} == {"Environment", "Name"}
    assert "GroupInServiceInstances" in {metric["Metric"] for metric in group["EnabledMetrics"]}

    template = group["Instances"][0]["LaunchTemplate"]
    versions = ec2.describe_launch_template_versions(
        LaunchTemplateId=template["LaunchTemplateId"], Versions=[template["Version"]]
    )
    data = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"]

    [groups] = [data["SecurityGroupIds"]]
    [rules] = ec2.describe_security_groups(GroupIds=groups)["SecurityGroups"]
    assert rules["IpPermissions"] == []
    assert [(rule["FromPort"], rule["ToPort"]) for rule in rules["IpPermissionsEgress"]] == [(443, 443)]

    profile = data["IamInstanceProfile"]["Arn"].rpartition("/")[2]
    [role] = iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"]
    policies = iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in policies] == ["AmazonSSMManagedInstanceCore"]

    assert subject.plan_is_empty()
    subject.destroy()
    assert not scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    running = [one for each in ec2.describe_instances()["Reservations"] for one in each["Instances"]]
    assert {one["State"]["Name"] for one in running} <= {"terminated"}


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
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)

"""What AWS says of the minimal example: the servers run, as the template says, and are closed."""

from typing import Any


def test_servers_run_as_the_template_says(example: Any, aws: Any) -> None:
    ec2, scaling, iam = aws("ec2"), aws("autoscaling"), aws("iam")
    name = example.output()["group_name"]

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

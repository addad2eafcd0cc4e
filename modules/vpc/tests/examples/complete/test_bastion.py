"""What AWS says of the complete example's bastion: IMDSv2 only, encrypted, SSH from the named block alone."""

from typing import Any


def test_the_bastion_is_closed_but_for_those_named(example: Any, aws: Any) -> None:
    ec2, iam = aws("ec2"), aws("iam")
    out = example.output()["vpc"]["bastion"]

    [host] = ec2.describe_instances(InstanceIds=[out["instance_id"]])["Reservations"][0]["Instances"]
    assert host["MetadataOptions"]["HttpTokens"] == "required"
    assert host["PublicIpAddress"] == out["public_ip"]
    assert [group["GroupId"] for group in host["SecurityGroups"]] == [out["security_group_id"]]
    assert host["KeyName"] == "complete-operators"

    volumes = [device["Ebs"]["VolumeId"] for device in host["BlockDeviceMappings"]]
    [volume] = ec2.describe_volumes(VolumeIds=volumes)["Volumes"]
    assert volume["Encrypted"]
    assert volume["Size"] == 12

    [group] = ec2.describe_security_groups(GroupIds=[out["security_group_id"]])["SecurityGroups"]
    [opening] = group["IpPermissions"]
    assert (opening["FromPort"], opening["ToPort"], opening["IpProtocol"]) == (22, 22, "tcp")
    assert [block["CidrIp"] for block in opening["IpRanges"]] == ["203.0.113.0/24"]

    profile = host["IamInstanceProfile"]["Arn"].rpartition("/")[2]
    [role] = iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"]
    assert role["RoleName"] == out["role_name"]
    policies = iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in policies] == ["AmazonSSMManagedInstanceCore"]

"""What AWS says of an applied bastion: IMDSv2 only, encrypted, SSH from the named block alone, Session Manager."""

from typing import Any


def test_the_bastion_is_closed_but_for_those_named(terraform: Any, aws: Any) -> None:
    ec2, iam = aws("ec2"), aws("iam")
    ec2.import_key_pair(
        KeyName="ops",
        PublicKeyMaterial=b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBVJI9FnZVoi7rJ7nvMiX7DjYRKBqC3PoD9nWFnTZkqC",
    )
    images = ec2.describe_images(Owners=["amazon"], Filters=[{"Name": "name", "Values": ["al2023-ami-2023*-x86_64"]}])
    subject = terraform(
        name="host",
        cidr="10.7.0.0/16",
        zones=["us-east-1a"],
        bastion={
            "image_id": images["Images"][0]["ImageId"],
            "allowed_cidrs": ["203.0.113.0/24"],
            "key_name": "ops",
            "root_volume_size": 12,
        },
        subnets={"public": {}},
        dns_hostnames=False,
        gateway_endpoints={},
        flow_logs=None,
    )
    subject.apply()
    out = subject.output()["bastion"]

    [host] = ec2.describe_instances(InstanceIds=[out["instance_id"]])["Reservations"][0]["Instances"]
    assert host["MetadataOptions"]["HttpTokens"] == "required"
    assert host["PublicIpAddress"] == out["public_ip"]
    assert [group["GroupId"] for group in host["SecurityGroups"]] == [out["security_group_id"]]
    assert host["KeyName"] == "ops"

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

    assert subject.plan_is_empty()
    subject.destroy()
    ec2.delete_key_pair(KeyName="ops")
    states = [one["State"]["Name"] for each in ec2.describe_instances()["Reservations"] for one in each["Instances"]]
    assert set(states) <= {"terminated"}
    assert not [one for one in iam.list_roles()["Roles"] if one["RoleName"] == out["role_name"]]

"""A leak check names what stays, and nothing that is gone or was there before."""

from typing import Any

from pipeline.adapters.emulators.leaks import difference, snapshot
from pipeline.adapters.emulators.moto import Moto
from tests.emulators.conftest import clients
from tests.emulators.probes import Client


def _look(client: Client) -> frozenset[str]:
    return snapshot(lambda service, region: client(service))


def test_names_what_was_left(moto: Moto) -> None:
    client = clients(moto)
    before = _look(client)
    vpc = client("ec2").create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    client("s3").create_bucket(Bucket="left-behind")
    role = client("iam").create_role(RoleName="left", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    left = difference(before, _look(client))
    assert {f"ec2:vpc:{vpc}", "s3:bucket:left-behind", f"iam:role:{role}", f"kms:key:{key}"} <= set(left)


def test_says_nothing_where_all_was_destroyed(moto: Moto) -> None:
    client = clients(moto)
    before = _look(client)
    ec2: Any = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    gateway = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    instance = ec2.run_instances(ImageId="ami-0a1b2c3d4e5f60001", MinCount=1, MaxCount=1, SubnetId=subnet)
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    assert difference(before, _look(client))
    ec2.terminate_instances(InstanceIds=[instance["Instances"][0]["InstanceId"]])
    ec2.delete_nat_gateway(NatGatewayId=gateway)
    ec2.release_address(AllocationId=address)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert difference(before, _look(client)) == ()


def test_other_accounts_are_not_seen(moto: Moto) -> None:
    mine, other = clients(moto), clients(moto)
    before = _look(mine)
    other("s3").create_bucket(Bucket="of-somebody-else")
    other("ec2").create_vpc(CidrBlock="10.6.0.0/16")
    assert difference(before, _look(mine)) == ()

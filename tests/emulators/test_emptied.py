"""An emptied account is as new for whoever holds its key, and nobody else notices."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from pipeline.adapters.emulators.moto import Moto, connect_moto
from pipeline.adapters.harness.checks import leak_check
from tests.emulators.conftest import ACCOUNTS, Client, clients


def fill(client: Client, name: str) -> str:
    """Something in each kind of place: a region's, the world's, IAM's, what is gone but still named; the VPC."""
    vpc = str(client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
    client("s3").create_bucket(Bucket=name)
    client("ssm").put_parameter(Name="/a", Value="a", Type="String")
    client("iam").create_role(RoleName="one", AssumeRolePolicyDocument="{}")
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    client("kms").schedule_key_deletion(KeyId=key)
    client("sts").assume_role(RoleArn="arn:aws:iam::999999999999:role/x", RoleSessionName="somebody")
    return vpc


def sees(client: Client) -> tuple[int, ...]:
    return (
        len(client("ec2").describe_vpcs()["Vpcs"]),
        len(client("s3").list_buckets()["Buckets"]),
        len(client("ssm").describe_parameters()["Parameters"]),
        len(client("iam").list_roles()["Roles"]),
        len(client("kms").list_keys()["Keys"]),
    )


def test_nothing_of_before_is_there_and_the_key_stays(moto: Moto) -> None:
    account, other = (str(next(ACCOUNTS)) for _ in range(2))
    client, neighbour = clients(moto, account), clients(moto, other)
    new = sees(client)
    vpc = fill(client, f"b-{account}")
    fill(neighbour, f"b-{other}")
    held = sees(neighbour)
    assert sees(client) != new
    assert moto.empty(moto.environment(account))
    assert sees(client) == new
    assert client("sts").get_caller_identity()["Account"] == account
    with pytest.raises(ClientError, match="does not exist"):
        client("ec2").describe_vpcs(VpcIds=[vpc])
    assert sees(neighbour) == held
    fill(client, f"b-{account}")  # every name is free again
    assert sees(client) == held


def test_a_leak_check_sees_a_new_account(moto: Moto) -> None:
    look, account = leak_check("moto").snapshot, str(next(ACCOUNTS))
    aws, client = moto.environment(account), clients(moto, account)
    kinds = []
    for name in ("first", "second"):
        kinds.append(sorted(held.rpartition(":")[0] for held in look(aws, "us-east-1")))
        fill(client, f"{name}-{account}")
        assert moto.empty(aws)
    assert kinds[0] == kinds[1]


def test_a_key_that_nobody_has_empties_nothing(moto: Moto) -> None:
    account = str(next(ACCOUNTS))
    client = clients(moto, account)
    fill(client, f"d-{account}")
    held = sees(client)
    assert not moto.empty({**moto.environment(account), "AWS_ACCESS_KEY_ID": "ASIANOBODY"})
    assert sees(client) == held


def test_a_moto_that_is_gone_or_does_not_know_how_says_no(tmp_path: Path) -> None:
    from pipeline.adapters.emulators.moto import start_moto

    with ended(start_moto(scratch=tmp_path, corrected=False)) as stock:
        aws = stock.environment("123456789012")
        known = connect_moto(stock.endpoint)
        assert known.empty(aws), "the server of ours knows how also when its answers are moto's own"
    assert not known.empty(aws)


@contextlib.contextmanager
def ended(moto: Moto) -> Iterator[Moto]:
    try:
        yield moto
    finally:
        moto.end()

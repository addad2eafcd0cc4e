"""A gap is named by an error text that was met, and only then."""

import re
from datetime import date

import pytest

from pipeline.adapters.emulators.gaps import explain, gaps
from pipeline.adapters.emulators.moto import Moto
from tests.emulators.conftest import clients


def test_the_list_is_whole() -> None:
    for gap in gaps():
        assert gap.emulator in ("moto", "localstack")
        assert re.compile(gap.pattern)
        assert gap.probed <= date.today()
        assert gap.says and not gap.says.endswith(".")


@pytest.mark.parametrize(
    ("emulator", "text", "says"),
    [
        (
            "localstack",
            "creating EKS Cluster (x): operation error EKS: CreateCluster, https response error StatusCode: 501, "
            "RequestID: 1, api error InternalFailure: The API for service eks is either not included in your current "
            "license plan or has not yet been emulated by LocalStack.",
            "LocalStack 4.14.0 has no eks",
        ),
        (
            "localstack",
            "api error InternalFailure: The describe_instance_connect_endpoints action has not been implemented",
            "LocalStack 4.14.0 has no describe_instance_connect_endpoints",
        ),
        (
            "localstack",
            "waiting for EC2 Subnet (subnet-c87fd9d11a) IPv6 CIDR block (subnet-cidr-assoc-b493ed47bb9b23543) to "
            "become associated: unexpected state '{'State': 'associated'}', wanted target 'associated'",
            "LocalStack 4.14.0 answers the state of a subnet's IPv6 block",
        ),
        (
            "localstack",
            "waiting for EC2 Subnet (s-0f9) PrivateDnsHostnameTypeOnLaunch update: timeout while waiting for state "
            "to become 'resource-name' (last state: 'ip-name', timeout: 5m0s)",
            "LocalStack 4.14.0 forgets PrivateDnsHostnameTypeOnLaunch",
        ),
        (
            "localstack",
            "creating AWS DynamoDB Table (x): operation error DynamoDB: CreateTable, exceeded maximum number of "
            "attempts, 2, https response error StatusCode: 500, RequestID: 1, api error InternalError: exception while "
            "calling dynamodb.CreateTable: An error occurred (InternalError)",
            "LocalStack 4.14.0 downloads its DynamoDB",
        ),
        (
            "moto",
            "operation error S3 Control: PutPublicAccessBlock, https response error StatusCode: 0, HostID: "
            ', request send failed, Put "http://111111111111.127.0.0.1:55463/configuration/publicAccessBlock": '
            "dial tcp: lookup 111111111111.127.0.0.1: no such host",
            "S3 Control puts the account in front",
        ),
        (
            "moto",
            "api error NotImplementedByEmulator: moto has no eks ListInsights",
            "moto does not implement eks ListInsights",
        ),
    ],
)
def test_a_known_text_is_explained(emulator: str, text: str, says: str) -> None:
    assert (explain(emulator, text) or "").startswith(says)


def test_other_texts_are_nobodys_excuse() -> None:
    for text in (
        "Error: creating EC2 VPC: api error InvalidParameterValue: invalid CIDR",
        "api error AccessDenied: not authorized",
        "",
    ):
        assert explain("moto", text) is None
        assert explain("localstack", text) is None


def test_what_moto_really_says_is_recognised(moto: Moto) -> None:
    client = clients(moto)
    with pytest.raises(client("ec2").exceptions.ClientError) as failure:
        client("ec2").describe_vpn_concentrators()
    assert "ec2 DescribeVpnConcentrators" in (moto.unsupported(str(failure.value)) or "")

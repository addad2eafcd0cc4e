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

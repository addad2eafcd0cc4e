"""The embedded emulator: accounts apart, flat memory, no process left behind, for Terraform's S3 backend too."""

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.adapters.emulators import moto as module
from pipeline.adapters.emulators.moto import Moto, start_moto, version
from pipeline.adapters.processes import start_time
from pipeline.errors import UndecidedError
from tests.emulators.conftest import ACCOUNTS, clients


def _resident_mb(pid: int) -> int:
    match = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert match
    return int(match[1]) // 1024


def test_the_version_names_moto_and_the_corrections(moto: Moto) -> None:
    assert re.fullmatch(r"moto \d+\.\d+\.\d+ corrections \d+", version())
    assert moto.endpoint == f"http://127.0.0.1:{moto.port}"


def test_an_account_is_the_one_asked_for_and_keeps_its_credentials(moto: Moto) -> None:
    env = moto.environment("111111111111", "eu-west-1")
    assert env == moto.environment("111111111111", "eu-west-1")
    assert env["AWS_REGION"] == env["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert env["AWS_ENDPOINT_URL"] == moto.endpoint
    assert clients(moto, "111111111111")("sts").get_caller_identity()["Account"] == "111111111111"
    with pytest.raises(ValueError, match="twelve digits"):
        moto.environment("1234")


def test_accounts_do_not_see_each_other(moto: Moto) -> None:
    mine, other = clients(moto), clients(moto)
    vpc = mine("ec2").create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
    assert vpc not in [one["VpcId"] for one in other("ec2").describe_vpcs()["Vpcs"]]


def test_a_bucket_without_boto3_lies_in_its_account_and_keeps_versions(moto: Moto) -> None:
    aws = moto.environment("222222222222")
    moto.make_bucket(aws, "kept-2222")
    mine, other = clients(moto, "222222222222")("s3"), clients(moto, "333333333333")("s3")
    assert mine.get_bucket_versioning(Bucket="kept-2222")["Status"] == "Enabled"
    assert "kept-2222" in [one["Name"] for one in mine.list_buckets()["Buckets"]]
    assert "kept-2222" not in [one["Name"] for one in other.list_buckets()["Buckets"]]
    with pytest.raises(UndecidedError, match="moto made no bucket"):
        moto.make_bucket(aws, "X")


def test_one_of_many_writers_wins_a_state_lock(moto: Moto) -> None:
    """What `use_lockfile` of the S3 backend rests on: IfNoneMatch."""
    s3 = clients(moto)("s3")
    s3.create_bucket(Bucket="locks")

    def write(number: int) -> bool:
        try:
            s3.put_object(Bucket="locks", Key="x.tflock", Body=str(number).encode(), IfNoneMatch="*")
        except s3.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "PreconditionFailed"
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(8))) == 1


def test_policies_of_aws_can_be_attached_in_every_account(moto: Moto) -> None:
    policy = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
    for iam in (clients(moto)("iam"), clients(moto)("iam")):
        iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")
        iam.attach_role_policy(RoleName="r", PolicyArn=policy)
        attached = iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
        assert [one["PolicyArn"] for one in attached] == [policy]
        assert iam.get_policy(PolicyArn=policy)["Policy"]["AttachmentCount"] == 1, "counted in its own account alone"


def test_an_account_costs_little_memory(moto: Moto) -> None:
    """Stock moto: about 30 MB an account (26 of them the policies of AWS)."""
    for _ in range(3):
        clients(moto)("ec2").describe_vpcs()
    assert moto.service
    before = _resident_mb(moto.service.pid)
    for _ in range(10):
        client = clients(moto, str(next(ACCOUNTS)))
        client("ec2").describe_vpcs()
        client("iam").list_roles()
    assert _resident_mb(moto.service.pid) - before < 80


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent (PR_SET_PDEATHSIG)")
def test_it_dies_with_a_killed_parent(tmp_path: Path) -> None:
    code = (
        "import sys,time; from pathlib import Path; from pipeline.adapters.emulators.moto import start_moto\n"
        "emulator = start_moto(scratch=Path(sys.argv[1])); print(emulator.service.pid, flush=True); time.sleep(300)"
    )
    parent = subprocess.Popen(
        (sys.executable, "-c", code, str(tmp_path)), stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert parent.stdout
    pid = int(parent.stdout.readline())
    assert start_time(pid)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait(10)
    parent.stdout.close()
    end = time.monotonic() + 10
    while start_time(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert start_time(pid) is None


def test_a_start_that_does_not_answer_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATHS", {"s3": "/no-such-bucket"})
    with pytest.raises(UndecidedError, match="does not answer for s3: 404"):
        start_moto(scratch=tmp_path)

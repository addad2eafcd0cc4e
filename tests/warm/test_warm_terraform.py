"""Terraform through the relay: the right account and region, the same answers as stock, deaths, no left-overs."""

import json
import os
import shutil
import signal
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.adapters.terraform import Terraform, TerraformFailedError
from pipeline.adapters.warm import WarmProvider, is_missing_type, is_provider_lost
from pipeline.adapters.warm.attach import attach_to
from pipeline.adapters.warm.package import is_locked
from tests.conftest import write_files
from tests.warm.conftest import ACCOUNTS, Bench, ok, plan_document
from tests.warm.leftovers import descendants

pytestmark = pytest.mark.terraform

REQUIRED = 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", version = ">= 5.0" }\n  }\n}\n'
TWO_REGIONS = (
    REQUIRED
    + """
variable "name" { type = string }
provider "aws" { region = "us-east-1" }
provider "aws" {
  alias  = "other"
  region = "eu-west-1"
}
resource "aws_vpc" "here" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = var.name }
}
resource "aws_vpc" "there" {
  provider   = aws.other
  cidr_block = "10.1.0.0/16"
  tags       = { Name = var.name }
}
data "aws_caller_identity" "here" {}
data "aws_caller_identity" "there" { provider = aws.other }
data "aws_region" "there" { provider = aws.other }
output "seen" {
  value = [data.aws_caller_identity.here.account_id, data.aws_caller_identity.there.account_id,
  data.aws_region.there.name, aws_vpc.here.arn, aws_vpc.there.arn]
}
"""
)
SMALL = (
    REQUIRED
    + """
variable "name" {
  type    = string
  default = "x"
}
resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = var.name }
}
resource "aws_subnet" "this" {
  count      = 2
  vpc_id     = aws_vpc.this.id
  cidr_block = cidrsubnet(aws_vpc.this.cidr_block, 8, count.index)
}
data "aws_iam_policy_document" "read" {
  statement {
    actions   = ["s3:GetObject"]
    resources = [provider::aws::arn_build("aws", "s3", "", "", "bucket")]
  }
}
output "policy" { value = data.aws_iam_policy_document.read.json }
"""
)
TEST_FILE = """
run "plan" {
  command = plan
  assert {
    condition     = length(aws_subnet.this) == 2
    error_message = "two subnets"
  }
}
run "apply" {
  variables { name = "y" }
  assert {
    condition     = aws_subnet.this[0].vpc_id == aws_vpc.this.id
    error_message = "in the VPC"
  }
}
"""
MOCKED = """
mock_provider "aws" {
  mock_resource "aws_vpc" {
    defaults = { id = "vpc-mocked" }
  }
}
run "mocked" {
  assert {
    condition     = aws_subnet.this[0].vpc_id == "vpc-mocked"
    error_message = "mocked"
  }
}
"""


def test_accounts_and_aliased_regions_never_cross_over(bench: Bench, warm: WarmProvider, tmp_path: Path) -> None:
    live_in_lanes(bench, warm, tmp_path, accounts=ACCOUNTS * 2, rounds=4)
    assert warm.stats()["died"] == 0


def live_in_lanes(bench: Bench, warm: WarmProvider, tmp_path: Path, *, accounts: Sequence[str], rounds: int) -> None:
    """One lane for each account, all at once: everything is where the lane's configuration says, each round."""

    def lane(number: int) -> None:
        account = accounts[number]
        aws = bench.aws(account)
        where = tmp_path / f"lane-{number}"
        write_files(where, {"main.tf": TWO_REGIONS})
        ok(bench.terraform(where, aws, "init", warm=warm))
        for turn in range(rounds):
            name = f"-var=name={number}-{turn}"
            ok(bench.terraform(where, aws, "apply", "-auto-approve", name, warm=warm))
            seen = json.loads(ok(bench.terraform(where, aws, "output", "-json", "seen", warm=warm)).stdout)
            assert seen[:3] == [account, account, "eu-west-1"]
            assert seen[3].startswith(f"arn:aws:ec2:us-east-1:{account}:vpc/")
            assert seen[4].startswith(f"arn:aws:ec2:eu-west-1:{account}:vpc/")
            ok(bench.terraform(where, aws, "plan", "-detailed-exitcode", name, warm=warm))
        ok(bench.terraform(where, aws, "destroy", "-auto-approve", name, warm=warm))

    with ThreadPoolExecutor(len(accounts)) as pool:
        list(pool.map(lane, range(len(accounts))))


def test_plan_state_and_outputs_are_those_of_stock_terraform(bench: Bench, warm: WarmProvider, tmp_path: Path) -> None:
    aws = bench.aws("333333333333")
    write_files(tmp_path / "stock", {"main.tf": SMALL})
    ok(bench.terraform(tmp_path / "stock", aws, "init"))
    lock = (tmp_path / "stock" / ".terraform.lock.hcl").read_text()
    write_files(tmp_path / "warm", {"main.tf": SMALL, ".terraform.lock.hcl": lock})
    ok(bench.terraform(tmp_path / "warm", aws, "init", "-lockfile=readonly", warm=warm))
    assert (tmp_path / "warm" / ".terraform.lock.hcl").read_text() == lock
    ok(bench.terraform(tmp_path / "warm", aws, "validate", warm=warm))
    first = [plan_document(bench, tmp_path / w, aws, warm if w == "warm" else None) for w in ("stock", "warm")]
    assert first[0] == first[1]
    # One state, made warm and planned both ways: an update and its refresh.
    ok(bench.terraform(tmp_path / "warm", aws, "apply", "plan.bin", warm=warm))
    shutil.copy(tmp_path / "warm" / "terraform.tfstate", tmp_path / "stock")
    assert ok(bench.terraform(tmp_path / "stock", aws, "plan", "-detailed-exitcode")).code == 0  # nothing to change
    for folder in ("stock", "warm"):
        write_files(tmp_path / folder, {"main.tf": SMALL.replace('"x"', '"z"')})
    second = [plan_document(bench, tmp_path / w, aws, warm if w == "warm" else None) for w in ("stock", "warm")]
    assert second[0] == second[1]
    ok(bench.terraform(tmp_path / "warm", aws, "destroy", "-auto-approve", warm=warm))
    assert warm.stats()["started"] == 1  # plan, apply and destroy configure alike


def test_the_package_that_runs_is_the_one_that_terraform_locks(
    bench: Bench, warm: WarmProvider, tmp_path: Path
) -> None:
    write_files(tmp_path, {"main.tf": SMALL})
    aws = bench.aws("999999999999")
    ok(bench.terraform(tmp_path, aws, "init"))
    assert is_locked(tmp_path, warm.package())
    lock = (tmp_path / ".terraform.lock.hcl").read_bytes()
    shutil.rmtree(tmp_path / ".terraform")
    ok(bench.terraform(tmp_path, aws, "init", "-lockfile=readonly", warm=warm))
    assert (tmp_path / ".terraform.lock.hcl").read_bytes() == lock, "init leaves an attached provider's entry alone"


def test_native_tests_with_and_without_mocks(bench: Bench, warm: WarmProvider, tmp_path: Path) -> None:
    files = {"main.tf": SMALL, "tests/real.tftest.hcl": TEST_FILE, "tests/mocked.tftest.hcl": MOCKED}
    write_files(tmp_path, files)
    aws = bench.aws("444444444444")
    ok(bench.terraform(tmp_path, aws, "init", warm=warm))
    assert "3 passed, 0 failed" in ok(bench.terraform(tmp_path, aws, "test", "-no-color", warm=warm)).stdout


def test_a_type_that_was_left_out_is_recognised_and_there_with_the_whole_schema(
    bench: Bench, warm: WarmProvider, tmp_path: Path
) -> None:
    write_files(tmp_path, {"main.tf": SMALL})
    aws = bench.aws("555555555555")
    for types, missing in ((frozenset({"aws_vpc"}), True), (None, False)):
        reattach = warm.environment(aws, types)
        ok(bench.terraform(tmp_path, {**aws, **reattach}, "init"))
        outcome = bench.terraform(tmp_path, {**aws, **reattach}, "validate", "-no-color")
        assert (outcome.code != 0, is_missing_type(outcome.stderr)) == (missing, missing)


def test_a_type_that_only_the_state_names_is_recognised_when_left_out(
    bench: Bench, warm: WarmProvider, tmp_path: Path
) -> None:
    write_files(tmp_path, {"main.tf": SMALL})
    aws = bench.aws("666666666666")
    ok(bench.terraform(tmp_path, aws, "init", warm=warm))
    ok(bench.terraform(tmp_path, aws, "apply", "-auto-approve", warm=warm))
    write_files(tmp_path, {"main.tf": REQUIRED})
    left_out = bench.terraform(tmp_path, {**aws, **warm.environment(aws, frozenset())}, "plan")
    assert left_out.code != 0
    assert is_missing_type(left_out.stdout + left_out.stderr), left_out.stderr
    ok(bench.terraform(tmp_path, aws, "destroy", "-auto-approve", warm=warm))


def test_a_killed_provider_is_recognised_and_the_next_run_works(
    bench: Bench, warm: WarmProvider, tmp_path: Path
) -> None:
    write_files(tmp_path, {"main.tf": SMALL})
    aws = bench.aws("777777777777")
    ok(bench.terraform(tmp_path, aws, "init", warm=warm))
    ok(bench.terraform(tmp_path, aws, "plan", warm=warm))
    assert warm.pid
    victims = descendants(warm.pid)
    assert victims
    # Held still, a process cannot answer; killed during the run, it takes the run with it.
    for pid in victims:
        os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(bench.terraform, tmp_path, aws, "plan", warm=warm)
        while not warm.stats()["running"] and not running.done():
            time.sleep(0.01)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        lost = running.result()
    assert lost.code == 1
    assert is_provider_lost(lost.stderr), lost.stderr
    ok(bench.terraform(tmp_path, aws, "plan", warm=warm))
    assert warm.stats()["died"] == len(victims)


def test_a_forgotten_environment_frees_its_process_and_may_come_back(
    bench: Bench, warm: WarmProvider, tmp_path: Path
) -> None:
    write_files(tmp_path, {"main.tf": SMALL})
    one, two = (bench.aws(account) for account in ACCOUNTS)
    for aws in (one, two):
        ok(bench.terraform(tmp_path, aws, "init", warm=warm))
        ok(bench.terraform(tmp_path, aws, "plan", warm=warm))
    warm.forget(one)
    stats = warm.stats()
    assert (stats["processes"], stats["doors"], stats["died"]) == (1, 1, 0)
    ok(bench.terraform(tmp_path, two, "plan", warm=warm))
    ok(bench.terraform(tmp_path, one, "plan", warm=warm))
    assert warm.stats()["started"] == 3


def test_idle_processes_give_way_above_the_budget(bench: Bench, tmp_path: Path) -> None:
    warm = bench.relay(memory=1)
    write_files(tmp_path, {"main.tf": TWO_REGIONS})
    try:
        for account in ACCOUNTS:
            aws = bench.aws(account)
            ok(bench.terraform(tmp_path, aws, "init", warm=warm))
            ok(bench.terraform(tmp_path, aws, "plan", "-var=name=x", warm=warm))
        stats = warm.stats()
        assert stats["evicted"] >= 2
        assert stats["died"] == 0
    finally:
        warm.end()


def test_a_module_that_demands_another_version_does_not_pass_on_the_one_that_runs(
    bench: Bench, warm: WarmProvider, tmp_path: Path
) -> None:
    write_files(tmp_path, {"main.tf": SMALL.replace(">= 5.0", ">= 99.0")})
    aws = bench.aws("101010101010")
    attached = bench.terraform(tmp_path, aws, "init", warm=warm)
    assert attached.ok, "Terraform does not ask an attached provider for its version"
    env = {**bench.tools.environment(), **aws}
    terraform = Terraform(argv=bench.tools.terraform, workdir=tmp_path, env=env, attach=attach_to(warm)(aws, True))
    with pytest.raises(TerraformFailedError, match="no available releases match"):
        terraform.init("-input=false")

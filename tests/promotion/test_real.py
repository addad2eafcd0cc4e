"""Promotions with real git, real Terraform, real state with its lock, on moto; real kill -9."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.emulators.moto import Moto, start_moto
from pipeline.adapters.provider_mirrors import AWS, provider_binary
from pipeline.adapters.toolchain import find_toolchain
from pipeline.adapters.warm import WarmProvider
from pipeline.domain.promotion.claims import fleet_of
from pipeline.errors import Exit
from tests.promotion.estate import HOME, SOURCE, Estate, passed_on

pytestmark = [pytest.mark.terraform, pytest.mark.soak]

ACCOUNTS = {"dev": "111111111111", "prod": "333333333333"}
STACKS = {"dev": ("one",), "prod": ("a", "b", "c")}

SETTINGS = f"""
source = "{SOURCE}"
[[environment]]
name = "dev"
target = "moto"
account = "{ACCOUNTS["dev"]}"
warm = true
[[environment]]
name = "prod"
target = "moto"
account = "{ACCOUNTS["prod"]}"
warm = true
parallel = 2
waves = [["a"], ["*"]]
"""

MODULE = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.100.0, < 6.0.0" }
  }
}
variable "name" { type = string }
resource "aws_ssm_parameter" "note" {
  name  = "/note/${var.name}"
  type  = "String"
  value = "VALUE"
}
resource "aws_dynamodb_table" "data" {
  name         = "${var.name}TABLE"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
}
"""

STACK = """
terraform {{
  backend "s3" {{
    bucket       = "state-{environment}"
    key          = "{stack}.tfstate"
    region       = "us-east-1"
    use_lockfile = true
  }}
}}
provider "aws" {{
  region = "us-east-1"
}}
module "note" {{
  source = "git::{source}//modules/note?ref=note/v0.1.0"
  name   = "{environment}-{stack}"
}}
output "region" {{
  value = "us-east-1"
}}
"""

VERIFY = """
def test_the_note_is_not_bad(aws, environment, stack):
    note = aws("ssm").get_parameter(Name=f"/note/{environment}-{stack}")["Parameter"]["Value"]
    assert note != "bad"
"""


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    moto = start_moto(scratch=tmp_path_factory.mktemp("moto"))
    yield moto
    moto.end()


@pytest.fixture(scope="session")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One warm provider for all commands of these tests; empty: stock Terraform."""
    scratch = tmp_path_factory.mktemp("relay")
    toolchain = find_toolchain(scratch=scratch, environ=passed_on())
    if AWS not in toolchain.providers():
        yield ""
        return
    warm = WarmProvider(binary=provider_binary(toolchain.mirrors), scratch=scratch)
    warm.start()
    yield warm.address
    warm.end()


@pytest.fixture
def estate(tmp_path: Path, emulator: Moto, relay: str) -> Estate:
    """note 0.1.0 deployed everywhere; 0.2.0 is good, 0.3.0 is bad, 0.4.0 replaces the table; all in fresh accounts."""
    estate = Estate(folder=tmp_path)
    settings = SETTINGS
    number = abs(hash(str(tmp_path))) % 10**8
    for place, (environment, account) in enumerate(ACCOUNTS.items()):
        fresh = f"{number:08d}{place:04d}"
        settings = settings.replace(account, fresh)
        bucket(emulator.environment(fresh), f"state-{environment}-{number}")
    estate.environ = {"MODFERRY_EMULATOR": emulator.endpoint, **({"MODFERRY_RELAY": relay} if relay else {})}
    stacks = {
        f"environments/{environment}/{stack}/main.tf": STACK.format(
            environment=environment, stack=stack, source=SOURCE
        ).replace(f"state-{environment}", f"state-{environment}-{number}")
        for environment, names in STACKS.items()
        for stack in names
    }
    verify = {f"environments/{environment}/verify/test_note.py": VERIFY for environment in STACKS}
    estate.set_up({"modferry.toml": settings, "modules/note/main.tf": module("good"), **stacks, **verify})
    estate.release("note", "0.1.0")
    for environment in STACKS:
        code, document, said = estate.modferry("deploy", environment)
        assert code == 0, (document, said)
    for version, text in {"0.2.0": module("better"), "0.3.0": module("bad"), "0.4.0": module("new", "-2")}.items():
        estate.push(version, {"modules/note/main.tf": text})
        estate.release("note", version)
    return estate


def module(value: str, table: str = "") -> str:
    return MODULE.replace("VALUE", value).replace("TABLE", table)


def bucket(aws: dict[str, str], name: str) -> None:
    import boto3

    s3 = boto3.client(
        "s3",
        endpoint_url=aws["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=aws["AWS_SESSION_TOKEN"],
    )
    s3.create_bucket(Bucket=name)


def test_good_goes_bad_comes_back_data_is_kept(estate: Estate) -> None:
    code, document, said = estate.modferry("promote", "note", "0.2.0", "--to", "dev")
    assert (code, document["phase"]) == (0, "verified"), said
    assert document["stacks"][0]["plan"]["change"] == 1
    assert "ref=note/v0.2.0" in estate.pins("dev", "one")

    code, document, said = estate.modferry("promote", "note", "0.3.0", "--to", "dev")
    assert (code, document["phase"]) == (int(Exit.RESTORED), "rolled_back"), said
    assert "test_the_note_is_not_bad" in document["reason"]
    assert "ref=note/v0.2.0" in estate.pins("dev", "one")

    code, document, said = estate.modferry("promote", "note", "0.4.0", "--to", "dev")
    assert (code, document["phase"]) == (int(Exit.REFUSED), "refused"), said
    assert "one would lose module.note.aws_dynamodb_table.data" in document["reason"]
    assert document["next"].endswith("--accept-loss one:module.note.aws_dynamodb_table.data")

    code, document, _ = estate.modferry("promote", "note", "0.2.0", "--to", "dev")
    assert (code, document["phase"]) == (int(Exit.NOTHING), "nothing")
    code, document, said = estate.modferry("rollback", "dev", "note", "--reason", "slow")
    assert (code, document["version"]) == (0, "0.1.0"), said
    assert_whole(estate)


@pytest.mark.parametrize(
    ("point", "nth"),
    [
        ("after write", 1),
        ("before apply a", 0),
        ("middle apply a", 0),
        ("after apply a", 0),
        ("after verify a", 0),
        ("before land", 0),
        ("after land", 0),
        ("middle apply b", 0),
        ("after land", 1),
    ],
)
def test_killed_and_recovered(estate: Estate, point: str, nth: int) -> None:
    code, document, said = estate.modferry("promote", "note", "0.2.0", "--to", "dev")
    assert code == 0, said
    died = subprocess.run(
        (sys.executable, "-m", "tests.promotion.killer", point, str(nth), "promote", "note", "0.2.0", "prod"),
        cwd=estate.clone,
        env={**estate.environ, "PYTHONPATH": str(HOME)},
        timeout=300,
        capture_output=True,
        text=True,
        check=False,
    )
    assert died.returncode == -9, died.stderr
    code, document, said = estate.modferry("recover")
    assert code in (0, 3), (point, document, said)
    assert_whole(estate)
    code, document, said = estate.modferry("promote", "note", "0.2.0", "--to", "prod")
    assert code in (0, 3), (point, document, said)
    assert all("ref=note/v0.2.0" in estate.pins("prod", stack) for stack in STACKS["prod"])


def assert_whole(estate: Estate) -> None:
    """Nothing is open; every stack runs what is written down; its plan is empty and its state unlocked."""
    fleet = fleet_of(estate.history())
    assert not list(fleet.open())
    for environment, names in STACKS.items():
        for stack in names:
            state = fleet.stack(environment, stack)
            assert state.content is not None and state.verified_at
            assert f"ref={state.content.pins['note']}" in estate.pins(environment, stack)
            plans: Any
            code, plans, said = estate.modferry("deploy", f"{environment}/{stack}", "--plan-only")
            assert code == 0, said
            plan = plans["stacks"][0]["plan"]
            assert not any(plan[kind] for kind in ("add", "change", "replace", "destroy")), (environment, stack, plan)

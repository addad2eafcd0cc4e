"""A real estate's parts: one module, stacks with their state in S3, a verification, accounts of moto."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.adapters.emulators.moto import Moto
from pipeline.adapters.provider_mirrors import AWS, provider_binary
from pipeline.adapters.toolchain import find_toolchain
from pipeline.adapters.warm import WarmProvider
from pipeline.domain.promotion.claims import fleet_of
from tests.promotion.estate import SOURCE, Estate, passed_on

VERSIONS = {"0.2.0": ("better", ""), "0.3.0": ("bad", ""), "0.4.0": ("new", "-2")}
"""0.2.0 is good, 0.3.0 is bad, 0.4.0 replaces the table."""

STACKS = {"dev": ("one",), "prod": ("a", "b", "c")}


MODULE = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.100.0, < 6.0.0" }
  }
}
variable "name" { type = string }
check "named" {
  assert {
    condition     = aws_ssm_parameter.note.name == "/note/${var.name}"
    error_message = "the note has another name"
  }
}
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


def settings_of(stacks: Mapping[str, tuple[str, ...]], accounts: Mapping[str, str], waves: str) -> str:
    """modferry.toml of environments on moto, warm; `waves` as TOML."""
    rows = (
        f'[[environment]]\nname = "{environment}"\ntarget = "moto"\naccount = "{accounts[environment]}"\n'
        f"warm = true\nparallel = 2\n{f'waves = {waves}' if len(stacks[environment]) > 1 else ''}\n"
        for environment in stacks
    )
    return f'source = "{SOURCE}"\n' + "".join(rows)


@contextlib.contextmanager
def open_relay(scratch: Path) -> Iterator[str]:
    """The address of a warm provider for commands of a test; empty: stock Terraform."""
    toolchain = find_toolchain(scratch=scratch, environ=passed_on())
    if AWS not in toolchain.providers() or os.environ.get("MODFERRY_TEST_COLD"):
        yield ""
        return
    warm = WarmProvider(binary=provider_binary(toolchain.mirrors), scratch=scratch)
    warm.start()
    try:
        yield warm.address
    finally:
        warm.end()


def make_estate(folder: Path, emulator: Moto, relay: str, stacks: Mapping[str, tuple[str, ...]]) -> Estate:
    """note 0.1.0 deployed in fresh accounts; VERSIONS released. `stacks`: environment → stacks, in order."""
    estate = Estate(folder=folder)
    number = abs(hash(str(folder))) % 10**8
    accounts = {environment: f"{number:08d}{place:04d}" for place, environment in enumerate(stacks)}
    for environment, account in accounts.items():
        bucket(emulator.environment(account), f"state-{environment}-{number}")
    estate.environ = {
        "MODFERRY_EMULATOR": emulator.endpoint,
        **({"MODFERRY_RELAY": relay} if relay else {"MODFERRY_COLD": "1"}),
    }
    files = {"modferry.toml": settings_of(stacks, accounts, '[["a"], ["*"]]'), "modules/note/main.tf": module("good")}
    for environment, names in stacks.items():
        files[f"environments/{environment}/verify/test_note.py"] = VERIFY
        for stack in names:
            text = STACK.format(environment=environment, stack=stack, source=SOURCE)
            text = text.replace(f"state-{environment}", f"state-{environment}-{number}")
            files[f"environments/{environment}/{stack}/main.tf"] = text
    estate.set_up(files)
    estate.release("note", "0.1.0")
    for environment in stacks:
        code, document, said = estate.modferry("deploy", environment)
        assert code == 0, (document, said)
    for version, contents in VERSIONS.items():
        estate.push(version, {"modules/note/main.tf": module(*contents)})
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


def assert_whole(estate: Estate, stacks: Mapping[str, tuple[str, ...]]) -> None:
    """Nothing is open; every stack runs what is written down; its plan is empty and its state unlocked."""
    fleet = fleet_of(estate.history())
    assert not list(fleet.open())
    for environment, names in stacks.items():
        for stack in names:
            state = fleet.stack(environment, stack)
            assert state.content is not None and state.verified_at
            assert f"ref={state.content.pins['note']}" in estate.pins(environment, stack)
            plans: Any
            code, plans, said = estate.modferry("deploy", f"{environment}/{stack}", "--plan-only")
            assert code == 0, said
            plan = plans["stacks"][0]["plan"]
            assert not any(plan[kind] for kind in ("add", "change", "replace", "destroy")), (environment, stack, plan)

"""A real Terraform, the real AWS provider, an emulator and one relay for the tests that need them."""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.processes import Outcome, base_environment, run
from pipeline.adapters.services import Service, free_port
from pipeline.adapters.toolchain import Toolchain, find_toolchain, provider_binary
from pipeline.adapters.warm import WarmProvider, types_in
from pipeline.errors import ModferryError

ACCOUNTS = ("111111111111", "222222222222")
SECONDS = 180.0


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What a Terraform-driven test works with."""

    tools: Toolchain
    binary: Path
    endpoint: str
    scratch: Path
    cache: Path

    def aws(self, account: str, region: str = "us-east-1") -> dict[str, str]:
        """The environment of one emulator account (moto reads the account from a 12-digit key's role)."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            **assumed(self.endpoint, account),
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def terraform(
        self, where: Path, aws: Mapping[str, str], *arguments: str, warm: WarmProvider | None = None
    ) -> Outcome:
        """Run Terraform in `where`, stock or through the relay."""
        env = base_environment({**self.tools.environment(), **aws})
        if warm:
            env |= warm.environment(aws, types_in(where))
        return run((*self.tools.terraform, *arguments), cwd=where, env=env, seconds=SECONDS)

    def relay(self, **more: Any) -> WarmProvider:
        """A relay that was started; the caller ends it."""
        provider = WarmProvider(binary=self.binary, scratch=self.scratch, cache=self.cache, **more)
        provider.start()
        return provider


def assumed(endpoint: str, account: str) -> dict[str, str]:
    """Credentials of an emulator account: those of a role assumed in it."""
    import boto3

    client = boto3.client(
        "sts",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    answer = client.assume_role(RoleArn=f"arn:aws:iam::{account}:role/x", RoleSessionName="warm")
    client.close()
    found = answer["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": found["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"],
        "AWS_SESSION_TOKEN": found["SessionToken"],
    }


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    scratch = tmp_path_factory.mktemp("warm")
    try:
        tools = find_toolchain(scratch=scratch, environ=os.environ)
        binary = provider_binary(tools.mirrors)
    except ModferryError as error:
        pytest.skip(f"needs Terraform and a mirror with the AWS provider: {error}")
    port = free_port()
    moto = Service(
        (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)),
        cwd=scratch,
        env=base_environment(),
        log=scratch / "moto.log",
    )
    endpoint = f"http://127.0.0.1:{port}"
    moto.wait_until(lambda: answers(endpoint), seconds=60)
    yield Bench(tools=tools, binary=binary, endpoint=endpoint, scratch=scratch, cache=scratch / "cache")
    moto.end()


@pytest.fixture
def warm(bench: Bench) -> Iterator[WarmProvider]:
    provider = bench.relay()
    yield provider
    provider.end()


def answers(endpoint: str) -> bool:
    """Whether the emulator answers."""
    try:
        with urllib.request.urlopen(f"{endpoint}/moto-api/data.json", timeout=5) as page:
            return int(page.status) == 200
    except (OSError, urllib.error.URLError):
        return False


def ok(outcome: Outcome) -> Outcome:
    """The outcome, which must be a success."""
    assert outcome.ok, outcome.stdout[-3000:] + outcome.stderr[-3000:]
    return outcome


def plan_document(bench: Bench, where: Path, aws: Mapping[str, str], warm: WarmProvider | None) -> dict[str, Any]:
    """The plan of `where` as JSON, without what differs from run to run: the time, an order of chance."""
    ok(bench.terraform(where, aws, "plan", "-out=plan.bin", warm=warm))
    document: dict[str, Any] = json.loads(
        ok(bench.terraform(where, aws, "show", "-json", "plan.bin", warm=warm)).stdout
    )
    del document["timestamp"]
    document.get("relevant_attributes", []).sort(key=json.dumps)
    return document

"""A real Terraform, the real AWS provider, an emulator and one relay for the tests that need them."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.emulators.moto import Moto, start_moto
from pipeline.adapters.processes import Outcome, base_environment, run
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
    moto: Moto
    scratch: Path
    cache: Path

    def aws(self, account: str, region: str = "us-east-1") -> dict[str, str]:
        """The environment of one emulator account."""
        return self.moto.environment(account, region)

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


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    scratch = tmp_path_factory.mktemp("warm")
    try:
        tools = find_toolchain(scratch=scratch, environ=os.environ)
        binary = provider_binary(tools.mirrors)
    except ModferryError as error:
        pytest.skip(f"needs Terraform and a mirror with the AWS provider: {error}")
    moto = start_moto(scratch=scratch)
    yield Bench(tools=tools, binary=binary, moto=moto, scratch=scratch, cache=scratch / "cache")
    moto.end()


@pytest.fixture
def warm(bench: Bench) -> Iterator[WarmProvider]:
    provider = bench.relay()
    yield provider
    provider.end()


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

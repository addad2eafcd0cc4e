"""moto and a warm provider for all promotions with real Terraform."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.adapters.emulators.moto import Moto, start_moto
from pipeline.adapters.provider_mirrors import AWS, provider_binary
from pipeline.adapters.toolchain import find_toolchain
from pipeline.adapters.warm import WarmProvider
from tests.promotion.estate import Estate, passed_on
from tests.promotion.real import STACKS, make_estate


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
    if AWS not in toolchain.providers() or os.environ.get("MODFERRY_TEST_COLD"):
        yield ""
        return
    warm = WarmProvider(binary=provider_binary(toolchain.mirrors), scratch=scratch)
    warm.start()
    yield warm.address
    warm.end()


@pytest.fixture
def estate(tmp_path: Path, emulator: Moto, relay: str) -> Estate:
    """dev with one stack, prod with three in two waves."""
    return make_estate(tmp_path, emulator, relay, STACKS)

"""moto and a warm provider for all promotions with real Terraform."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.adapters.emulators.moto import Moto, start_moto
from pipeline.adapters.harness.run_folders import MEMORY, PREFIX
from pipeline.adapters.processes import run_mark
from tests.promotion.estate import Estate
from tests.promotion.real import STACKS, make_estate, open_relay


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    moto = start_moto(scratch=tmp_path_factory.mktemp("moto"))
    yield moto
    moto.end()
    # Killed promotions carry the mark of this process, which lives: no sweep before its end removes what they left.
    for folder in MEMORY.glob(f"{PREFIX}{run_mark()}-*"):
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One warm provider for all commands of these tests; empty: stock Terraform."""
    with open_relay(tmp_path_factory.mktemp("relay")) as address:
        yield address


@pytest.fixture
def estate(tmp_path: Path, emulator: Moto, relay: str) -> Estate:
    """dev with one stack, prod with three in two waves."""
    return make_estate(tmp_path, emulator, relay, STACKS)

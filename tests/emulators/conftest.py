"""One corrected moto for the tests of this folder, a fresh account for each of them."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipeline.adapters.emulators.moto import Moto, start_moto

Client = Callable[[str], Any]
ACCOUNTS = itertools.count(300_000_000_001)
SESSION: list[Any] = []
"""One boto3 session for all: it reads EC2's 5 MB description once."""


def clients(emulator: Moto, account: str | None = None) -> Client:
    """service → boto3 client in a fresh account of the emulator; one try a call."""
    import boto3
    from botocore.config import Config

    env = emulator.environment(account or str(next(ACCOUNTS)))
    if not SESSION:
        SESSION.append(boto3.Session())
    config = Config(retries={"total_max_attempts": 1})
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            made[service] = SESSION[0].client(
                service,
                aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
                aws_session_token=env["AWS_SESSION_TOKEN"],
                region_name=env["AWS_REGION"],
                endpoint_url=emulator.endpoint,
                config=config,
            )
        return made[service]

    return client


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    emulator = start_moto(scratch=tmp_path_factory.mktemp("moto"))
    yield emulator
    emulator.end()


@pytest.fixture(scope="session")
def stock_moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    """moto without our corrections."""
    emulator = start_moto(scratch=tmp_path_factory.mktemp("stock"), corrected=False)
    yield emulator
    emulator.end()


@pytest.fixture
def client(moto: Moto) -> Client:
    return clients(moto)

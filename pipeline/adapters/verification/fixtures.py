"""Fixtures for `environments/<environment>/verify/test_*.py`: stack, environment, outputs, aws(service)."""

import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.collected import kept, pytest_collection_finish  # noqa: F401 - a hook of this plugin too


@pytest.fixture(scope="session")
def stack() -> str:
    """The stack that was applied, such as `us-east-1`."""
    return os.environ["MODFERRY_STACK"]


@pytest.fixture(scope="session")
def environment() -> str:
    """The environment, such as `staging`."""
    return os.environ["MODFERRY_ENVIRONMENT"]


@pytest.fixture(scope="session")
def outputs() -> dict[str, Any]:
    """The stack's outputs, without sensitive ones."""
    found: dict[str, Any] = json.loads(Path(os.environ["MODFERRY_OUTPUTS"]).read_text())
    return found


@pytest.fixture(scope="session")
def aws(outputs: dict[str, Any]) -> Callable[[str], Any]:
    """A boto3 client of a service, in the region that the stack's output `region` names."""
    with kept():
        import boto3
        from botocore.config import Config

    limits = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 3})

    @functools.cache  # what a client costs is made once, whichever test asks first
    def client(service: str) -> Any:
        with kept():
            return boto3.client(service, region_name=outputs.get("region"), config=limits)

    return client

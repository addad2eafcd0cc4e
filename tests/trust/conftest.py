"""Two keys: one that main knows, one that nobody knows."""

from pathlib import Path

import pytest

from tests.trust.keys import Key, make_key


@pytest.fixture(scope="session")
def ci(tmp_path_factory: pytest.TempPathFactory) -> Key:
    return make_key(tmp_path_factory.mktemp("keys"), "ci@acme")


@pytest.fixture(scope="session")
def eve(tmp_path_factory: pytest.TempPathFactory) -> Key:
    return make_key(tmp_path_factory.mktemp("keys"), "eve@elsewhere")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path

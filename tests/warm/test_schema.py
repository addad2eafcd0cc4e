"""Schema answers: what pruning keeps, what the cache on disk accepts."""

from pathlib import Path

import pytest

from pipeline.adapters.warm.schema import Schema, SchemaCache, cache_folder
from pipeline.adapters.warm.wire import encoded


def entry(number: int, name: str) -> bytes:
    return encoded(number, encoded(1, name.encode()) + encoded(2, f"schema of {name}".encode()))


PROVIDER = encoded(1, b"provider")
CAPABILITIES = encoded(6, b"\x10\x01")
FUNCTION = entry(7, "arn_parse")
VPC, SUBNET, VPC_DATA, SECRET = entry(2, "aws_vpc"), entry(2, "aws_subnet"), entry(3, "aws_vpc"), entry(8, "aws_secret")
WHOLE = PROVIDER + VPC + SUBNET + VPC_DATA + CAPABILITIES + FUNCTION + SECRET


def test_pruning_keeps_used_types_as_resource_and_data_and_all_that_is_no_type() -> None:
    assert Schema(WHOLE).pruned({"aws_vpc"}) == PROVIDER + VPC + VPC_DATA + CAPABILITIES + FUNCTION


def test_no_type_leaves_the_provider_its_capabilities_and_functions() -> None:
    assert Schema(WHOLE).pruned(frozenset()) == PROVIDER + CAPABILITIES + FUNCTION


def test_all_types_and_none_are_the_whole_answer() -> None:
    schema = Schema(WHOLE)
    assert schema.pruned(None) == schema.pruned(schema.names) == WHOLE


def test_words_that_are_no_types_do_not_make_another_set() -> None:
    schema = Schema(WHOLE)
    assert schema.used({"aws_vpc", "private_subnets"}) == frozenset({"aws_vpc"})
    assert schema.used(None) is None


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    file = tmp_path / "terraform-provider-x"
    file.write_bytes(b"program")
    return file


def test_the_cache_returns_what_was_written(tmp_path: Path, binary: Path) -> None:
    cache = SchemaCache(tmp_path / "cache", binary)
    assert cache.read() is None
    cache.write(6, Schema(WHOLE))
    found = SchemaCache(tmp_path / "cache", binary).read()
    assert found is not None
    assert (found[0], found[1].whole) == (6, WHOLE)


def test_another_binary_at_the_same_path_has_no_cache(tmp_path: Path, binary: Path) -> None:
    SchemaCache(tmp_path / "cache", binary).write(5, Schema(WHOLE))
    binary.write_bytes(b"program 2")
    assert SchemaCache(tmp_path / "cache", binary).read() is None


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "head"])
def test_a_damaged_cache_is_no_cache(tmp_path: Path, binary: Path, damage: str) -> None:
    cache = SchemaCache(tmp_path / "cache", binary)
    cache.write(5, Schema(WHOLE))
    data = cache.path.read_bytes()
    changed = {"cut": data[:-3], "changed": data[:-1] + b"!", "empty": b"", "head": b"[]\n" + data}
    cache.path.write_bytes(changed[damage])
    assert cache.read() is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path, binary: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    SchemaCache(tmp_path / "cache", binary).write(5, Schema(WHOLE))
    assert SchemaCache(tmp_path / "cache", binary).read() is None


def test_the_cache_lies_under_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "modferry" / "schema"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == Path.home() / ".cache" / "modferry" / "schema"

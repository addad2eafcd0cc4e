"""Mirrors are found by layout, in Terraform's order, and links are ignored as Terraform ignores them."""

from pathlib import Path

import pytest

from pipeline.adapters.provider_mirrors import (
    AWS,
    find_mirrors,
    holdings,
    platform_name,
    provider_binary,
    sources,
    version_order,
)
from pipeline.errors import UndecidedError


def put(mirror: Path, version: str = "5.100.0", source: str = AWS) -> Path:
    """A provider in a mirror; returns its executable."""
    folder = mirror / source / version / platform_name()
    folder.mkdir(parents=True)
    binary = folder / f"terraform-provider-{source.rpartition('/')[2]}_v{version}_x5"
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o755)
    return binary


def test_the_order_is_named_then_implied_then_by_layout(tmp_path: Path) -> None:
    home, optional, named = tmp_path / "home", tmp_path / "opt", tmp_path / "named"
    for mirror in (
        home / ".terraform.d/plugins",
        home / ".local/share/terraform/plugins",
        tmp_path / "share/terraform/plugins",
        optional / "any-name",
        named,
    ):
        put(mirror)
    (optional / "something-else" / "bin").mkdir(parents=True)
    environ = {
        "HOME": str(home),
        "XDG_DATA_DIRS": str(tmp_path / "share"),
        "MODFERRY_PROVIDER_MIRROR": str(named),
    }
    assert find_mirrors(environ, optional=optional) == (
        named,
        home / ".terraform.d/plugins",
        home / ".local/share/terraform/plugins",
        tmp_path / "share/terraform/plugins",
        optional / "any-name",
    )


def test_a_linked_provider_is_no_provider(tmp_path: Path) -> None:
    real, linked = tmp_path / "real", tmp_path / "linked"
    put(real)
    (linked / "registry.terraform.io/hashicorp").mkdir(parents=True)
    (linked / "registry.terraform.io/hashicorp/aws").symlink_to(real / AWS)
    assert sources([real]) == [AWS]
    assert sources([linked]) == []
    environ = {"HOME": str(tmp_path), "XDG_DATA_DIRS": str(tmp_path), "MODFERRY_PROVIDER_MIRROR": str(linked)}
    assert find_mirrors(environ, optional=tmp_path / "none") == ()


def test_the_first_mirror_counts_and_the_newest_version_is_the_default(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    nine = put(first, "5.9.0")
    put(second, "5.9.0")
    hundred = put(second, "5.100.0")
    put(second, "5.101.0-beta1")
    mirrors = (first, second)
    assert holdings(mirrors)[AWS]["5.9.0"] == nine
    assert provider_binary(mirrors, version="5.9.0") == nine
    assert provider_binary(mirrors, version="5.100.0") == hundred
    with pytest.raises(UndecidedError, match=r"No provider mirror holds .*aws 6\.0\.0 \(they hold 5\.9\.0, 5\.100\.0"):
        provider_binary(mirrors, version="6.0.0")


def test_versions_are_ordered_as_numbers() -> None:
    given = ["5.100.0", "5.9.0", "5.100.0-rc1", "10.0.0"]
    assert sorted(given, key=version_order) == ["5.9.0", "5.100.0-rc1", "5.100.0", "10.0.0"]

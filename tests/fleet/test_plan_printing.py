"""Who prints a stack's plans: the provider that runs in a warm environment, else the reader with its kept schema."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from pipeline.adapters.toolchain import Toolchain
from pipeline.adapters.warm import PlanReader, WarmProvider
from pipeline.wiring import open_project
from pipeline.wiring.fleet import environment_terraform
from tests.promotion.estate import Estate

TOML = """
[[environment]]
name = "dev"
target = "moto"
warm = true
[[environment]]
name = "prod"
target = "moto"
"""
GIVEN = {"TF_REATTACH_PROVIDERS": "{}"}


class FakeReader:
    """Counts how often it was told to begin."""

    begun = 0

    def begin(self) -> None:
        self.begun += 1

    def environment(self, _workdir: Path, _plan: str) -> Mapping[str, str]:
        return GIVEN


@pytest.mark.parametrize(
    ("environment", "has_warm", "begun"),
    [("prod", True, 1), ("prod", False, 1), ("dev", True, 0), ("dev", False, 1)],
)
@pytest.mark.parametrize("is_warm", [True, False])
def test_the_reader_begins_only_where_no_provider_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: str, has_warm: bool, begun: int, is_warm: bool
) -> None:
    monkeypatch.setattr("pipeline.adapters.access.access_to", lambda _settings, _environ: lambda _name: {})
    estate = Estate(folder=tmp_path)
    estate.set_up({"modferry.toml": TOML})
    project = open_project(estate.clone, estate.environ, lambda: datetime.now(UTC))
    tools = Toolchain(terraform=("terraform",), terraform_version="1.11.4", mirrors=(), cli_config=tmp_path / "rc")
    reader = FakeReader()
    warm = WarmProvider(binary=tmp_path, scratch=tmp_path) if has_warm else None
    opened = environment_terraform(project, estate.environ, tools, warm, cast(PlanReader, reader))
    # `init` of a warm environment is stock too, and comes first: it must not start a relay for nothing.
    terraform = opened(tmp_path, environment, is_warm)
    assert reader.begun == begun
    assert (terraform.read_plan is not None) == bool(begun)

"""How many parts run at once where nobody says: fewer where they do not wait, never more than memory allows."""

import os
from datetime import UTC, datetime

import pytest

from pipeline.adapters.harness.workbench import LocalBench
from pipeline.adapters.provider_mirrors import AWS
from pipeline.domain.evidence import Tools
from pipeline.wiring import bench, open_bench, open_project, reverify_tools
from pipeline.wiring.bench import default_jobs
from tests.conftest import MakeRepository

GIGABYTE = 10**9


@pytest.mark.parametrize(
    ("cores", "gigabytes", "waits", "lanes"),
    [
        (1, 64, False, 2), (2, 64, False, 3), (4, 64, False, 6), (16, 64, False, 12),
        (1, 64, True, 3), (2, 64, True, 6), (8, 64, True, 12),
        (4, 4, True, 2), (8, 1, False, 1),
    ],
)  # fmt: skip
def test_lanes(monkeypatch: pytest.MonkeyPatch, cores: int, gigabytes: int, waits: bool, lanes: int) -> None:
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": gigabytes * GIGABYTE // 4096}
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(os, "sysconf", sizes.__getitem__)
    assert default_jobs(waits=waits) == lanes


def test_stock_runs_have_the_lanes_of_those_that_wait(
    make_repository: MakeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a version is proved anew with a provider that is not the warm one."""
    here = Tools(terraform="1.11.4", provider="5.0.0", emulator="moto 5")
    monkeypatch.setattr(bench, "tools", lambda environ, target: here)
    monkeypatch.setattr(bench, "default_jobs", lambda *, waits: 6 if waits else 3)
    project = open_project(
        make_repository({"modules/a/main.tf": "", "modferry.toml": ""}), {}, lambda: datetime.now(UTC)
    )

    def lanes(environ: dict[str, str], *, cold: bool, jobs: int | None = None) -> tuple[bool, int]:
        found = open_bench(project, environ, target="moto", jobs=jobs, cold=cold)
        return found.cold, found.jobs

    assert lanes({}, cold=False) == (False, 3)
    assert lanes({}, cold=True) == lanes({"MODFERRY_COLD": "1"}, cold=False) == (True, 6)
    assert lanes({}, cold=True, jobs=2) == (True, 2)
    anew = reverify_tools(project, {}, target="moto", jobs=None, cold=False).bench
    for providers, wanted in (({}, (False, 3)), ({AWS: "5.0.0"}, (False, 3)), ({AWS: "6.0.0"}, (True, 6))):
        found = anew(providers)
        assert isinstance(found, LocalBench)
        assert (found.cold, found.jobs, found.tools.provider) == (*wanted, providers.get(AWS, "5.0.0"))

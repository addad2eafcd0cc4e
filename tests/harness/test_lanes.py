"""How many parts run at once where nobody says: fewer where they do not wait, never more than memory allows."""

import os

import pytest

from pipeline.wiring.bench import default_jobs

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

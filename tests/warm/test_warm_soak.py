"""Long proofs: a thousand plans leave memory and descriptors alone; fifty rounds in four accounts never mix."""

import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.adapters.warm import WarmProvider
from tests.conftest import write_files
from tests.warm.conftest import ACCOUNTS, Bench, ok
from tests.warm.test_warm_terraform import TWO_REGIONS, live_in_lanes

pytestmark = [pytest.mark.terraform, pytest.mark.soak, pytest.mark.timeout(3600)]

LANES, FIRST, PLANS = 2, 100, 1000


def test_a_thousand_plans_leave_memory_and_descriptors_where_they_were(
    bench: Bench, warm: WarmProvider, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lanes = [(tmp_path / str(n), bench.aws(ACCOUNTS[n])) for n in range(LANES)]
    for where, aws in lanes:
        write_files(where, {"main.tf": TWO_REGIONS})
        ok(bench.terraform(where, aws, "init", warm=warm))

    def plans(count: int) -> dict[str, int]:
        numbers: Iterator[int] = iter(range(count))
        taking = threading.Lock()

        def lane(number: int) -> int:
            where, aws = lanes[number]
            for done in itertools.count():
                with taking:
                    if next(numbers, None) is None:
                        return done
                ok(bench.terraform(where, aws, "plan", "-lock=false", f"-var=name={done}", warm=warm))
            raise AssertionError

        with ThreadPoolExecutor(LANES) as pool:
            assert sum(pool.map(lane, range(LANES))) == count
        return settled(warm)

    before, after = plans(FIRST), plans(PLANS - FIRST)
    with capsys.disabled():
        print(f"\nafter {FIRST} plans: {before}\nafter {PLANS}: {after}")
    assert after["died"] == after["evicted"] == 0
    assert after["started"] == before["started"]
    assert after["connections"] == 0
    assert after["relay_files"] <= before["relay_files"]
    assert after["relay_memory"] <= before["relay_memory"] * 1.1
    assert after["memory"] <= before["memory"] * 1.1


def settled(warm: WarmProvider) -> dict[str, int]:
    """The relay's counts when it has heard of the end of the last Terraform; what is left after 10 s is left."""
    end = time.monotonic() + 10
    while (stats := warm.stats())["connections"] and time.monotonic() < end:
        time.sleep(0.1)
    return stats


def test_four_accounts_with_aliased_regions_for_fifty_rounds(bench: Bench, warm: WarmProvider, tmp_path: Path) -> None:
    accounts = [f"{number:012}" for number in range(1, 5)]
    live_in_lanes(bench, warm, tmp_path, accounts=accounts, rounds=50)
    stats = warm.stats()
    assert (stats["died"], stats["started"]) == (0, 8)  # two regions in each account

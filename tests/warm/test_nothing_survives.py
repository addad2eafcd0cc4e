"""The relay and its provider processes end with their parent, however it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.adapters.processes import base_environment
from tests.warm.conftest import Bench
from tests.warm.leftovers import all_gone, descendants

pytestmark = pytest.mark.terraform

PARENT = """
import sys, time
from pathlib import Path
from pipeline.adapters.warm import WarmProvider
binary, scratch, cache = map(Path, sys.argv[1:])
warm = WarmProvider(binary=binary, scratch=scratch, cache=cache)
warm.start()
warm.environment({"AWS_REGION": "us-east-1"}, frozenset())
warm.environment({"AWS_REGION": "eu-west-1"}, frozenset())
while warm.stats()["processes"] < 2:
    time.sleep(0.02)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_parent_takes_all_with_it(bench: Bench, tmp_path: Path, sign: signal.Signals) -> None:
    parent = subprocess.Popen(
        (sys.executable, "-c", PARENT, str(bench.binary), str(tmp_path), str(bench.cache)),
        env=base_environment({"PYTHONPATH": str(Path(__file__).parents[2])}),
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout
        assert parent.stdout.readline() == "ready\n"
        children = descendants(parent.pid)
        assert len(children) == 3  # the relay, two providers
        parent.send_signal(sign)
    assert all_gone(children)


def test_a_killed_relay_takes_its_providers_with_it(bench: Bench, tmp_path: Path) -> None:
    warm = bench.relay()
    warm.environment({"AWS_REGION": "us-east-1"}, frozenset())
    while warm.stats()["processes"] < 1:
        time.sleep(0.01)
    assert warm.pid
    children = descendants(warm.pid)
    os.kill(warm.pid, signal.SIGKILL)
    assert all_gone(children)
    warm.end()


def test_the_end_leaves_no_process_socket_or_log_of_a_provider(bench: Bench) -> None:
    before = set(bench.scratch.rglob("*"))
    warm = bench.relay()
    warm.environment({"AWS_REGION": "us-east-1"}, frozenset())
    while warm.stats()["processes"] < 1:
        time.sleep(0.01)
    assert warm.pid
    pids = [warm.pid, *descendants(warm.pid)]
    warm.end()
    warm.end()
    assert all_gone(pids, seconds=0.1)
    left = {file.name for file in set(bench.scratch.rglob("*")) - before if not file.is_dir()}
    assert left - {f.name for f in bench.cache.rglob("*")} == {"relay.log", "control.port"}

"""Ctrl-C through the relay: the caller's own provider stops waiting, everybody else goes on."""

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.adapters.processes import Outcome, base_environment, run
from pipeline.adapters.warm import WarmProvider, types_in
from tests.conftest import write_files
from tests.warm.conftest import Bench, ok
from tests.warm.test_warm_terraform import REQUIRED, SMALL

pytestmark = pytest.mark.terraform

# The provider waits 25 s for the attributes of a new queue to be the same twice (its pauses stay as they are here).
QUEUE = REQUIRED + 'resource "aws_sqs_queue" "this" { name = "q" }\n'


@pytest.fixture
def patient(bench: Bench) -> Iterator[WarmProvider]:
    """A relay whose provider waits as long as it does before AWS."""
    provider = bench.relay(shorten=False)
    yield provider
    provider.end()


def test_ctrl_c_stops_the_wait_and_the_process_serves_on(bench: Bench, patient: WarmProvider, tmp_path: Path) -> None:
    aws = bench.aws("888888888888")
    where = tmp_path / "queue"
    write_files(where, {"main.tf": QUEUE})
    write_files(tmp_path / "small", {"main.tf": SMALL})
    ok(bench.terraform(where, aws, "init", warm=patient))
    pids: list[int] = []
    env = base_environment({**bench.tools.environment(), **aws, **patient.environment(aws, types_in(where))})
    argv = (*bench.tools.terraform, "apply", "-auto-approve")

    def apply() -> Outcome:
        return run(argv, cwd=where, env=env, seconds=100, on_start=pids.append)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(apply)
        while not waits(patient, seconds=1.5) and not running.done():
            pass
        assert not running.done(), "the wait is over before it is stopped"
        began = time.monotonic()
        os.kill(pids[0], signal.SIGINT)
        outcome = running.result()
    assert outcome.code == 1
    assert time.monotonic() - began < 15
    # What was created is in the state, as with stock Terraform.
    state = json.loads((where / "terraform.tfstate").read_text())
    assert [resource["type"] for resource in state["resources"]] == ["aws_sqs_queue"]
    ok(bench.terraform(tmp_path / "small", aws, "init", warm=patient))
    ok(bench.terraform(tmp_path / "small", aws, "plan", warm=patient))
    assert patient.stats()["started"] == 1


def waits(warm: WarmProvider, *, seconds: float) -> bool:
    """Whether a call has been running at a provider for a while: longer than any but a wait."""
    end = time.monotonic() + seconds
    while warm.stats()["running"]:
        if time.monotonic() > end:
            return True
        time.sleep(0.05)
    time.sleep(0.02)
    return False

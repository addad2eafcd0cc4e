"""Programs that run beside us die with us, also after kill -9; their last words are kept."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.adapters.processes import base_environment, start_time
from pipeline.adapters.services import Service, free_port
from pipeline.errors import UndecidedError
from tests.warm.leftovers import all_gone

PARENT = (
    "import sys, time; from pathlib import Path\n"
    "from pipeline.adapters.processes import base_environment\n"
    "from pipeline.adapters.services import Service\n"
    "one = Service(('sleep', '66'), cwd=Path('.'), env=base_environment(), log=Path('log'))\n"
    "print(one.pid, flush=True)\n"
    "time.sleep(60)"
)


def service(where: Path, *argv: str) -> Service:
    return Service(argv, cwd=where, env=base_environment(), log=where / "log")


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_service_dies_with_its_parent(tmp_path: Path, sign: signal.Signals) -> None:
    env = base_environment({"PYTHONPATH": str(Path(__file__).parents[2])})
    parent = subprocess.Popen((sys.executable, "-c", PARENT), cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    with parent.stdout:
        pid = int(parent.stdout.readline())
    assert start_time(pid)
    parent.send_signal(sign)
    parent.wait(30)
    assert all_gone([pid])


def test_a_service_that_comes_up_is_waited_for_and_ended_twice(tmp_path: Path) -> None:
    one = service(tmp_path, "sh", "-c", "touch up; exec sleep 67")
    one.wait_until((tmp_path / "up").exists, seconds=60)
    assert one.is_alive()
    one.end()
    one.end()
    assert all_gone([one.pid])


def test_its_children_end_with_it(tmp_path: Path) -> None:
    one = service(tmp_path, "sh", "-c", "sleep 68 & echo $! > child.new; mv child.new child; wait")
    one.wait_until((tmp_path / "child").exists, seconds=60)
    one.end(grace=0.2)
    assert all_gone([one.pid, int((tmp_path / "child").read_text())])


def test_one_that_ends_at_once_says_its_last_words(tmp_path: Path) -> None:
    one = service(tmp_path, "sh", "-c", "echo address already in use >&2; exit 4")
    with pytest.raises(UndecidedError, match=r"ended with 4.*address already in use"):
        one.wait_until(lambda: False, seconds=60)


def test_one_that_never_comes_up_is_ended(tmp_path: Path) -> None:
    one = service(tmp_path, "sleep", "69")
    began = time.monotonic()
    with pytest.raises(UndecidedError, match="took too long"):
        one.wait_until(lambda: False, seconds=0.2)
    assert time.monotonic() - began < 30
    assert all_gone([one.pid])


def test_a_free_port_is_one() -> None:
    assert 1024 <= free_port() <= 65535

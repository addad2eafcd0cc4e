"""Whoever is killed around a forked test process: nothing is left, and what nobody knows is no pass and no failure."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.adapters.harness.prepared_tests import PreparedTests
from pipeline.adapters.processes import base_environment, end_group, orphans, run, start_time
from tests.warm.leftovers import all_gone, descendants

SLOW = """
import json, os, signal, subprocess, time
def test_slow():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the child is deaf to it in any case
    child = subprocess.Popen(["sleep", "71"])
    if %r != "deaf":
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with open("pids.new", "w") as sink:
        json.dump([os.getpid(), child.pid], sink)
    os.rename("pids.new", "pids")
    time.sleep(72)
"""
FLAGS = ("-q", "-p", "pipeline.adapters.pytest_plugin", "-p", "no:cacheprovider", "-c", "/dev/null", "test_slow.py")
PARENT = """
import sys, time
from pathlib import Path
from pipeline.adapters.harness.prepared_tests import PreparedTests
from pipeline.adapters.processes import base_environment, run
tests = PreparedTests(Path("prepared"))
run(tests.command(*sys.argv[1:]), cwd=Path("."), env=base_environment(), seconds=60)
"""


@pytest.fixture
def tests(tmp_path: Path) -> Iterator[PreparedTests]:
    made = PreparedTests(tmp_path / "prepared")
    yield made
    made.end()


def start(where: Path, tests: PreparedTests, kind: str = "") -> "tuple[subprocess.Popen[bytes], list[int]]":
    """A client, and the pids of the test process and of its child, which are running."""
    (where / "test_slow.py").write_text(SLOW % kind)
    argv = tests.command(*FLAGS)
    assert tests.server
    null = subprocess.DEVNULL
    env = base_environment()
    client = subprocess.Popen(argv, cwd=where, env=env, stdin=null, stdout=null, stderr=null, start_new_session=True)
    pids = read_pids(where)
    assert pids[0] in descendants(tests.server.pid)
    return client, pids


def read_pids(where: Path) -> list[int]:
    """Those that the test wrote, when it has."""
    end = time.monotonic() + 60
    while not (where / "pids").exists():
        assert time.monotonic() < end, "the test does not begin"
        time.sleep(0.01)
    found: list[int] = json.loads((where / "pids").read_text())
    (where / "pids").unlink()
    assert all(start_time(pid) for pid in found)
    return found


def test_a_client_that_is_killed_takes_the_group_with_it(tmp_path: Path, tests: PreparedTests) -> None:
    client, pids = start(tmp_path, tests)
    client.kill()
    assert client.wait(30) == -signal.SIGKILL
    assert all_gone(pids)
    client, pids = start(tmp_path, tests)  # the server goes on
    client.terminate()
    assert client.wait(30) == -signal.SIGTERM
    assert all_gone(pids)


def test_a_server_that_is_killed_leaves_nothing_and_nobody_knows(tmp_path: Path, tests: PreparedTests) -> None:
    client, pids = start(tmp_path, tests)
    assert tests.server
    os.kill(tests.server.pid, signal.SIGKILL)
    assert client.wait(30) == -signal.SIGKILL
    assert all_gone(pids)
    assert tests.command("-q") == (sys.executable, "-m", "pytest", "-q")


def test_a_server_and_its_client_that_go_together_leave_no_test_process(tmp_path: Path, tests: PreparedTests) -> None:
    client, (test, child) = start(tmp_path, tests)
    assert tests.server
    client.send_signal(signal.SIGSTOP)  # it can do nothing any more
    os.kill(tests.server.pid, signal.SIGKILL)
    assert all_gone([test])
    client.kill()
    client.wait(30)
    os.kill(child, signal.SIGKILL)  # as when pytest itself is killed: a sweep's


def test_a_server_that_is_ended_needs_no_client_to_end_its_groups(tmp_path: Path, tests: PreparedTests) -> None:
    client, pids = start(tmp_path, tests)
    client.send_signal(signal.SIGSTOP)
    tests.end()
    assert all_gone(pids)
    client.kill()
    client.wait(30)


def test_a_server_started_where_interrupts_are_ignored_ends_at_once(tmp_path: Path) -> None:
    made = PreparedTests(tmp_path / "prepared")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in a shell's background job
    try:
        made.command()
    finally:
        signal.signal(signal.SIGINT, before)
    began = time.monotonic()
    made.end()
    assert time.monotonic() - began < 2


def test_a_server_that_is_ended_ends_what_it_runs(tmp_path: Path, tests: PreparedTests) -> None:
    client, pids = start(tmp_path, tests, "deaf")
    began = time.monotonic()
    tests.end()
    assert client.wait(30) == -signal.SIGKILL
    assert all_gone(pids)
    assert time.monotonic() - began < 3  # it needs no grace


@pytest.mark.parametrize("kind", ["", "deaf"])
def test_a_group_that_is_ended_is_gone(tmp_path: Path, tests: PreparedTests, kind: str) -> None:
    client, pids = start(tmp_path, tests, kind)
    end_group(client, grace=3.0 if not kind else 0.5)
    assert client.returncode == (-signal.SIGKILL if kind else 2)  # pytest says 2 when it is interrupted
    assert all_gone(pids)


def test_a_run_out_of_time_is_ended_and_says_so(tmp_path: Path, tests: PreparedTests) -> None:
    (tmp_path / "test_slow.py").write_text(SLOW % "")
    outcome = run(tests.command(*FLAGS), cwd=tmp_path, env=base_environment(), seconds=3)
    assert (outcome.timed_out, outcome.could_not_find_out, outcome.code) == (True, True, 2)
    assert "KeyboardInterrupt" in outcome.stdout
    assert all_gone(read_started(tmp_path))


def read_started(where: Path) -> list[int]:
    """Those that the test wrote, whether they still run or not."""
    found: list[int] = json.loads((where / "pids").read_text())
    return found


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_parent_that_is_killed_leaves_nothing(tmp_path: Path, sign: signal.Signals) -> None:
    (tmp_path / "test_slow.py").write_text(SLOW % "deaf")
    env = base_environment({"PYTHONPATH": str(Path(__file__).parents[2])})
    parent = subprocess.Popen((sys.executable, "-c", PARENT, *FLAGS), cwd=tmp_path, env=env)
    pids = {*read_pids(tmp_path), *descendants(parent.pid)}
    assert len(pids) == 4  # the test and its child, the server and the client
    parent.send_signal(sign)
    parent.wait(30)
    assert all_gone(pids)


def test_a_sweep_finds_a_test_process_by_the_mark_of_its_run(tmp_path: Path, tests: PreparedTests) -> None:
    client, pids = start(tmp_path, tests)
    marks = {(Path(f"/proc/{pid}/environ").read_bytes().split(b"MODFERRY_RUN=")[1]).split(b"\0")[0] for pid in pids}
    assert marks == {base_environment()["MODFERRY_RUN"].encode()}
    assert not {pid for pid, _ in orphans()} & set(pids)
    client.kill()
    client.wait(30)


def test_one_that_is_killed_is_not_missed_by_the_others(tmp_path: Path, tests: PreparedTests) -> None:
    folders = [tmp_path / str(number) for number in range(4)]
    for folder in folders:
        folder.mkdir()
    found = [start(folder, tests) for folder in folders]
    for client, pids in found[1:3]:
        client.kill()
        client.wait(30)
        assert all_gone(pids)
    assert all(start_time(pid) for pid in (*found[0][1], *found[3][1]))
    for client, pids in (found[0], found[3]):
        end_group(client)
        assert all_gone(pids)


def test_clients_that_are_killed_at_any_moment_leave_no_test_process(tmp_path: Path, tests: PreparedTests) -> None:
    (tmp_path / "test_slow.py").write_text(SLOW % "")
    argv = tests.command(*FLAGS)
    null, env = subprocess.DEVNULL, base_environment()
    for moment in range(12):
        client = subprocess.Popen(argv, cwd=tmp_path, env=env, stdout=null, stderr=null, start_new_session=True)
        time.sleep(moment / 100)
        client.send_signal(signal.SIGKILL if moment % 2 else signal.SIGINT)
        client.wait(30)
    assert tests.server
    end = time.monotonic() + 10
    while descendants(tests.server.pid) and time.monotonic() < end:
        time.sleep(0.02)
    assert descendants(tests.server.pid) == []
    assert len(os.listdir(f"/proc/{tests.server.pid}/fd")) <= 5  # noqa: PTH208 - log, nothing, door
    with contextlib.suppress(FileNotFoundError):
        assert all_gone(read_started(tmp_path))


def test_it_can_be_ended_while_it_starts(tmp_path: Path) -> None:
    made = PreparedTests(tmp_path / "prepared")
    asking = threading.Thread(target=made.command)
    asking.start()
    time.sleep(0.05)
    made.end()
    asking.join(30)
    assert not asking.is_alive()
    assert made.server is None or all_gone([made.server.pid])

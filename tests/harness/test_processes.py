"""The one door to programs: limits, both pipes, groups, secrets, marks, orphans. Real processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.adapters.processes import (
    MASK,
    RUN_MARK,
    Outcome,
    base_environment,
    end_orphans,
    is_alive,
    orphans,
    run,
    run_mark,
    start_time,
)
from pipeline.errors import UndecidedError
from tests.warm.leftovers import all_gone

DEAD_MARK = "1.1"
"""Process 1 did not begin one tick after the kernel did, in no container that runs tests."""


def shell(script: str, where: Path, **more: object) -> Outcome:
    return run(("sh", "-c", script), cwd=where, env=base_environment(), **{"seconds": 60.0, **more})  # type: ignore[arg-type]


def test_both_pipes_are_drained_however_much_comes(tmp_path: Path) -> None:
    script = "head -c 300000 /dev/zero | tr '\\0' e >&2; head -c 300000 /dev/zero | tr '\\0' o; exit 3"
    outcome = shell(script, tmp_path)
    assert (outcome.code, len(outcome.stdout), len(outcome.stderr)) == (3, 300_000, 300_000)
    assert not outcome.ok
    assert not outcome.could_not_find_out


def test_a_program_out_of_time_is_ended_and_said_so(tmp_path: Path) -> None:
    outcome = shell("echo begun; exec sleep 60", tmp_path, seconds=0.5)
    assert outcome.timed_out
    assert outcome.could_not_find_out
    assert outcome.stdout == "begun\n"
    assert outcome.seconds < 30


def test_the_whole_group_ends_with_its_leader(tmp_path: Path) -> None:
    outcome = shell("sleep 61 & echo $!; exec sleep 62", tmp_path, seconds=0.5)
    assert all_gone([int(outcome.stdout)])


def test_a_signal_is_no_exit_code(tmp_path: Path) -> None:
    outcome = shell("kill -9 $$", tmp_path)
    assert outcome.code == -9
    assert outcome.could_not_find_out
    assert not outcome.ok


def test_secrets_are_masked_in_both_pipes_and_in_lines(tmp_path: Path) -> None:
    seen: list[str] = []
    script = "echo key=verysecret; echo verysecret >&2; echo no"
    outcome = shell(script, tmp_path, secrets=("verysecret", "no"), on_line=seen.append)
    assert outcome.stdout == f"key={MASK}\nno\n"  # two characters would eat words
    assert outcome.stderr == f"{MASK}\n"
    assert seen == [f"key={MASK}", "no"]


def test_stdin_is_given_and_a_program_need_not_read_it(tmp_path: Path) -> None:
    assert shell("cat", tmp_path, stdin="words").stdout == "words"
    assert shell("exit 0", tmp_path, stdin="x" * 300_000).ok


def test_a_program_that_is_not_there_is_undecided(tmp_path: Path) -> None:
    with pytest.raises(UndecidedError, match="could not be started"):
        run(("no-such-program",), cwd=tmp_path, env=base_environment(), seconds=5)


def test_the_environment_is_built_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("HOME", "/somewhere")
    environment = base_environment({"MORE": "1"})
    assert "AWS_SECRET_ACCESS_KEY" not in environment
    assert (environment["HOME"], environment["MORE"], environment[RUN_MARK]) == ("/somewhere", "1", run_mark())


def test_a_mark_names_one_process_and_no_later_one() -> None:
    mark = run_mark(os.getpid())
    assert is_alive(mark)
    assert not is_alive(mark + "0")  # the pid is used again, the start time is not
    assert not is_alive("")
    with subprocess.Popen(("sleep", "60")) as child:
        theirs = run_mark(child.pid)
        assert is_alive(theirs)
        child.kill()
        child.wait()
        assert not is_alive(theirs)
        assert start_time(child.pid) is None


def test_a_zombie_is_not_alive() -> None:
    child = subprocess.Popen(("true",))
    try:
        assert all_gone([child.pid])  # ended, not yet reaped
    finally:
        child.wait()


def test_what_a_dead_run_left_is_found_and_ended_and_nothing_else() -> None:
    left = subprocess.Popen(("sleep", "63"), env={RUN_MARK: DEAD_MARK, "PATH": os.environ["PATH"]})
    ours = subprocess.Popen(("sleep", "64"), env={RUN_MARK: run_mark(os.getpid()), "PATH": os.environ["PATH"]})
    try:
        _wait_for_exec(left.pid)
        assert (left.pid, DEAD_MARK) in orphans()
        assert ours.pid not in [pid for pid, _ in orphans()]
        assert left.pid in end_orphans()
        assert left.wait(10) == -signal.SIGKILL
        assert ours.poll() is None
    finally:
        for child in (left, ours):
            child.kill()
            child.wait()


def test_a_child_carries_the_mark_of_its_run(tmp_path: Path) -> None:
    assert shell(f"echo ${RUN_MARK}", tmp_path).stdout.strip() == run_mark()


def test_ctrl_c_here_ends_the_child_there(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from pipeline.adapters.processes import *\n"
        "run(('sh', '-c', 'echo $$ > pid; exec sleep 65'), cwd=Path('.'), env=base_environment(), seconds=60)"
    )
    home = Path(__file__).parents[2]
    env = base_environment({"PYTHONPATH": str(home)})
    parent = subprocess.Popen((sys.executable, "-c", script), cwd=tmp_path, env=env, stderr=subprocess.DEVNULL)
    pid_file = tmp_path / "pid"
    end = time.monotonic() + 60
    while not (pid_file.exists() and pid_file.read_text().strip()):
        assert time.monotonic() < end, "the child never began"
        time.sleep(0.05)
    parent.send_signal(signal.SIGINT)
    parent.wait(60)
    assert all_gone([int(pid_file.read_text())])


def _wait_for_exec(pid: int) -> None:
    """Between fork and exec a child still has our environment."""
    end = time.monotonic() + 30
    while Path(f"/proc/{pid}/comm").read_text().strip() != "sleep":
        assert time.monotonic() < end
        time.sleep(0.01)

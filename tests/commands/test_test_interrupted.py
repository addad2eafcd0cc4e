"""Ctrl-C on a real `modferry test`: once, what runs is finished; twice, it ends now. Nothing is recorded or left."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.adapters.processes import base_environment
from tests.conftest import MakeRepository, git
from tests.fakes.terraform import write_fake_terraform
from tests.warm.leftovers import all_gone

FILES = {"modules/note/main.tf": 'variable "x" {}\n'} | {
    f"modules/note/tests/unit/{name}.tftest.hcl": "# x\n" for name in "abcd"
}


@pytest.mark.parametrize(("times", "seconds"), [(1, 8), (2, 600)])
def test_ctrl_c(make_repository: MakeRepository, tmp_path: Path, times: int, seconds: int) -> None:
    clone = make_repository(FILES)
    pids = tmp_path / "pids"
    program = write_fake_terraform(tmp_path / "bin")
    lines = program.read_text().replace("test)", f"test) echo $$ >> {pids}; sleep {seconds}; exit 0;;\n  never)")
    program.write_text(lines)
    cache = tmp_path / "cache"
    env = base_environment(
        {
            "MODFERRY_TERRAFORM": str(program),
            "XDG_CACHE_HOME": str(cache),
            "HOME": str(tmp_path),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
    )
    del env["MODFERRY_RUN"]
    argv = (sys.executable, "-m", "pipeline", "-C", str(clone), "test", "--on", "account", "--suite", "unit", "-j", "2")
    with subprocess.Popen(argv, env=env, stderr=subprocess.PIPE, text=True) as run:
        try:
            end = time.monotonic() + 90
            while not pids.exists() or len(pids.read_text().split()) < 2:
                assert run.poll() is None, run.communicate()
                assert time.monotonic() < end, "two lanes never began"
                time.sleep(0.05)
            for _ in range(times):
                run.send_signal(signal.SIGINT)
                time.sleep(1.5)
            _, said = run.communicate(timeout=90)
        finally:
            run.kill()
    assert run.returncode == 130, said
    assert "Interrupted" in said
    assert "Traceback" not in said
    begun = [int(pid) for pid in pids.read_text().split()]
    assert len(begun) == 2  # the other two files were never started
    assert all_gone(begun)
    assert list((cache / "modferry" / "runs").iterdir()) == []
    assert git(clone, "branch", "--list", "modferry-ledger") == ""

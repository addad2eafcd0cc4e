"""What stays is kept away from the collector; what tests leave behind is not."""

import gc
import sys
from pathlib import Path

import pytest

from pipeline.adapters.collected import kept
from pipeline.adapters.harness.suites import NO_SUMMARY
from pipeline.adapters.processes import base_environment, run

CYCLE = """
class Loud:
    def __init__(self):
        self.me = self
    def __del__(self):
        raise ValueError("nobody closed it")
"""
TESTS = f"""
import gc
from pipeline.adapters.collected import kept
{CYCLE}
def test_what_was_there_before_stays():
    assert gc.get_freeze_count() > 5_000
    assert gc.isenabled()

def test_what_is_made_as_kept_stays():
    before = gc.get_freeze_count()
    with kept():
        assert not gc.isenabled()
        held = [[] for _ in range(5_000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() > before + 4_000

def test_what_is_left_is_told_of():
    Loud()
    gc.collect()
"""


@pytest.mark.parametrize("plugin", ["pipeline.adapters.pytest_plugin", "pipeline.adapters.verification.fixtures"])
def test_pytest_processes_keep_what_they_imported_and_tell_of_what_tests_leave(tmp_path: Path, plugin: str) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    flags = ("-q", "-p", "no:cacheprovider", "-p", plugin, *NO_SUMMARY, "-c", "/dev/null", f"--rootdir={tmp_path}")
    package = str(Path(__file__).parents[2])
    outcome = run(
        (sys.executable, "-m", "pytest", *flags, "test_it.py"),
        cwd=tmp_path,
        env=base_environment({"PYTHONPATH": package, "PYTHONDONTWRITEBYTECODE": "1"}),
        seconds=60,
    )
    assert outcome.code == 0, outcome.stdout
    assert "nobody closed it" in outcome.stdout


def test_a_collector_that_is_off_stays_off() -> None:
    was_on = gc.isenabled()
    gc.disable()
    try:
        with kept():
            pass
        assert not gc.isenabled()
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()

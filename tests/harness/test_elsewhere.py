"""`modferry test` on a repository that is not this one and has no modferry.toml: real Terraform, provider, moto."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from pipeline.adapters.processes import start_time
from tests.harness.repositories import Elsewhere, elsewhere, verdicts
from tests.warm.leftovers import descendants

pytestmark = pytest.mark.terraform


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """One repository for this file: what one test finds out is known to the next, as it is for people."""
    return elsewhere(tmp_path_factory.mktemp("notes"), "note")


CASES = {
    "static fmt",
    "static validate",
    "static examples/minimal plan",
    "unit tests/unit/note.tftest.hcl::default",
    "unit tests/unit/note.tftest.hcl::name_needs_a_slash",
    "integration tests/integration/test_note.py::test_note_is_there",
    "integration examples/minimal::apply",
    "integration examples/minimal::second plan is empty",
    "integration examples/minimal::destroy",
    "integration examples/minimal::nothing is left",
}


def test_every_suite_passes_and_the_second_run_reuses_all_of_it(repository: Elsewhere) -> None:
    found = verdicts(repository.document("test"))
    assert set(found) >= CASES
    assert set(found.values()) == {"passed"}
    assert list(repository.runs.iterdir()) == []
    began = time.monotonic()
    second = repository.document("test")
    seconds = time.monotonic() - began
    assert [r["reused"] for r in second["results"]] == [True, True, True]
    print(f"a run with nothing changed took {seconds:.2f} s")  # measured in docs/benchmarks.md; the machine is shared


def test_stock_terraform_finds_the_same_cases_and_verdicts(repository: Elsewhere) -> None:
    suites = ("--suite", "unit", "--suite", "static")
    cold = repository.document("test", "--cold", "--fresh", *suites)
    assert cold["provider"] == {}  # no relay ran
    assert verdicts(cold) == verdicts(repository.document("test", "--fresh", *suites))


def test_broken_configuration_is_named_by_file_line_and_column(tmp_path: Path) -> None:
    broken = elsewhere(tmp_path, "note")
    (broken.root / "modules/note/main.tf").write_text("locals {\n  a = [1, \n  b = }\n")
    found = broken.document("test", "--suite", "static", "-j", "1", code=11)
    [case] = [c for r in found["results"] for c in r["cases"] if c["name"] == "validate"]
    assert case["verdict"] == "failed"
    assert "main.tf:3:5: " in case["message"]


def test_a_machine_without_terraform_is_told_what_mends_it(repository: Elsewhere, tmp_path: Path) -> None:
    (tmp_path / "git").symlink_to(_which("git"))
    env = repository.env(PATH=str(tmp_path))
    env.pop("MODFERRY_TERRAFORM", None)
    done = repository.modferry("test", env=env)
    assert done.returncode == 20, done.stderr
    assert done.stderr.strip() == (
        "Unknown: There is no Terraform on PATH. Next: make setup (or: pip install 'modferry[terraform]')"
    )


def test_an_emulator_that_dies_while_something_is_applied_makes_nothing_failed_or_passed(tmp_path: Path) -> None:
    """The apply waits (time_sleep would need another provider: the emulator is stopped, then killed)."""
    repository = elsewhere(tmp_path, "note")
    run = repository.start("test", "--suite", "integration", "-j", "1", "--json")
    try:
        moto = _wait_for(run.pid, "moto_server")
        work = _wait_for_apply(run.pid)
        os.kill(moto, signal.SIGSTOP)  # what is being applied waits for an answer now
        assert work
        time.sleep(1)
        os.kill(moto, signal.SIGKILL)
        out, said = run.communicate(timeout=300)
    finally:
        run.kill()
        run.communicate()
    assert run.returncode == 20, out + said
    found = verdicts(json.loads(out))
    assert "failed" not in found.values(), found
    assert "errored" in found.values()
    assert "no longer answers" in said
    assert list(repository.runs.iterdir()) == []


def _which(name: str) -> str:
    found = shutil.which(name)
    assert found
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _wait_for(root: int, words: str, seconds: float = 120.0) -> int:
    end = time.monotonic() + seconds
    while time.monotonic() < end and start_time(root):
        for pid in descendants(root):
            if words in _command(pid):
                return pid
        time.sleep(0.02)
    raise AssertionError(f"no process {words!r} below {root}")


def _wait_for_apply(root: int) -> int:
    return _wait_for(root, " apply ")

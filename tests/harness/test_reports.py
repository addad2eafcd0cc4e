"""What a pytest process left, read back: every way it can break off is told from a pass."""

import json
from pathlib import Path

import pytest

from pipeline.adapters.harness.reports import cases_from_report
from pipeline.adapters.processes import Outcome
from pipeline.domain.verdict import Case, Verdict

FOLDER = "tests/unit"
Record = dict[str, object]


def line(name: str, outcome: str, **more: object) -> Record:
    return {"name": f"{FOLDER}/{name}", "when": "call", "outcome": outcome, "unknown": False, "seconds": 0.1,
            "message": "", **more}  # fmt: skip


def ended(code: int = 0, *, timed_out: bool = False, stdout: str = "") -> Outcome:
    return Outcome(argv=("pytest",), code=code, stdout=stdout, stderr="", seconds=1.0, timed_out=timed_out)


def gap(text: str) -> str | None:
    return "the emulator has no such thing" if "NotImplementedByEmulator" in text else None


def cases(
    tmp_path: Path, lines: list[Record], outcome: Outcome, *, collected: int | None, tail: str = ""
) -> list[Case]:
    report = tmp_path / "report.jsonl"
    records = [*lines, *([{"collected": collected}] if collected is not None else [])]
    report.write_text("".join(json.dumps(record) + "\n" for record in records) + tail)
    return cases_from_report(report, FOLDER, outcome, 1.0, gap)


def verdicts(found: list[Case]) -> dict[str, Verdict]:
    return {case.name: case.verdict for case in found}


def test_each_outcome_has_its_verdict(tmp_path: Path) -> None:
    lines = [
        line("test_a.py::test_good", "passed"),
        line("test_a.py::test_bad", "failed", message="assert 1 == 2"),
        line("test_a.py::test_away", "skipped"),
        line("test_a.py::test_killed", "failed", unknown=True, message="NotImplementedByEmulator"),
        line("test_a.py::test_lost", "failed", message="modferry relay: provider process ended (-9)"),
        line("test_a.py::test_gap", "failed", message="NotImplementedByEmulator: moto has no eks Thing"),
    ]
    assert verdicts(cases(tmp_path, lines, ended(1), collected=6)) == {
        "tests/unit/test_a.py::test_good": Verdict.PASSED,
        "tests/unit/test_a.py::test_bad": Verdict.FAILED,
        "tests/unit/test_a.py::test_away": Verdict.SKIPPED,
        "tests/unit/test_a.py::test_killed": Verdict.ERRORED,
        "tests/unit/test_a.py::test_lost": Verdict.ERRORED,
        "tests/unit/test_a.py::test_gap": Verdict.UNSUPPORTED,
    }


def test_a_teardown_that_fails_takes_the_pass_away_and_nothing_gives_it_back(tmp_path: Path) -> None:
    bad = line("test_a.py::test_it", "failed", when="teardown", message="destroy failed")
    good = line("test_a.py::test_it", "passed")
    for lines in ([good, bad], [bad, good], [good, bad, good]):
        assert verdicts(cases(tmp_path, lines, ended(1), collected=1)) == {f"{FOLDER}/test_a.py::test_it": "failed"}


@pytest.mark.parametrize("outcome", [ended(-9), ended(-11), ended(0, timed_out=True)])
def test_a_killed_session_is_errored_and_keeps_what_it_found(tmp_path: Path, outcome: Outcome) -> None:
    found = cases(tmp_path, [line("test_a.py::test_good", "passed")], outcome, collected=None)
    assert [case.verdict for case in found] == [Verdict.PASSED, Verdict.ERRORED]


@pytest.mark.parametrize("code", [0, 1, 5])
def test_a_session_without_an_end_is_errored_whatever_its_exit_code(tmp_path: Path, code: int) -> None:
    lines = [line("test_a.py::test_good", "passed"), line("test_a.py::test_bad", "failed")]
    found = cases(tmp_path, lines, ended(code), collected=None)
    assert found[-1].name == "tests/unit::(end)"
    assert found[-1].verdict is Verdict.ERRORED


def test_fewer_tests_than_were_collected_is_errored(tmp_path: Path) -> None:
    found = cases(tmp_path, [line("test_a.py::test_good", "passed")], ended(0), collected=2)
    assert found[-1].verdict is Verdict.ERRORED
    assert "1 of 2" in found[-1].message


def test_a_line_that_was_being_written_is_not_there(tmp_path: Path) -> None:
    whole = line("test_a.py::test_good", "passed")
    found = cases(tmp_path, [whole], ended(-9), collected=None, tail='{"name": "tests/unit/test_a.py::te')
    assert verdicts(found) == {"tests/unit/test_a.py::test_good": Verdict.PASSED, "tests/unit::(end)": Verdict.ERRORED}


def test_a_collection_error_fails_and_says_why(tmp_path: Path) -> None:
    outcome = ended(2, stdout="E   ModuleNotFoundError: No module named 'nowhere'")
    found = cases(tmp_path, [], outcome, collected=0)
    assert verdicts(found) == {"tests/unit::(collection)": Verdict.FAILED}
    assert "nowhere" in found[0].message


def test_a_failure_that_no_test_explains_fails(tmp_path: Path) -> None:
    found = cases(tmp_path, [line("test_a.py::test_good", "passed")], ended(1, stdout="INTERNAL"), collected=1)
    assert verdicts(found)["tests/unit::(collection)"] is Verdict.FAILED


def test_no_tests_are_no_cases(tmp_path: Path) -> None:
    assert cases(tmp_path, [], ended(5), collected=0) == []


def test_no_report_at_all_is_errored(tmp_path: Path) -> None:
    found = cases_from_report(tmp_path / "never", FOLDER, ended(0), 1.0, gap)
    assert [case.verdict for case in found] == [Verdict.ERRORED]

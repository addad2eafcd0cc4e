"""`terraform test -json` as Terraform 1.11.4 wrote it (tests/fixtures/streams), cut and killed, into cases."""

import json
from pathlib import Path

import pytest

from pipeline.adapters.emulators import gaps
from pipeline.adapters.harness.native import cases_of
from pipeline.adapters.processes import Outcome
from pipeline.domain.verdict import Case, Verdict

STREAMS = Path(__file__).parents[1] / "fixtures" / "streams"


def ended(stdout: str, code: int = 0, *, timed_out: bool = False, stderr: str = "") -> Outcome:
    return Outcome(argv=("terraform",), code=code, stdout=stdout, stderr=stderr, seconds=7.0, timed_out=timed_out)


def cases(outcome: Outcome, file: str = "x") -> list[Case]:
    return cases_of(file, outcome, lambda text: gaps.explain("moto", text))


def recorded(name: str) -> str:
    return (STREAMS / f"{name}.jsonl").read_text()


def verdicts(found: list[Case]) -> dict[str, str]:
    return {case.name.partition("::")[2]: str(case.verdict) for case in found}


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("pass", 0, {"default": "passed", "again": "passed"}),
        ("fail", 1, {"value": "failed", "later": "passed"}),
        ("error", 1, {"bad_name": "failed", "later": "skipped"}),
        ("gap", 1, {"unsupported": "unsupported", "later": "unsupported"}),
        ("cleanup", 1, {"kept": "passed", "(file)": "failed", "(cleanup)": "failed"}),
    ],
)
def test_what_terraform_wrote(name: str, code: int, expected: dict[str, str]) -> None:
    assert verdicts(cases(ended(recorded(name), code))) == expected


def test_a_failure_says_what_and_where() -> None:
    [value, _] = cases(ended(recorded("fail"), 1))
    assert value.message == "Error: Test assertion failed (tests/unit/fail.tftest.hcl:6:21): The value is other."


def test_what_cleanup_left_is_named() -> None:
    assert cases(ended(recorded("cleanup"), 1))[-1].message == "left behind: aws_ssm_parameter.this"


def test_the_gap_is_named_also_where_runs_were_skipped_for_it() -> None:
    first, later = cases(ended(recorded("gap"), 1))
    assert first.message == later.message
    assert first.message.startswith("moto does not implement ssm UpdateServiceSetting")


def test_seconds_are_those_of_the_run() -> None:
    default, again = cases(ended(recorded("pass")))
    assert default.seconds > again.seconds > 0


def test_a_gap_does_not_hide_another_error_of_the_same_run() -> None:
    lines = []
    for text in recorded("gap").splitlines():
        lines.append(text)
        event = json.loads(text)
        if event["type"] == "diagnostic":
            other = {"severity": "error", "summary": "Invalid value", "detail": "Expected a number."}
            lines.append(json.dumps({**event, "diagnostic": other}))
    found = cases(ended("\n".join(lines), 1))
    assert verdicts(found) == {"unsupported": "failed", "later": "skipped"}
    assert "Expected a number" in found[0].message


@pytest.mark.parametrize(("code", "timed_out"), [(-9, False), (-15, False), (0, True), (1, True)])
@pytest.mark.parametrize("name", ["pass", "fail", "error", "gap", "cleanup"])
def test_killed_at_any_line_is_never_a_pass(name: str, code: int, timed_out: bool) -> None:
    lines = recorded(name).splitlines(keepends=True)
    whole = verdicts(cases(ended(recorded(name), 0 if name == "pass" else 1)))
    for end in range(len(lines) + 1):
        half = "".join(lines[:end]) + '{"@level":"in'
        found = cases(ended(half, code, timed_out=timed_out))
        assert any(case.verdict is Verdict.ERRORED for case in found)
        assert all(verdict in ("errored", whole.get(run)) for run, verdict in verdicts(found).items())


def test_a_lost_provider_is_errored() -> None:
    text = recorded("error").replace("A name begins with a slash.", "modferry relay: provider process ended (-9)")
    assert verdicts(cases(ended(text, 1)))["bad_name"] == "errored"


def test_a_file_that_cannot_be_read_fails_with_its_words() -> None:
    found = cases(ended("", 1, stderr="Error: Invalid expression\n\n  on a.tftest.hcl line 3"), "a.tftest.hcl")
    assert verdicts(found) == {"(file)": "failed"}
    assert "line 3" in found[0].message


def test_exit_code_1_where_every_run_passed_is_no_pass() -> None:
    assert verdicts(cases(ended(recorded("pass"), 1))) == {"default": "passed", "again": "passed", "(file)": "failed"}


def cleanup_that_said(detail: str) -> list[Case]:
    """What became of a file whose cleanup failed with these words."""
    events = [json.loads(text) for text in recorded("cleanup").splitlines()]
    for event in events:
        if event["type"] == "diagnostic":
            event["diagnostic"]["detail"] = detail
    return cases(ended("\n".join(map(json.dumps, events)), 1))


def test_what_a_dead_provider_left_behind_is_not_the_modules_fault() -> None:
    found = cleanup_that_said("modferry relay: provider process ended (-9)")
    assert verdicts(found) == {"kept": "passed", "(file)": "errored", "(cleanup)": "errored"}


def test_what_cleanup_left_for_a_gap_of_the_emulator_is_unsupported_there() -> None:
    found = cleanup_that_said("api error NotImplementedByEmulator: moto has no ssm DeleteX")
    assert verdicts(found) == {"kept": "passed", "(file)": "unsupported", "(cleanup)": "unsupported"}
    assert found[-1].message.startswith("left behind: aws_ssm_parameter.this (moto does not implement ssm DeleteX")

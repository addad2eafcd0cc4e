"""What our pytest plugin wrote, line by line, into cases."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pipeline.adapters.processes import Outcome
from pipeline.adapters.warm import is_provider_lost
from pipeline.domain.verdict import SEVERITY, Case, Verdict

NO_TESTS = 5
"""pytest's exit code for no test collected."""


def cases_from_report(
    report: Path, folder: str, outcome: Outcome, seconds: float, gap: Callable[[str], str | None]
) -> list[Case]:
    """Cases of one pytest process; its own end counts as well (a crash leaves fewer lines, not a pass)."""
    cases: dict[str, Case] = {}
    collected: int | None = None
    for line in _lines(report):
        if "collected" in line:
            collected = int(line["collected"])
            continue
        case = _case(line, gap)
        old = cases.get(case.name)
        if old is None or SEVERITY.index(case.verdict) > SEVERITY.index(old.verdict):
            cases[case.name] = case
    found = list(cases.values())
    if outcome.could_not_find_out:
        found.append(
            Case(name=f"{folder}::(end)", verdict=Verdict.ERRORED, seconds=seconds, message="pytest was killed")
        )
    elif outcome.code not in (0, 1, NO_TESTS) or (outcome.code == 1 and not _explained(found)):
        text = (outcome.stdout + outcome.stderr)[-4000:]
        found.append(Case(name=f"{folder}::(collection)", verdict=Verdict.FAILED, seconds=seconds, message=text))
    elif collected is None or len(found) < collected:
        why = f"pytest ended with {outcome.code} after {len(found)} of {collected or 'its'} tests"
        found.append(Case(name=f"{folder}::(end)", verdict=Verdict.ERRORED, seconds=seconds, message=why))
    return found


def _lines(report: Path) -> Iterator[dict[str, Any]]:
    """The records; one that was being written when the process died is not there."""
    for text in report.read_text().splitlines() if report.exists() else ():
        with contextlib.suppress(ValueError):
            yield json.loads(text)


def _case(line: dict[str, Any], gap: Callable[[str], str | None]) -> Case:
    message = str(line["message"])
    match line["outcome"]:
        case "passed":
            verdict = Verdict.PASSED
        case "skipped":
            verdict = Verdict.SKIPPED
        case _:
            unknown = line["unknown"] or is_provider_lost(message)
            found = None if unknown else gap(message)
            verdict = Verdict.ERRORED if unknown else Verdict.UNSUPPORTED if found else Verdict.FAILED
            message = found or message
    return Case(name=str(line["name"]), verdict=verdict, seconds=float(line["seconds"]), message=message)


def _explained(cases: list[Case]) -> bool:
    return any(c.verdict not in (Verdict.PASSED, Verdict.SKIPPED) for c in cases)

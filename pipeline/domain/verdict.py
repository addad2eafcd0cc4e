"""What a run of tests can say, case by case and suite by suite.

A case is passed, failed, errored (could not find out), skipped, or unsupported there (the emulator lacks
it). A suite takes its worst case; a suite without a case is empty. Only *passed* is a pass.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pipeline.errors import Exit


class Verdict(StrEnum):
    """From good to bad in the order of `SEVERITY`."""

    PASSED = "passed"
    UNSUPPORTED = "unsupported"
    SKIPPED = "skipped"
    EMPTY = "empty"
    ERRORED = "errored"
    FAILED = "failed"


SEVERITY = tuple(Verdict)


class Suite(StrEnum):
    """The kinds of tests of a module."""

    STATIC = "static"
    UNIT = "unit"
    INTEGRATION = "integration"
    UPGRADE = "upgrade"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One test: `seconds` of wall time, `message` why it is not passed (secrets masked), `data` what it found."""

    name: str
    verdict: Verdict
    seconds: float = 0.0
    message: str = ""
    data: Mapping[str, Any] = field(default_factory=dict, hash=False)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of them; of none: empty."""
    return max(verdicts, key=SEVERITY.index, default=Verdict.EMPTY)


def suite_verdict(cases: Iterable[Case]) -> Verdict:
    """A suite is as good as its worst case."""
    return worst(case.verdict for case in cases)


def exit_for(verdicts: Iterable[Verdict]) -> Exit:
    """How `modferry test` ends: 11 for failed, 20 for what was not found out, else 0."""
    match worst(verdicts):
        case Verdict.FAILED:
            return Exit.TESTS_FAILED
        case Verdict.ERRORED | Verdict.SKIPPED | Verdict.EMPTY:
            return Exit.UNDECIDED
        case Verdict.PASSED | Verdict.UNSUPPORTED:
            return Exit.DONE

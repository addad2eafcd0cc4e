"""Whether a released version still passes: its suites again, on its own bytes, with the newest tools it allows.

A release's evidence is about the tools of its day. *passed* and *failed* are answers and stand until the next
one; *unknown* (a tool that is not here, an emulator that died, a gap that was none at the release) is none, and
leaves the standing as it is.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pipeline.domain.evidence import EvidenceKey
from pipeline.domain.verdict import Case, Suite, Verdict
from pipeline.domain.version import Version

KIND = "reverify"
NAMED = 5
"""How many bad cases a sentence names; the entry holds all of them."""
NOT_HERE = re.compile(
    r"no available releases match|Unsupported Terraform Core version|Failed to query available provider packages"
)
"""What Terraform says when this machine lacks the provider or the Terraform that a configuration asks for."""


class Outcome(StrEnum):
    """What came of it."""

    PASSED = "passed"
    UNKNOWN = "unknown"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Newest:
    """The tools that it ran with: the newest that the version allows and this machine has. `providers`: source
    address → version."""

    target: str
    terraform: str = ""
    emulator: str = ""
    providers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        rows = [f"{name.rpartition('/')[2]} {version}" for name, version in sorted(self.providers.items())]
        with_them = [text for text in (f"Terraform {self.terraform}" if self.terraform else "", *rows) if text]
        return f"{self.target} with {', '.join(with_them)}" if with_them else self.target


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One suite: its worst case as it counts here, the cases that are bad, and why it is not known."""

    suite: str
    outcome: Outcome
    bad: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Reverification:
    """One version, tried again. `why` is a sentence where it did not pass; `at` and `actor` are the entry's."""

    module: str
    version: Version
    tag: str
    commit: str
    outcome: Outcome
    newest: Newest
    suites: tuple[Judged, ...] = ()
    why: str = ""
    at: str = ""
    actor: str = ""

    @property
    def name(self) -> str:
        """`core 1.2.0`."""
        return f"{self.module} {self.version}"

    def to_body(self) -> dict[str, Any]:
        """As the ledger and `--json` keep it."""
        return {
            "module": self.module,
            "version": str(self.version),
            "tag": self.tag,
            "commit": self.commit,
            "outcome": str(self.outcome),
            "target": self.newest.target,
            "terraform": self.newest.terraform,
            "emulator": self.newest.emulator,
            "providers": dict(self.newest.providers),
            "suites": [{"suite": s.suite, "outcome": str(s.outcome), "bad": list(s.bad)} for s in self.suites],
            "why": self.why,
        }

    @classmethod
    def from_body(cls, body: Mapping[str, Any], at: str, actor: str) -> "Reverification":
        """As read from the ledger."""
        return cls(
            module=str(body["module"]),
            version=Version.parse(body["version"]),
            tag=str(body["tag"]),
            commit=str(body["commit"]),
            outcome=Outcome(body["outcome"]),
            newest=Newest(
                target=str(body["target"]),
                terraform=str(body["terraform"]),
                emulator=str(body["emulator"]),
                providers=dict(body["providers"]),
            ),
            suites=tuple(
                Judged(suite=row["suite"], outcome=Outcome(row["outcome"]), bad=tuple(row["bad"]))
                for row in body["suites"]
            ),
            why=str(body["why"]),
            at=at,
            actor=actor,
        )


def judge_again(suite: Suite, cases: Iterable[Case], gaps: frozenset[str]) -> Judged:
    """What a suite's cases say of the version. `gaps`: cases that the target did not support at the release either.

    Only a case that ran and said no is a failure. What this machine lacks, what died and what was skipped is
    unknown: nobody's version loses its standing for that.
    """
    every = tuple(cases)
    failed = tuple(c for c in every if c.verdict is Verdict.FAILED and not NOT_HERE.search(_flat(c.message)))
    if failed:
        return Judged(suite=suite, outcome=Outcome.FAILED, bad=tuple(c.name for c in failed))
    open_cases = [c for c in every if c.verdict is not Verdict.PASSED and not _is_known_gap(c, gaps)]
    if not every:
        return Judged(suite=suite, outcome=Outcome.UNKNOWN, why=f"its {suite} suite has no case")
    if open_cases:
        first = open_cases[0]
        why = f"{suite} {first.name} is {'not to be run here' if first.verdict is Verdict.FAILED else first.verdict}"
        said = _flat(first.message)[:200]
        bad = tuple(c.name for c in open_cases)
        return Judged(suite=suite, outcome=Outcome.UNKNOWN, bad=bad, why=why + (f": {said}" if said else ""))
    return Judged(suite=suite, outcome=Outcome.PASSED)


def conclude(suites: Iterable[Judged]) -> tuple[Outcome, str]:
    """The whole version and why it did not pass: a failure is an answer, whatever else is not known.

    Fails closed: without any suite nothing was found out.
    """
    every = tuple(suites)
    failed = [s for s in every if s.outcome is Outcome.FAILED]
    if failed:
        rows = [f"{s.suite} {name}" for s in failed for name in s.bad]
        more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
        return Outcome.FAILED, f"{', '.join(rows[:NAMED])}{more} failed"
    unknown = [s for s in every if s.outcome is Outcome.UNKNOWN]
    if unknown or not every:
        return Outcome.UNKNOWN, "; ".join(s.why for s in unknown) or "no suite is required of it"
    return Outcome.PASSED, ""


def gaps_at_release(evidence: Iterable[tuple[EvidenceKey, Iterable[str]]], digest: str, target: str) -> frozenset[str]:
    """The cases that evidence of these bytes names as unsupported on this target."""
    return frozenset(name for key, names in evidence if (key.digest, key.target) == (digest, target) for name in names)


def _is_known_gap(case: Case, gaps: frozenset[str]) -> bool:
    return case.verdict is Verdict.UNSUPPORTED and case.name in gaps


def _flat(text: str) -> str:
    return " ".join(text.replace("│", " ").split())

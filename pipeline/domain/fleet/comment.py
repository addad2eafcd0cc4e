"""The pull request's comment as values: what the `test` and `diff` documents say, the worst first, cut to a size.

Pure; the documents are as `--json` prints them. What is cut is counted, never dropped in silence.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.domain.evidence import short
from pipeline.domain.verdict import SEVERITY, Verdict

MARKER = "<!-- modferry -->"
LIMIT = 65_536
"""Characters that GitHub takes in a comment's body."""
STEPS = ((200, 200, 40, 2000), (100, 60, 12, 1200), (60, 25, 5, 600), (20, 10, 1, 300), (10, 5, 0, 0))
"""(suites, findings a module, cases, characters a case) to try in turn, until the comment fits."""


@dataclass(frozen=True, kw_only=True)
class Documents:
    """What the other commands left."""

    tests: Sequence[Mapping[str, Any]]
    diffs: Sequence[Mapping[str, Any]]


def values_of(documents: Documents, step: tuple[int, int, int, int]) -> dict[str, Any]:
    """Values for the template with at most so many rows."""
    suites, findings, cases, characters = step
    results = sorted((row for document in documents.tests for row in document["results"]), key=_how_bad)
    bad = [
        (row["module"], case)
        for row in results
        for case in row["cases"]
        if case["verdict"] not in (Verdict.PASSED, Verdict.UNSUPPORTED)
    ]
    shown = [row for row in results if row["verdict"] != Verdict.PASSED] if len(results) > suites else results
    shown = (shown + [row for row in results if row not in shown])[:suites]
    return {
        "marker": MARKER,
        "headline": headline(results, documents.diffs),
        "diffs": [_diff(document, findings) for document in documents.diffs],
        "results": [_result(row) for row in shown],
        "more_results": len(results) - len(shown),
        "cases": [_case(module, case, characters) for module, case in bad[:cases]],
        "more_cases": len(bad) - min(len(bad), cases),
        "again": list(dict.fromkeys(row["module"] for row in results if row["verdict"] == Verdict.FAILED))[:3],
    }


def headline(results: Sequence[Mapping[str, Any]], diffs: Sequence[Mapping[str, Any]]) -> str:
    """One line: how many suites have which verdict, and the largest bump."""
    parts = []
    verdicts = [row["verdict"] for row in results]
    for verdict in reversed(SEVERITY):
        count = verdicts.count(verdict)
        if count:
            parts.append(f"{count} suite{'s' * (count > 1)} {verdict}")
    order = ("none", "patch", "minor", "major")
    bumps = [str(document["bump"]) for document in diffs]
    if bumps:
        parts.append(f"needs a {max(bumps, key=order.index)} version" if set(bumps) != {"none"} else "needs no version")
    return ", ".join(parts) or "nothing to test"


def _how_bad(row: Mapping[str, Any]) -> tuple[int, str, str]:
    return (-SEVERITY.index(Verdict(row["verdict"])), row["module"], row["suite"])


def _diff(document: Mapping[str, Any], limit: int) -> dict[str, Any]:
    findings = document["findings"]
    return {
        "module": document["module"],
        "since": document.get("from") or "",
        "bump": document["bump"],
        "findings": [
            {name: finding.get(name) or "" for name in ("bump", "address", "says", "file", "line")}
            for finding in findings[:limit]
        ],
        "more": max(0, len(findings) - limit),
    }


def _result(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "module": row["module"],
        "suite": row["suite"],
        "target": row["target"],
        "verdict": row["verdict"],
        "flaky": ", ".join(row.get("flaky", ())),
        "cases": "" if row["reused"] else len(row["cases"]),
        "time": f"known ({short(row['digest'])})" if row["reused"] else f"{row['seconds']:.1f} s",
    }


def _case(module: str, case: Mapping[str, Any], characters: int) -> dict[str, Any]:
    message = str(case["message"]).strip()
    if len(message) > characters:
        message = message[:characters] + "\n…"
    longest = max((len(run) for run in re.findall(r"`+", message)), default=0)
    return {
        "module": module,
        "name": case["name"],
        "verdict": case["verdict"],
        "message": message,
        "fence": "`" * max(3, longest + 1),
    }


def fitting(texts: Iterable[str]) -> str:
    """The first text that GitHub takes; the last one, cut, where none is small enough."""
    text = ""
    for text in texts:
        if len(text) <= LIMIT:
            return text
    note = "\n\n(cut: the run's artifact holds the rest)\n"
    return text[: LIMIT - len(note)] + note

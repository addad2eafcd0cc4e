"""Terraform's own test files: `terraform test -json`, event by event, into cases.

Format: https://developer.hashicorp.com/terraform/internals/machine-readable-ui (events `test_run`,
`test_file`, `diagnostic`, `test_cleanup`). A run that Terraform skips because an earlier one of its file met
an emulator's gap is unsupported there too; skipped for any other reason is skipped.
"""

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from pipeline.adapters.processes import Outcome
from pipeline.adapters.warm import is_provider_lost
from pipeline.domain.verdict import Case, Verdict

Gap = Callable[[str], str | None]
"""Names the emulator's gap behind an error text, or None."""


def cases_of(file: str, outcome: Outcome, gap: Gap) -> list[Case]:
    """The cases of one test file. Killed or out of time: what did not end is errored."""
    events = list(_events(outcome.stdout))
    said = _diagnostics(events)
    cases: list[Case] = []
    gap_before = ""
    began: dict[str, str] = {}
    for event in events:
        run = event.get("test_run")
        if event.get("type") != "test_run" or not run:
            continue
        name, status = run["run"], run.get("status", "")
        began.setdefault(name, event["@timestamp"])
        if run.get("progress") not in (None, "complete"):
            continue
        text = said.get(name, "")
        verdict, message = _verdict(status, text, gap, gap_before)
        if status == "error" and not text and outcome.could_not_find_out:
            verdict = Verdict.ERRORED  # killed between the status and the reason for it
        gap_before = message if verdict is Verdict.UNSUPPORTED else gap_before
        seconds = (datetime.fromisoformat(event["@timestamp"]) - datetime.fromisoformat(began[name])).total_seconds()
        cases.append(Case(name=f"{file}::{name}", verdict=verdict, seconds=seconds, message=message))
    if outcome.could_not_find_out:
        why = f"killed after {outcome.seconds:.0f} s" if outcome.timed_out else f"ended by signal {-outcome.code}"
        cases.append(Case(name=f"{file}::(end)", verdict=Verdict.ERRORED, seconds=outcome.seconds, message=why))
    elif outcome.code != 0 and not any(
        c.verdict in (Verdict.FAILED, Verdict.ERRORED, Verdict.UNSUPPORTED) for c in cases
    ):
        text = "\n".join(said.values()) or outcome.stderr or outcome.stdout
        cases.append(_whole_file(file, text, gap, outcome.seconds))
    return cases + _cleanup(file, events, "\n".join(said.values()), gap)


def _verdict(status: str, text: str, gap: Gap, gap_before: str) -> tuple[Verdict, str]:
    if status == "pass":
        return Verdict.PASSED, ""
    if status == "skip":
        if gap_before:
            return Verdict.UNSUPPORTED, gap_before
        return Verdict.SKIPPED, "skipped by Terraform: an earlier run of this file did not pass"
    if is_provider_lost(text):
        return Verdict.ERRORED, text
    found = gap(text) if text else None
    return (Verdict.UNSUPPORTED, found) if found else (Verdict.FAILED, text or f"status {status}")


def _whole_file(file: str, text: str, gap: Gap, seconds: float) -> Case:
    found = gap(text)
    verdict = Verdict.UNSUPPORTED if found else Verdict.FAILED
    if is_provider_lost(text):
        found, verdict = None, Verdict.ERRORED
    return Case(name=f"{file}::(file)", verdict=verdict, seconds=seconds, message=found or text)


def _cleanup(file: str, events: Iterable[dict[str, Any]], said: str, gap: Gap) -> list[Case]:
    """What Terraform could not destroy after its runs: named, and a failure; errored where its provider died,
    unsupported where what was said is a gap of the emulator."""
    left = [
        resource.get("instance", "?")
        for event in events
        if event.get("type") == "test_cleanup"
        for resource in event.get("test_cleanup", {}).get("failed_resources", [])
    ]
    if not left:
        return []
    verdict, why = Verdict.FAILED, ""
    if is_provider_lost(said):
        verdict, why = Verdict.ERRORED, " (modferry relay: provider process ended)"
    elif found := gap(said):
        verdict, why = Verdict.UNSUPPORTED, f" ({found})"
    return [Case(name=f"{file}::(cleanup)", verdict=verdict, message=f"left behind: {', '.join(left)}{why}")]


def _events(text: str) -> Iterable[dict[str, Any]]:
    for line in text.splitlines():
        if line.startswith("{"):
            try:
                yield json.loads(line)
            except ValueError:
                continue


def _diagnostics(events: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Run name (empty: no run) → its error diagnostics as text."""
    said: dict[str, str] = {}
    for event in events:
        found = event.get("diagnostic")
        if event.get("type") == "diagnostic" and found and found.get("severity") == "error":
            where = found.get("range") or {}
            start = where.get("start", {})
            place = f" ({where['filename']}:{start['line']}:{start['column']})" if where.get("filename") else ""
            text = f"Error: {found.get('summary', '')}{place}: {found.get('detail', '')}"
            name = event.get("@testrun", "")
            said[name] = f"{said[name]}\n{text}" if name in said else text
    return said

"""The fleet page's content as plain values: the same for report.json and for the template. Pure.

Long lists keep their newest `NEWEST` rows and say how many there are in all.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pipeline.domain.evidence import Evidence
from pipeline.domain.fleet.rows import Board, State
from pipeline.domain.fleet.sentences import tell_all
from pipeline.domain.history import History, Release
from pipeline.domain.ledger import Entry
from pipeline.domain.promotion.claims import fleet_of
from pipeline.domain.promotion.eligibility import parse_time
from pipeline.domain.promotion.record import Promotion

NEWEST = 200


def plan_report(
    *,
    name: str,
    board: Board,
    history: History,
    entries: Sequence[Entry],
    modules: Sequence[Mapping[str, Any]],
    now: datetime,
) -> dict[str, Any]:
    """What report.json holds (schema key aside)."""
    promotions = list(fleet_of(history).promotions.values())[::-1]
    releases = sorted(history.releases.values(), key=lambda r: r.entry, reverse=True)
    evidence = {found.id: found for found in history.evidence.values()}
    told = [
        {"at": entry.at, "actor": entry.actor, "says": says}
        for entry, _, _, says in tell_all(entries)
        if entry.kind != "evidence"
    ]
    return {
        "name": name,
        "at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "status": board.to_json(),
        "states": _count_states(board),
        "modules": [dict(module) for module in modules],
        "promotions": [_promotion(promotion, now) for promotion in promotions[:NEWEST]],
        "releases": [_release(release, history, evidence) for release in releases[:NEWEST]],
        "history": told[: -NEWEST - 1 : -1],
        "totals": {"promotions": len(promotions), "releases": len(releases), "history": len(told)},
    }


def matrix_of(status: Mapping[str, Any]) -> dict[str, Any]:
    """Stacks by modules: `modules` are the columns, `rows` (name, cells); a cell is a pin or None."""
    modules = sorted({pin["module"] for stack in status["stacks"] for pin in stack["pins"]})
    rows = []
    for stack in status["stacks"]:
        pins = {pin["module"]: pin for pin in stack["pins"]}
        rows.append(
            {
                "name": f"{stack['environment']}/{stack['stack']}",
                "note": stack["note"],
                "cells": [pins.get(module) for module in modules],
            }
        )
    return {"modules": modules, "rows": rows}


def length(delta: timedelta) -> str:
    """A length of time for people: `42 s`, `3 min`, `2 h 5 min`, `4 d`."""
    seconds = int(delta.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86400:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 86400} d"


def _count_states(board: Board) -> list[dict[str, Any]]:
    states = [pin.state for stack in board.stacks for pin in stack.pins]
    return [{"state": str(state), "count": states.count(state)} for state in State if state in states]


def _promotion(promotion: Promotion, now: datetime) -> dict[str, Any]:
    end = parse_time(promotion.closed_at) if promotion.closed_at else now
    return {
        "promotion": promotion.id,
        "kind": str(promotion.kind),
        "targets": dict(promotion.targets),
        "environment": promotion.environment,
        "stacks": [{"stack": run.stack, "phase": str(run.phase)} for run in promotion.stacks.values()],
        "opened_at": promotion.opened_at,
        "closed_at": promotion.closed_at or None,
        "took": length(end - parse_time(promotion.opened_at)),
        "outcome": str(promotion.outcome or promotion.phase).replace("_", " "),
        "actor": promotion.holder.actor,
        "why": promotion.why or promotion.reason,
        "bypass": promotion.bypass,
    }


def _release(release: Release, history: History, evidence: Mapping[str, Evidence]) -> dict[str, Any]:
    yank = history.yanks.get((release.module, release.version))
    return {
        "module": release.module,
        "version": str(release.version),
        "tag": release.tag,
        "at": release.at,
        "bump": release.bump,
        "commit": release.commit,
        "digest": release.digest,
        "adopted": release.adopted,
        "yanked": yank.reason if yank else None,
        "evidence": [_evidence(name, evidence.get(name)) for name in release.evidence],
    }


def _evidence(name: str, found: Evidence | None) -> dict[str, Any]:
    """Evidence by its id; one that a newer run of the same suite replaced is still named."""
    if found is None:
        return {"id": name, "suite": "", "target": "", "verdict": "replaced by a newer run"}
    return {"id": name, "suite": found.key.suite, "target": found.key.target, "verdict": str(found.verdict)}

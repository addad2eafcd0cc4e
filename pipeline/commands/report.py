"""`modferry report`: the fleet as one HTML page that needs no network, and as report.json."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipeline.commands.history import ReadEntries
from pipeline.commands.modules import changed_since_release
from pipeline.commands.project import Project
from pipeline.commands.status import Outlook, read_board
from pipeline.domain.fleet.report import matrix_of, plan_report
from pipeline.domain.history import History

Render = Callable[[str, Mapping[str, Any]], str]
WriteFiles = Callable[[Path, Mapping[str, str]], None]
"""Writes files (name → text) into a folder, each in one step."""

SCHEMA = "modferry.report/1"
OUTCOMES = {"verified": "verified", "rolled back": "held", "failed": "unlanded", "refused": "unverified"}
"""How a promotion ended → the colour of its state; open ones are blue."""


def gather_report(outlook: Outlook, read_entries: ReadEntries, *, offline: bool) -> dict[str, Any]:
    """What the page shows, of main and the ledger after a fetch."""
    project = outlook.project
    board = read_board(outlook, offline=offline)
    history = project.ledger.history()
    return plan_report(
        name=project.name,
        board=board,
        history=history,
        entries=read_entries(),
        modules=_modules(project, board.main, history) if board.main else (),
        now=project.clock(),
    )


def make_pages(render: Render, report: Mapping[str, Any]) -> dict[str, str]:
    """File name → text."""
    more = {"matrix": matrix_of(report["status"]), "outcomes": {**OUTCOMES, "abandoned": "unverified"}}
    return {
        "index.html": render("report.html.j2", {**report, **more}),
        "report.json": json.dumps({"schema": SCHEMA, **report}, indent=2) + "\n",
    }


def _modules(project: Project, main: str, history: History) -> list[dict[str, Any]]:
    graph = project.graph(main)
    tags = project.tags(graph)
    rows = []
    for name in graph.order():
        module, latest = graph.modules[name], history.latest(name)
        tag = next((tag for tag in tags[name] if latest and tag.version == latest.version), None)
        rows.append(
            {
                "name": name,
                "path": module.path,
                "closure": list(graph.closure(module)),
                "latest": str(latest.version) if latest else None,
                "changed": changed_since_release(project, graph, module, history, tag),
                "digest": graph.digest(module),
            }
        )
    return rows

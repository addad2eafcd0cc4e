"""The upgrade part of `modferry diff --upgrade`: from evidence where it stands in the ledger, else measured now.

Between the latest release and the working tree it is the upgrade suite itself: what is measured is recorded,
and a release reads the same. Between any other two refs it is measured and nothing is recorded.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pipeline.commands.diff import waivers_of
from pipeline.commands.modules import upgrade_base
from pipeline.commands.project import Project
from pipeline.commands.results import found_by
from pipeline.commands.test import Plan, Progress, Request, plan_tests, run_tests
from pipeline.domain.module import Module, ModuleGraph
from pipeline.domain.parts import upgrade_parts
from pipeline.domain.rehearsal import Rehearsal
from pipeline.domain.rules.finding import Finding
from pipeline.domain.rules.report import DiffReport, with_waivers
from pipeline.domain.upgrade import parse_findings
from pipeline.domain.verdict import Case, Suite, Verdict
from pipeline.errors import UndecidedError, UsageError
from pipeline.ports import Sign, Workbench


@dataclass(frozen=True, kw_only=True)
class Upgrade:
    """What an upgrade does; `source` says where that is known from."""

    findings: tuple[Finding, ...]
    rehearsal: Rehearsal | None
    source: str

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it beside the findings."""
        return {"source": self.source, "rehearsal": self.rehearsal.to_json() if self.rehearsal else None}


def find_upgrade(
    project: Project,
    path: str,
    since: str,
    until: str | None,
    bench: Workbench,
    progress: Progress,
    *,
    sign: Sign | None = None,
) -> Upgrade:
    """The upgrade of the module at `path` from `since` to `until` (None: the working tree).

    Raises UsageError where the older version has no examples, UndecidedError where it could not be found out.
    """
    graph = project.graph(until)
    module = graph.find(path)
    recorded = until is None and since == upgrade_base(project, graph, module, project.ledger.history())
    if recorded:
        request = Request(modules=(module.name,), suites=(Suite.UPGRADE,))
        (result,) = run_tests(project, plan_tests(project, request, bench), bench, progress, sign=sign)
        _insist_known(result.cases, since, module, result.verdict)
        source = "evidence in the ledger" if result.reused else "measured now and recorded"
        return _upgrade(result.found, source)
    cases = _measure(project, graph, module, since, bench, progress)
    _insist_known(cases, since, module, Verdict.EMPTY if not cases else Verdict.PASSED)
    return _upgrade(found_by(cases), "measured now, not recorded: only the upgrade from the latest release is")


def add_upgrade(project: Project, report: DiffReport, upgrade: Upgrade) -> DiffReport:
    """The interface's findings and the upgrade's, waivers counted, the largest bump first."""
    found = with_waivers(upgrade.findings, waivers_of(project.settings), project.clock().date())
    return replace(report, findings=tuple(sorted((*report.findings, *found), key=lambda f: -f.bump)))


def _measure(
    project: Project, graph: ModuleGraph, module: Module, since: str, bench: Workbench, progress: Progress
) -> tuple[Case, ...]:
    parts = upgrade_parts(project.graph(since), module.name, module.path, since)
    if not parts:
        return ()
    wanted = frozenset(path for folder in graph.tested(module) for path in graph.folders[folder])
    cases: list[Case] = []
    progress.begin(Plan(graph=graph, keys={}, reused=(), parts=parts, expected={}), 1)
    try:
        with bench.open(graph.files, wanted) as run_part:
            for part in parts:
                progress.started(part)
                began = time.monotonic()
                some = run_part(part)
                progress.finished(part, some, time.monotonic() - began)
                cases += some
    finally:
        progress.end()
    return tuple(cases)


def _upgrade(found: Any, source: str) -> Upgrade:
    way_back = found.get("rehearsal")
    return Upgrade(
        findings=parse_findings(found.get("findings", ())),
        rehearsal=Rehearsal.from_json(way_back) if way_back else None,
        source=source,
    )


def _insist_known(cases: Iterable[Case], since: str, module: Module, verdict: Verdict) -> None:
    """Fails closed: half a measurement must not look like an upgrade that does nothing."""
    if verdict is Verdict.EMPTY:
        raise UsageError(
            f"{since} has no example of {module.name} to upgrade.", remedy="leave out --upgrade, or add an example"
        )
    bad = [case for case in cases if case.verdict is not Verdict.PASSED]
    if bad or verdict is not Verdict.PASSED:
        said = "; ".join(f"{case.name} is {case.verdict}: {case.message.strip()[:300]}" for case in bad) or verdict
        raise UndecidedError(
            f"The upgrade could not be found out: {said}", remedy=f"modferry test {module.name} --suite upgrade"
        )

"""`modferry test`: gather what must run, run it on the bench, record evidence of exactly these bytes.

Reuse: a suite whose digest, target kind and tools have evidence is not run again (`fresh` runs it). A part
that did not pass while others ran beside it is run once more alone; what passes then is flaky, said and
recorded as such. Evidence is written only when the tested files are still the bytes of the digest.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pipeline.commands.modules import changed_since, upgrade_base
from pipeline.commands.project import Project
from pipeline.commands.results import SuiteResult, found_by, reused_result
from pipeline.domain.evidence import EvidenceKey
from pipeline.domain.history import History
from pipeline.domain.ledger import Draft
from pipeline.domain.module import ModuleGraph
from pipeline.domain.parts import Part, in_shard, longest_first, parts_of, upgrade_parts
from pipeline.domain.statement import NAMESPACE, attested, signed_bytes, statement_of
from pipeline.domain.trust import Signers, countable, fingerprint
from pipeline.domain.verdict import Case, Suite, Verdict, suite_verdict
from pipeline.errors import InterruptedRunError, RefusedError
from pipeline.ports import RunPart, Sign, Workbench

BAD = (Verdict.FAILED, Verdict.ERRORED)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the caller wants tested; no modules: all (or, with `since`, what the change reaches)."""

    modules: tuple[str, ...] = ()
    since: str | None = None
    suites: tuple[Suite, ...] = ()
    fresh: bool = False
    shard: tuple[int, int] = (1, 1)
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will run and what is known already."""

    graph: ModuleGraph
    keys: Mapping[tuple[str, Suite], EvidenceKey]
    reused: tuple[SuiteResult, ...]
    parts: tuple[Part, ...]
    expected: Mapping[tuple[str, str, str], float]


class Progress(Protocol):
    """Who watches a run."""

    def begin(self, plan: Plan, jobs: int) -> None:
        """The run starts."""
        ...

    def started(self, part: Part) -> None:
        """A part starts."""
        ...

    def finished(self, part: Part, cases: Sequence[Case], seconds: float) -> None:
        """A part ended."""
        ...

    def end(self) -> None:
        """The run ended, however."""
        ...


def plan_tests(project: Project, request: Request, bench: Workbench, *, signers: Signers | None = None) -> Plan:
    """Decide what must run: nothing is started. `signers`: only evidence that one of them signed is reused."""
    graph = project.graph()
    names = _chosen(project, graph, request)
    history = project.ledger.history()
    suites = request.suites or tuple(Suite(s) for s in project.settings.test.suites)
    chosen = in_shard([(n, s) for n in names for s in suites], history.seconds, bench.target, request.shard)
    keys: dict[tuple[str, Suite], EvidenceKey] = {}
    reused: list[SuiteResult] = []
    parts: list[Part] = []
    for name in names:
        module = graph.modules[name]
        digest = graph.digest(module)
        there = countable(history, name, digest, graph.tested_tree(module), signers).evidence if signers else None
        for suite in (s for s in suites if (name, s) in chosen):
            base = upgrade_base(project, graph, module, history) if suite is Suite.UPGRADE else ""
            if base is None:
                continue  # nothing to upgrade from: not applicable, which is not the same as empty
            key = bench.tools.key(digest=digest, suite=suite, target=bench.target, base=base)
            keys[name, suite] = key
            known = (history.evidence if there is None else there).get(key)
            if known and not request.fresh and known.verdict in (Verdict.PASSED, Verdict.UNSUPPORTED):
                reused.append(replace(reused_result(known), module=name))
            elif base:
                released = project.graph(base)
                passed = _passed(released, name, history, bench, signers)
                parts += upgrade_parts(released, name, module.path, base, passed)
            else:
                parts += parts_of(graph, module, [suite])
    return Plan(
        graph=graph,
        keys=keys,
        reused=tuple(reused),
        parts=tuple(longest_first(parts, history.seconds, bench.target)),
        expected=history.seconds,
    )


def _passed(
    released: ModuleGraph, name: str, history: History, bench: Workbench, signers: Signers | None
) -> tuple[str, ...]:
    """The integration cases of a release that passed at once with these tools: they need not be found out again."""
    module = released.modules.get(name)
    if module is None:
        return ()
    digest = released.digest(module)
    tree = released.tested_tree(module) if signers else ""
    known = countable(history, name, digest, tree, signers).evidence
    found = known.get(bench.tools.key(digest=digest, suite=Suite.INTEGRATION, target=bench.target))
    return tuple(case for case in found.passed if case not in found.flaky) if found else ()


def run_tests(
    project: Project,
    plan: Plan,
    bench: Workbench,
    progress: Progress,
    *,
    executor: Executor | None = None,
    sign: Sign | None = None,
) -> tuple[SuiteResult, ...]:
    """Run a plan and record what it found, signed where a key is configured. Raises RefusedError when files changed
    meanwhile."""
    ran = run_plan(plan, bench, progress, executor=executor)
    if plan.parts:
        _insist_unchanged(project, plan)
    results = (*plan.reused, *ran)
    drafts = [Draft(kind="evidence", body=_evidence(plan.graph, r, sign)) for r in ran]
    if drafts:
        project.ledger.append(lambda _: drafts, push=False)
    order = {name: i for i, name in enumerate(plan.graph.order())}
    return tuple(sorted(results, key=lambda r: (order[r.module], list(Suite).index(Suite(r.key.suite)))))


def run_plan(
    plan: Plan, bench: Workbench, progress: Progress, *, executor: Executor | None = None
) -> tuple[SuiteResult, ...]:
    """Run the parts of a plan; nothing is recorded."""
    wanted = frozenset(p for part in plan.parts for p in _files_of(plan.graph, part))
    outcomes: dict[Part, tuple[tuple[Case, ...], float]] = {}
    flaky: dict[Part, tuple[str, ...]] = {}
    if plan.parts:
        progress.begin(plan, bench.jobs)
        try:
            with bench.open(plan.graph.files, wanted) as run_part:
                pool = executor or ThreadPoolExecutor(bench.jobs, thread_name_prefix="lane")
                lanes_end = True
                try:
                    outcomes = _run_all(pool, plan.parts, run_part, progress)
                except KeyboardInterrupt:  # the second one: nobody waits for the lanes, the bench ends what they run
                    lanes_end = False
                    raise
                finally:
                    pool.shutdown(wait=lanes_end, cancel_futures=True)
                if bench.jobs > 1:
                    flaky = _again(outcomes, run_part, progress)
        finally:
            progress.end()
    return tuple(_merge(plan, outcomes, flaky))


def _chosen(project: Project, graph: ModuleGraph, request: Request) -> tuple[str, ...]:
    if request.modules:
        names = {graph.find(name).name for name in request.modules}
        return tuple(n for n in graph.order() if n in names)
    return graph.order() if request.since is None else changed_since(project, graph, request.since)


def _files_of(graph: ModuleGraph, part: Part) -> Iterable[str]:
    module = graph.modules[part.module]
    for folder in graph.tested(module):
        yield from graph.folders[folder]


def _run_all(
    pool: Executor, parts: Sequence[Part], run_part: RunPart, progress: Progress
) -> dict[Part, tuple[tuple[Case, ...], float]]:
    """Run every part on the pool. Ctrl-C: what runs is finished, nothing more is started, then it is raised.

    A second Ctrl-C is a KeyboardInterrupt: then nothing is waited for.
    """

    def timed(part: Part) -> tuple[tuple[Case, ...], float]:
        progress.started(part)
        began = time.monotonic()
        cases = tuple(run_part(part))
        seconds = time.monotonic() - began
        progress.finished(part, cases, seconds)
        return cases, seconds

    futures: dict[Future[tuple[tuple[Case, ...], float]], Part] = {}
    try:
        for part in parts:
            futures[pool.submit(timed, part)] = part
        waiting = set(futures)
        while waiting:
            _, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
    except KeyboardInterrupt:
        for future in futures:
            future.cancel()
        wait([f for f in futures if not f.cancelled()])
        raise InterruptedRunError(
            "Stopped: what ran was finished, nothing was recorded.", remedy="modferry test (runs it again)"
        ) from None
    return {part: future.result() for future, part in futures.items()}


def _again(
    outcomes: dict[Part, tuple[tuple[Case, ...], float]], run_part: RunPart, progress: Progress
) -> dict[Part, tuple[str, ...]]:
    """Run alone what did not pass beside others; returns the cases that passed then, by part."""
    flaky: dict[Part, tuple[str, ...]] = {}
    for part, (cases, seconds) in list(outcomes.items()):
        if suite_verdict(cases) not in BAD:
            continue
        progress.started(part)
        began = time.monotonic()
        second = tuple(run_part(part))
        more = time.monotonic() - began
        progress.finished(part, second, more)
        outcomes[part] = (second, seconds + more)
        if suite_verdict(second) not in BAD:
            flaky[part] = tuple(c.name for c in cases if c.verdict in BAD)
    return flaky


def _merge(
    plan: Plan,
    outcomes: Mapping[Part, tuple[tuple[Case, ...], float]],
    flaky: Mapping[Part, tuple[str, ...]],
) -> list[SuiteResult]:
    done = {(r.module, r.key.suite) for r in plan.reused}
    merged = []
    for (name, suite), key in plan.keys.items():
        mine = [p for p in plan.parts if (p.module, p.suite) == (name, suite)]
        if (name, suite) in done:
            continue
        cases = tuple(case for part in mine for case in outcomes[part][0])
        merged.append(
            SuiteResult(
                module=name,
                key=key,
                cases=cases,
                found=found_by(cases),
                seconds=sum(outcomes[part][1] for part in mine),
                flaky=tuple(case for part in mine for case in flaky.get(part, ())),
            )
        )
    return merged


def _evidence(graph: ModuleGraph, result: SuiteResult, sign: Sign | None) -> Mapping[str, Any]:
    evidence = result.to_evidence(graph.tested_tree(graph.modules[result.module]))
    if sign is None:
        return evidence.to_body()
    signature = sign(signed_bytes(statement_of(evidence)), NAMESPACE)
    return attested(evidence, signature, fingerprint(signature))


def _insist_unchanged(project: Project, plan: Plan) -> None:
    """R1: evidence is of the bytes that were tested. Fails closed: a file that changed makes all of it void."""
    now = project.graph()
    for (name, _), key in plan.keys.items():
        if name not in now.modules or now.digest(now.modules[name]) != key.digest:
            raise RefusedError(
                f"Files of {name} changed while its tests ran: nothing was recorded.", remedy=f"modferry test {name}"
            )

"""`modferry reverify`: released versions, on the bytes of their tags, against the newest tools that they allow.

Which: the latest version of each module and every version that a stack on main pins. What is answered is on
origin before the next versions are tried, so a run that is stopped keeps what it found. The upgrade suite is
left out: it is about a step between two versions, and that step was taken.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.commands.project import Project
from pipeline.commands.results import SuiteResult
from pipeline.commands.status import Outlook, read_stacks
from pipeline.commands.test import Plan, Progress, run_plan
from pipeline.domain.evidence import EvidenceKey
from pipeline.domain.history import History, Release
from pipeline.domain.ledger import Draft
from pipeline.domain.module import Files, ModuleGraph
from pipeline.domain.parts import longest_first, parts_of
from pipeline.domain.pins import LOCK_FILE
from pipeline.domain.reverification import (
    KIND,
    Judged,
    Newest,
    Outcome,
    Reverification,
    conclude,
    gaps_at_release,
    judge_again,
)
from pipeline.domain.verdict import Suite
from pipeline.errors import Exit, UndecidedError, UsageError
from pipeline.ports import Workbench

Resolve = Callable[[Files, frozenset[str], str], Mapping[str, str]]
"""(tree, paths to copy, a module's path) → provider → the newest version that the module allows and this machine can
have. Raises UndecidedError where there is none."""
BenchFor = Callable[[Mapping[str, str]], Workbench]
"""A bench whose Terraform picks just these provider versions."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A release to try again, and why: `latest`, `prod/a pins it`, `asked for`."""

    release: Release
    because: tuple[str, ...]

    @property
    def name(self) -> str:
        """`core 1.2.0`."""
        return f"{self.release.module} {self.release.version}"

    def to_json(self) -> dict[str, Any]:
        """As `--dry-run --json` prints it."""
        release = self.release
        return {
            "module": release.module,
            "version": str(release.version),
            "tag": release.tag,
            "because": list(self.because),
        }


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What versions are tried with on this machine."""

    resolve: Resolve
    bench: BenchFor


def choose_versions(outlook: Outlook, names: Sequence[str]) -> tuple[Chosen, ...]:
    """The versions to try again, by module and version; `names` are modules or tags (none: all that are in use).

    Yanked versions are left out unless a tag names them: nobody may promote them anyway. Raises UsageError for a
    name that is neither a module nor a released tag.
    """
    history = outlook.project.ledger.history()
    used = _in_use(outlook, history)
    if not names:
        return tuple(used[key] for key in sorted(used))
    by_tag = {release.tag: key for key, release in history.releases.items()}
    modules = {module for module, _ in history.releases}
    found: dict[tuple[str, Any], Chosen] = {}
    for name in names:
        if name in by_tag:
            release = history.releases[by_tag[name]]
            found[by_tag[name]] = used.get(by_tag[name], Chosen(release=release, because=("asked for",)))
        elif name in modules:
            found.update({key: chosen for key, chosen in used.items() if key[0] == name})
        else:
            raise UsageError(
                f"{name!r} is neither a module with releases nor a released tag.",
                remedy=f"use one of {', '.join(sorted(modules))}" if modules else "modferry release first",
            )
    return tuple(found[key] for key in sorted(found))


def _in_use(outlook: Outlook, history: History) -> dict[tuple[str, Any], Chosen]:
    because: dict[tuple[str, Any], list[str]] = {}
    for module in {module for module, _ in history.releases}:
        latest = history.latest(module)
        if latest:
            because[module, latest.version] = ["latest"]
    by_tag = {(r.module, r.tag): key for key, r in history.releases.items() if key not in history.yanks}
    main = outlook.main(False)
    for stack in read_stacks(outlook, outlook.project.repository.tree(main)) if main else ():
        for module, ref in stack.pins.items():
            if (module, ref) in by_tag:
                because.setdefault(by_tag[module, ref], []).append(f"{stack.environment}/{stack.stack} pins it")
    return {key: Chosen(release=history.releases[key], because=tuple(why)) for key, why in because.items()}


def reverify(
    project: Project, chosen: Sequence[Chosen], tools: Tools, progress: Progress, say: Callable[[str], None]
) -> tuple[Reverification, ...]:
    """Try each version again and record the answers. Nothing of one version's trouble keeps the others from it."""
    suites = tuple(s for name in project.settings.test.suites if (s := Suite(name)) is not Suite.UPGRADE)
    found: list[Reverification] = []
    for one in chosen:
        answer = _try_again(project, one.release, suites, tools, progress)
        _record(project, answer)
        say(f"{answer.name} {_said(answer)}")
        found.append(answer)
    return tuple(found)


def exit_of(found: Iterable[Reverification]) -> Exit:
    """11 where a version failed, 20 where one could not be found out, 3 where there was none."""
    outcomes = {one.outcome for one in found}
    if not outcomes:
        return Exit.NOTHING
    if Outcome.FAILED in outcomes:
        return Exit.TESTS_FAILED
    return Exit.UNDECIDED if Outcome.UNKNOWN in outcomes else Exit.DONE


def _record(project: Project, answer: Reverification) -> None:
    project.ledger.append(lambda _: (Draft(kind=KIND, body=answer.to_body()),), push=True)


def _said(answer: Reverification) -> str:
    match answer.outcome:
        case Outcome.PASSED:
            return f"still passes on {answer.newest}"
        case Outcome.FAILED:
            return f"no longer passes on {answer.newest}: {answer.why}; it cannot be promoted until it does"
        case Outcome.UNKNOWN:
            return f"could not be tried again: {answer.why}; it stands as before"


def _try_again(
    project: Project, release: Release, suites: Sequence[Suite], tools: Tools, progress: Progress
) -> Reverification:
    blank = Reverification(
        module=release.module,
        version=release.version,
        tag=release.tag,
        commit=release.commit,
        outcome=Outcome.UNKNOWN,
        newest=Newest(target=project.settings.test.target),
    )
    try:
        graph = _released_bytes(project, release)
        module = graph.modules[release.module]
        wanted = (p for folder in graph.tested(module) for p in graph.folders[folder] if not _is_lock(p))
        providers = tools.resolve(graph.files, frozenset(wanted), module.path)
        bench = tools.bench(providers)
        blank = replace(blank, newest=_newest(bench, providers))
        results = run_plan(_plan(project, graph, release, suites, bench), bench, progress)
    except UndecidedError as error:
        return replace(blank, why=error.what.rstrip("."))
    judged = _judge(project.ledger.history(), release, results, bench.target)
    outcome, why = conclude(judged)
    return replace(blank, outcome=outcome, why=why, suites=judged)


def _newest(bench: Workbench, providers: Mapping[str, str]) -> Newest:
    tools = bench.tools
    return Newest(target=bench.target, terraform=tools.terraform, emulator=tools.emulator, providers=providers)


def _released_bytes(project: Project, release: Release) -> ModuleGraph:
    """The modules at the released commit (R5).

    Fails closed: other bytes than the released ones say nothing about the version, so it stays unknown.
    """
    there = project.repository.tags().get(release.tag)
    if there != release.commit:
        where = f"is at {there[:12]}" if there else "is not here"
        raise UndecidedError(f"the tag {release.tag} {where}, it was released at {release.commit[:12]}")
    graph = project.graph(release.commit)
    if release.module not in graph.modules:
        raise UndecidedError(f"{release.commit[:12]} holds no module {release.module}")
    if graph.digest(graph.modules[release.module]) != release.digest:
        raise UndecidedError(f"the bytes of {release.tag} are not those of its release")
    return graph


def _plan(project: Project, graph: ModuleGraph, release: Release, suites: Sequence[Suite], bench: Workbench) -> Plan:
    """Every part of these suites, without lock files: they would hold the providers of the release's day."""
    seconds = project.ledger.history().seconds
    keys: dict[tuple[str, Suite], EvidenceKey] = {
        (release.module, suite): bench.tools.key(digest=release.digest, suite=suite, target=bench.target)
        for suite in suites
    }
    parts = longest_first(parts_of(graph, graph.modules[release.module], suites), seconds, bench.target)
    folders = {folder: tuple(p for p in paths if not _is_lock(p)) for folder, paths in graph.folders.items()}
    return Plan(graph=replace(graph, folders=folders), keys=keys, reused=(), parts=tuple(parts), expected=seconds)


def _is_lock(path: str) -> bool:
    return path.rpartition("/")[2] == LOCK_FILE


def _judge(history: History, release: Release, results: Iterable[SuiteResult], target: str) -> tuple[Judged, ...]:
    known = ((key, e.unsupported) for key, e in history.evidence.items() if e.module == release.module)
    gaps = gaps_at_release(known, release.digest, target)
    return tuple(judge_again(Suite(result.key.suite), result.cases, gaps) for result in results)

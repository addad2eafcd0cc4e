"""What may be released: modules that changed since their latest version, with commits, facts and evidence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.commands.diff import waivers_of
from pipeline.commands.modules import changed_since_release, released_tag
from pipeline.commands.project import Project
from pipeline.domain.commits import Commit, parse_commit
from pipeline.domain.evidence import Evidence, EvidenceKey, Tools, gate
from pipeline.domain.history import History
from pipeline.domain.module import Module, ModuleGraph
from pipeline.domain.release import Candidate, Fact
from pipeline.domain.rules.report import with_waivers
from pipeline.domain.trust import Countable, Signers, countable
from pipeline.domain.upgrade import parse_findings
from pipeline.domain.verdict import Suite, Verdict
from pipeline.domain.version import Tag

FactsOf = Callable[[Project, Module, str, str], Sequence[Fact]]
"""(project, module, released tag, commit) → what changed in between and the bump each change requires."""


@dataclass(frozen=True, kw_only=True)
class Gatherer:
    """Gathers candidates at one commit: the evidence of one target with these tools counts."""

    project: Project
    tools: Tools
    target: str
    facts: FactsOf

    def candidates(
        self, names: Sequence[str], base: str, graph: ModuleGraph, history: History, signers: Signers | None = None
    ) -> list[Candidate]:
        """Candidates in dependency order; with `names` only these and what is built on them. With `signers` only
        evidence that one of them signed counts."""
        tags = self.project.tags(graph)
        latest: dict[str, Tag | None] = {name: released_tag(tags[name], history, name) for name in graph.modules}
        changed = {
            name
            for name, module in graph.modules.items()
            if changed_since_release(self.project, graph, module, history, latest[name])
        }
        asked = {graph.find(name).name for name in names}
        chosen = [
            name
            for name in graph.order()
            if name in changed and (not asked or asked & set(graph.closure(graph.modules[name])))
        ]
        found = []
        for name in chosen:
            module = graph.modules[name]
            tree = graph.tested_tree(module) if signers else ""
            known = countable(history, name, graph.digest(module), tree, signers)
            found.append(self._candidate(graph, module, base, latest[name], known, chosen))
        return found

    def _candidate(
        self, graph: ModuleGraph, module: Module, base: str, tag: Tag | None, known: Countable, chosen: Sequence[str]
    ) -> Candidate:
        digest = graph.digest(module)
        suites = tuple(Suite(suite) for suite in self.project.settings.test.suites)
        upgrade = self._key(digest, Suite.UPGRADE, tag.text) if tag else None
        keys = [self._key(digest, suite) for suite in suites if suite is not Suite.UPGRADE]
        if upgrade and Suite.UPGRADE in suites:
            keys.append(upgrade)
        mine = tuple(known.evidence[key] for key in keys if key in known.evidence)
        measured = known.evidence.get(upgrade) if upgrade else None
        whole = measured is not None and measured.verdict is Verdict.PASSED  # of every example, not of some
        if measured and whole and upgrade not in keys:
            mine = (*mine, measured)
        since = tag.text if tag else None
        return Candidate(
            module=module.name,
            path=module.path,
            latest=tag.version if tag else None,
            digest=digest,
            shipped=graph.shipped_digest(module),
            commits=self._commits(graph, module, since, base),
            facts=(*(self.facts(self.project, module, since, base) if since else ()), *self._measured(measured)),
            rehearsal=measured.extra.get("rehearsal", {}) if measured and whole else {},
            evidence=mine,
            gate=gate(module.name, keys, known.evidence, target=self.target, left=known.left),
            because=tuple(n for n in graph.closure(module)[1:] if n in chosen),
        )

    def _key(self, digest: str, suite: str, base: str = "") -> EvidenceKey:
        return self.tools.key(digest=digest, suite=suite, target=self.target, base=base)

    def _measured(self, evidence: Evidence | None) -> tuple[Fact, ...]:
        """The facts of the upgrade suite's evidence, of exactly these bytes and this release before."""
        found = parse_findings(evidence.extra.get("findings", ())) if evidence else ()
        lenient = with_waivers(found, waivers_of(self.project.settings), self.project.clock().date())
        once = {(f.rule, f.address): f for f in reversed(lenient)}  # the largest bump of several examples
        return tuple(Fact(rule=f.rule, bump=f.bump, address=f.address, says=f.says) for f in once.values())

    def _commits(self, graph: ModuleGraph, module: Module, since: str | None, base: str) -> tuple[Commit, ...]:
        """Of the module's own files, and of helpers that are no module: a word about another module's files is about
        that module's users. What it does to these users are facts."""
        others = {p for m in graph.modules.values() if m.name != module.name for p in graph.folders[m.path]}
        own = [path for path in graph.shipped_files(module) if path not in others]
        rows = self.project.repository.subjects(since, base, own)
        return tuple(parse_commit(commit, message) for commit, message in rows)

"""`modferry modules`: modules, their closures, latest version, whether they changed since, digests."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.commands.project import Project
from pipeline.domain.history import History
from pipeline.domain.module import Module, ModuleGraph
from pipeline.domain.version import Tag


@dataclass(frozen=True, kw_only=True)
class ModuleRow:
    """One module as it is now. `changed`: what users get differs from the latest version (or there is none)."""

    name: str
    path: str
    closure: tuple[str, ...]
    latest: str | None
    changed: bool
    digest: str

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "name": self.name,
            "path": self.path,
            "closure": list(self.closure),
            "latest": self.latest,
            "changed": self.changed,
            "digest": self.digest,
        }


def list_modules(project: Project, *, since: str | None = None) -> tuple[ModuleRow, ...]:
    """Every module in dependency order; with `since` only those that changes since that ref reach."""
    graph = project.graph()
    history = project.ledger.history()
    tags = project.tags(graph)
    names = graph.order() if since is None else changed_since(project, graph, since)
    return tuple(_row(project, graph, graph.modules[name], history, tags[name]) for name in names)


def changed_since(project: Project, graph: ModuleGraph, ref: str) -> tuple[str, ...]:
    """Modules whose tested closure has other bytes than at `ref`, or did not exist there."""
    old = project.graph(project.repository.resolve(ref))
    return tuple(
        name
        for name in graph.order()
        if name not in old.modules or old.digest(old.modules[name]) != graph.digest(graph.modules[name])
    )


def changed_since_release(
    project: Project, graph: ModuleGraph, module: Module, history: History, tag: Tag | None
) -> bool:
    """Whether the shipped closure differs from the one at `tag`; without a tag everything is new."""
    if tag is None:
        return True
    known = history.releases.get((module.name, tag.version))
    if known is not None:
        return known.shipped != graph.shipped_digest(module)
    old = project.graph(tag.text)
    return module.name not in old.modules or old.shipped_digest(old.modules[module.name]) != graph.shipped_digest(
        module
    )


def released_tag(tags: Sequence[Tag], history: History, module: str) -> Tag | None:
    """The tag of the newest release that is not yanked; None where there is none, or its tag is not here."""
    released = history.latest(module)
    return next((t for t in tags if released and t.version == released.version), None)


def upgrade_base(project: Project, graph: ModuleGraph, module: Module, history: History) -> str | None:
    """The tag that an upgrade to these files starts from.

    None: there is no release yet, or what users get is what the latest release has; then nothing is upgraded.
    """
    tag = released_tag(project.tags(graph)[module.name], history, module.name)
    return tag.text if tag and changed_since_release(project, graph, module, history, tag) else None


def latest_tag(tags: Sequence[Tag]) -> Tag | None:
    """The newest final version."""
    return next((t for t in reversed(tags) if not t.version.prerelease), None)


def _row(project: Project, graph: ModuleGraph, module: Module, history: History, tags: Sequence[Tag]) -> ModuleRow:
    released = history.latest(module.name)
    tag = next((t for t in tags if released and t.version == released.version), None)
    return ModuleRow(
        name=module.name,
        path=module.path,
        closure=graph.closure(module),
        latest=str(tag.version) if tag else None,
        changed=changed_since_release(project, graph, module, history, tag),
        digest=graph.digest(module),
    )

"""`modferry verify`: proves a tag from the repository alone: its bytes, its message, the ledger, the evidence."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.commands.history import ReadEntries
from pipeline.commands.project import Project
from pipeline.domain.fleet.proof import Bytes, Check, check_bytes, check_evidence, check_message, check_release
from pipeline.domain.ledger import check_chain
from pipeline.domain.version import Tag
from pipeline.errors import UsageError

TagMessage = Callable[[str], str]
"""An annotated tag's message by its name; empty for a lightweight one."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Everything that was asked about a tag."""

    tag: Tag
    found: Bytes
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check holds."""
        return all(check.ok for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "tag": self.tag.text,
            "module": self.tag.module,
            "version": str(self.tag.version),
            "commit": self.found.commit,
            "digest": self.found.digest,
            "verified": self.ok,
            "checks": [check.to_json() for check in self.checks],
        }


def verify_tag(project: Project, read_entries: ReadEntries, message: TagMessage, name: str) -> Proof:
    """Hold a tag against the ledger. Nothing is fetched, no cache is believed.

    Raises RefusedError where the ledger itself was tampered with, UsageError for what is no tag of a module.
    """
    commit = _commit_of(project, name)
    graph = project.graph(commit)
    root = next((m.name for m in graph.modules.values() if m.is_root), None)
    tag = project.tag_format.parse(name, graph.modules, root=root)
    if tag is None:
        raise UsageError(f"{name} is not a version of a module of its own commit.", remedy="modferry modules")
    module = graph.modules[tag.module]
    found = Bytes(commit=commit, digest=graph.digest(module), shipped=graph.shipped_digest(module))
    entries = read_entries()
    check_chain(entries)
    release, first = check_release(entries, tag)
    if release is None:
        return Proof(tag=tag, found=found, checks=(first,))
    checks = (*check_bytes(release, found), check_message(release, message(name)), *check_evidence(entries, release))
    return Proof(tag=tag, found=found, checks=(first, *checks))


def _commit_of(project: Project, name: str) -> str:
    tags = project.repository.tags()
    if name not in tags:
        near = difflib.get_close_matches(name, tags, n=1)
        hint = f"did you mean {near[0]}?" if near else "git fetch --tags"
        raise UsageError(f"There is no tag {name!r} here.", remedy=hint)
    return tags[name]

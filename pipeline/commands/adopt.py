"""`modferry adopt`: writes ledger entries for tags that were there before modferry, so that they can be promoted.

An adopted version carries its digest but no evidence: nobody claims that it was tested.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.commands.project import Project
from pipeline.domain.history import History
from pipeline.domain.ledger import Draft
from pipeline.domain.version import Tag

SharedTags = Callable[[], Mapping[str, str] | None]
"""Tag → commit on the shared remote now, peeled; None without a remote."""


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """What was (or would be) taken over, newest first, and what was left with the reason."""

    tags: tuple[tuple[Tag, str, str], ...]
    """(tag, commit, digest)."""
    left: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "adopted": [
                {"module": t.module, "version": str(t.version), "tag": t.text, "commit": commit, "digest": digest}
                for t, commit, digest in self.tags
            ],
            "left": [{"tag": tag, "why": why} for tag, why in self.left],
        }


def adopt_tags(project: Project, shared: SharedTags, names: Sequence[str], *, dry_run: bool) -> Adopted:
    """Take over every tag of these modules (none: all) that parses and has no release entry.

    A tag that origin does not have, or has elsewhere, is left: promotion would refuse it (R5).
    """
    graph = project.graph()
    wanted = {graph.find(name).name for name in names} or set(graph.modules)
    project.ledger.fetch()
    known = project.ledger.history().releases
    here = project.repository.tags()
    there = shared()
    found: list[tuple[Tag, str, str, Draft]] = []
    left: list[tuple[str, str]] = []
    for module, tags in project.tags(graph).items():
        for tag in reversed(tags) if module in wanted else ():
            if (module, tag.version) in known:
                continue
            commit = here[tag.text]
            why = _why_not(tag.text, commit, there)
            if why:
                left.append((tag.text, why))
                continue
            old = project.graph(commit)
            if module not in old.modules:
                left.append((tag.text, f"its commit holds no module {module}"))
                continue
            digest, shipped = old.digest(old.modules[module]), old.shipped_digest(old.modules[module])
            found.append((tag, commit, digest, _draft(tag, commit, digest, shipped)))

    written: list[tuple[Tag, str, str]] = []

    def decide(history: History) -> Sequence[Draft]:
        new = [one for one in found if (one[0].module, one[0].version) not in history.releases]
        written[:] = [one[:3] for one in new]
        return [one[3] for one in new]

    if dry_run:
        decide(project.ledger.history())
    else:
        project.ledger.append(decide, push=True)
    return Adopted(tags=tuple(written), left=tuple(left))


def _why_not(tag: str, commit: str, there: Mapping[str, str] | None) -> str:
    if there is None or there.get(tag) == commit:
        return ""
    return f"origin has it at {there[tag][:12]}, not {commit[:12]}" if tag in there else "origin does not have it"


def _draft(tag: Tag, commit: str, digest: str, shipped: str) -> Draft:
    """The same body as a release's (domain/release.release_body)."""
    return Draft(
        kind="adopt",
        body={
            "module": tag.module,
            "version": str(tag.version),
            "tag": tag.text,
            "commit": commit,
            "digest": digest,
            "shipped": shipped,
            "bump": "none",
            "from": "",
            "evidence": [],
            "facts": [],
        },
    )

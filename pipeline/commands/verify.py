"""`modferry verify`: proves a tag from the repository alone: its bytes, its message, the ledger, the evidence."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.commands.history import ReadEntries
from pipeline.commands.project import Project
from pipeline.commands.trust import main_signers, signers_at
from pipeline.domain.fleet.proof import (
    Bytes,
    Check,
    TagObject,
    check_bytes,
    check_evidence,
    check_message,
    check_release,
    check_tag,
)
from pipeline.domain.gate import Allowed, Decision, Refused
from pipeline.domain.ledger import check_chain
from pipeline.domain.trust import ALLOWED_SIGNERS, Signers
from pipeline.domain.version import Tag
from pipeline.errors import UsageError

ReadTag = Callable[[str], bytes]
"""An annotated tag's object by its name; empty for a lightweight one."""


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


def verify_tag(project: Project, read_entries: ReadEntries, read_tag: ReadTag, name: str) -> Proof:
    """Hold a tag against the ledger, and what counts against the signers of main. Nothing is fetched, no cache is
    believed.

    Raises RefusedError where the ledger itself was tampered with, UsageError for what is no tag of a module.
    """
    return prove(project, read_entries, read_tag, name, _commit_of(project, name), main_signers(project))


def prove(
    project: Project, read_entries: ReadEntries, read_tag: ReadTag, name: str, commit: str, signers: Signers | None
) -> Proof:
    """The same for a tag that names `commit`, with these signers."""
    graph = project.graph(commit)
    root = next((m.name for m in graph.modules.values() if m.is_root), None)
    tag = project.tag_format.parse(name, graph.modules, root=root)
    if tag is None:
        raise UsageError(f"{name} is not a version of a module of its own commit.", remedy="modferry modules")
    module = graph.modules[tag.module]
    found = Bytes(
        commit=commit,
        digest=graph.digest(module),
        shipped=graph.shipped_digest(module),
        tree=graph.tested_tree(module),
    )
    entries = read_entries()
    check_chain(entries)
    release, first = check_release(entries, tag)
    if release is None:
        return Proof(tag=tag, found=found, checks=(first,))
    written = TagObject(raw=read_tag(name))
    checks = (
        *check_bytes(release, found),
        check_message(release, written.message),
        check_tag(written, release, signers),
        *check_evidence(entries, release, found, signers),
    )
    return Proof(tag=tag, found=found, checks=(first, *checks))


def prove_on_origin(
    project: Project, read_entries: ReadEntries, read_tag: ReadTag, main: str, name: str, commit: str
) -> Decision:
    """Whether a version may move on: where main has `allowed_signers`, its whole proof must hold.

    Fails closed: one signature too few, or one check that does not hold, and nobody who may vouches for these bytes.
    Where main has no `allowed_signers` there is nothing to ask for.
    """
    signers = signers_at(project, main)
    if signers is None:
        return Allowed()
    proof = prove(project, read_entries, read_tag, name, commit, signers)
    bad = tuple(f"{name}: {check.says}." for check in proof.checks if not check.ok)
    if not bad:
        return Allowed()
    module, version = proof.tag.module, proof.tag.version
    return Refused(
        reasons=bad,
        remedy=f"modferry verify {name}; test and release {module} anew with a key of {ALLOWED_SIGNERS}, "
        f"or modferry yank {module} {version} --reason TEXT",
    )


def _commit_of(project: Project, name: str) -> str:
    tags = project.repository.tags()
    if name not in tags:
        near = difflib.get_close_matches(name, tags, n=1)
        hint = f"did you mean {near[0]}?" if near else "git fetch --tags"
        raise UsageError(f"There is no tag {name!r} here.", remedy=hint)
    return tags[name]

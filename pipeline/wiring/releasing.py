"""What a release is held against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.adapters.git import GitRepository
from pipeline.wiring.bench import tools
from pipeline.wiring.signing import signer_of

if TYPE_CHECKING:
    from pipeline.commands.project import Project
    from pipeline.commands.release import Releaser
    from pipeline.domain.module import Module
    from pipeline.domain.release import Fact


def open_releaser(project: Project, environ: Mapping[str, str], target: str | None) -> Releaser:
    """A release of this project with the evidence of one target and the facts of its interfaces."""
    from pipeline.adapters.ledger import GitLedger
    from pipeline.commands.candidates import Gatherer
    from pipeline.commands.release import Releaser

    chosen = target or project.settings.test.target
    assert isinstance(project.repository, GitRepository)
    assert isinstance(project.ledger, GitLedger)
    return Releaser(
        project=project,
        repository=project.repository,
        ledger=project.ledger,
        gatherer=Gatherer(project=project, tools=tools(environ, chosen), target=chosen, facts=interface_facts),
        sign=signer_of(project, environ),
    )


def interface_facts(project: Project, module: Module, tag: str, commit: str) -> list[Fact]:
    """What `modferry diff` finds between a released tag and a commit."""
    from pipeline.adapters.history import RepositoryFiles
    from pipeline.commands.diff import diff, find_target
    from pipeline.domain.release import Fact

    assert isinstance(project.repository, GitRepository)
    target = find_target(RepositoryFiles(project.repository, project.name), project.settings, module.path)
    report = diff(target, project.settings, project.clock().date(), since=tag, until=commit)
    return [Fact(rule=f.rule, bump=f.bump, address=f.address, says=f.says) for f in report.findings]

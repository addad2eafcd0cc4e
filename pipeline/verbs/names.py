"""What the shell completes: names of modules, environments and stacks, released versions.

Promise: a completion prints names or nothing; it changes nothing and fetches nothing.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from pipeline.cli import read_clock
from pipeline.commands.project import Project
from pipeline.errors import ModferryError

Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def _completing(names: Callable[[Project, click.Context], Iterable[str]]) -> Complete:
    """Those that begin with what is typed; none where the repository cannot be read."""

    def complete(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
        from pipeline.wiring import open_project

        try:
            directory = Path(context.find_root().params.get("directory") or ".")
            project = open_project(directory, os.environ, read_clock)
            return sorted(name for name in names(project, context) if name.startswith(typed))
        except ModferryError:
            return []

    return complete


def _modules(project: Project, _: click.Context) -> Iterable[str]:
    return project.graph().modules


def _environments(project: Project, _: click.Context) -> Iterable[str]:
    return project.settings.order


def _stacks(project: Project, _: click.Context) -> Iterable[str]:
    folder = project.repository.root / project.settings.environments_path
    for environment in project.settings.order:
        yield environment
        yield from (f"{environment}/{path.parent.name}" for path in folder.glob(f"{environment}/*/main.tf"))


def _pairs(project: Project, context: click.Context) -> Iterable[str]:
    """After a module its released versions, else modules."""
    given: list[str] = list(context.params.get("pairs") or ())
    if len(given) % 2 == 0:
        return project.graph().modules
    return [str(version) for module, version in project.ledger.history().releases if module == given[-1]]


complete_modules = _completing(_modules)
complete_environments = _completing(_environments)
complete_stacks = _completing(_stacks)
complete_pairs = _completing(_pairs)

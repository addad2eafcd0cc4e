"""The fleet: how it is looked at, and what moves it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.adapters.git import GitRepository
from pipeline.wiring.bench import open_plan_reader, open_warm
from pipeline.wiring.notices import notifier
from pipeline.wiring.repository import open_project
from pipeline.wiring.signing import prover

if TYPE_CHECKING:
    from pipeline.adapters.stacks import OpenTerraform, PackageOf
    from pipeline.adapters.toolchain import Toolchain
    from pipeline.adapters.warm import PlanReader, WarmProvider
    from pipeline.adapters.worktree import OriginMain
    from pipeline.commands.ferry.ports import Ferry
    from pipeline.commands.project import Project
    from pipeline.commands.stack_upgrades import OpenTrials
    from pipeline.commands.status import Outlook
    from pipeline.domain.module import Files


def open_outlook(directory: Path, environ: Mapping[str, str], now: Callable[[], datetime]) -> Outlook:
    """The fleet as origin's main and the ledger tell it; without a remote, as the local branch does."""
    from pipeline.adapters.ledger import GitLedger
    from pipeline.commands.status import Outlook

    project = open_project(directory, environ, now)
    assert isinstance(project.repository, GitRepository)
    assert isinstance(project.ledger, GitLedger)
    repository, ledger, branch = project.repository, project.ledger, project.settings.release.branch
    remote = ledger.remote

    def main(offline: bool) -> str | None:
        if remote and not offline:
            return open_trunk(project).fetch_with_ledger()
        return repository.try_resolve(f"refs/remotes/{remote}/{branch}" if remote else f"refs/heads/{branch}")

    source = project.settings.source or (repository.config(f"remote.{remote}.url") if remote else None)
    return Outlook(project=project, main=main, source=source or str(repository.root))


def environment_terraform(
    project: Project,
    environ: Mapping[str, str],
    toolchain: Toolchain,
    warm: WarmProvider | None,
    reader: PlanReader | None = None,
) -> OpenTerraform:
    """Opens Terraform on a stack's folder of an environment, attached to a warm provider where it may be.

    Where it may not, `reader` spares the provider's start for printing a plan.

    Module sources are redirected to MODFERRY_SOURCE_REDIRECT by git's `url.<base>.insteadOf`, in Terraform's
    environment only: no source line is rewritten.
    """
    from pipeline.adapters.access import access_to
    from pipeline.adapters.terraform import Terraform
    from pipeline.adapters.warm.attach import attach_to

    aws = access_to(project.settings, environ)
    redirect = environ.get("MODFERRY_SOURCE_REDIRECT")
    git = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{redirect}.insteadOf",
        "GIT_CONFIG_VALUE_0": project.settings.source,
    }

    def open_terraform(folder: Path, environment: str, is_warm: bool) -> Terraform:
        credentials = aws(environment)
        # Where a warm environment's stack is stock for its lock's sake, so is the printing of its plan.
        printer = None if warm and project.settings.in_environment(environment).warm else reader
        if printer:
            printer.begin()
        return Terraform(
            argv=toolchain.terraform,
            workdir=folder,
            env={**toolchain.environment(), **credentials, **(git if redirect else {})},
            seconds=project.settings.test.seconds,
            attach=attach_to(warm)(credentials, True) if warm and is_warm else None,
            read_plan=printer.environment if printer else None,
            secrets=tuple(v for k, v in credentials.items() if k in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")),
        )

    return open_terraform


@dataclass(frozen=True, kw_only=True)
class Hands:
    """A run's folder, what opens Terraform on stacks in it, and which provider a warm one is attached to."""

    scratch: Path
    terraform: OpenTerraform
    package: PackageOf


@contextmanager
def open_hands(project: Project, environ: Mapping[str, str], target: str) -> Iterator[Hands]:
    """What works on stacks; whatever was started for that ends with the context."""
    from pipeline.adapters.harness.run_folders import run_folder
    from pipeline.adapters.toolchain import find_toolchain

    reaches = {environment.target for environment in project.settings.environment}
    with run_folder(environ, target, reaches=reaches) as scratch:
        toolchain = find_toolchain(scratch=scratch, environ=environ)
        wants_warm = any(environment.warm for environment in project.settings.environment)
        warm = open_warm(project, environ, toolchain, scratch) if wants_warm else None
        reader = open_plan_reader(environ, toolchain, scratch)
        try:
            yield Hands(
                scratch=scratch,
                terraform=environment_terraform(project, environ, toolchain, warm, reader),
                package=lambda name: warm.package() if warm and project.settings.in_environment(name).warm else None,
            )
        finally:
            if reader:
                reader.end()
            if warm is not None and not environ.get("MODFERRY_RELAY"):
                warm.end()


def open_trunk(project: Project) -> OriginMain:
    """Main on origin, and private copies of it."""
    from pipeline.adapters.ledger import GitLedger
    from pipeline.adapters.worktree import OriginMain

    repository, ledger, settings = project.repository, project.ledger, project.settings
    assert isinstance(repository, GitRepository)
    assert isinstance(ledger, GitLedger)
    return OriginMain(
        repository,
        ledger,
        branch=settings.release.branch,
        folder=settings.environments_path,
        modules=settings.modules.paths,
    )


@contextmanager
def open_stack_trials(project: Project, environ: Mapping[str, str], source: str) -> Iterator[OpenTrials]:
    """Hands that plan a candidate on copies of states; copies and providers end with the context."""
    from pipeline.adapters.stack_trials import TerraformStackTrials

    copies = open_trunk(project)
    with open_hands(project, environ, "stacks") as hands:

        def open_trials(files: Files, wanted: tuple[str, ...]) -> TerraformStackTrials:
            return TerraformStackTrials(
                copies=copies,
                scratch=hands.scratch,
                terraform=hands.terraform,
                package=hands.package,
                source=source,
                files=files,
                wanted=wanted,
            )

        yield open_trials


@contextmanager
def open_ferry(
    project: Project,
    environ: Mapping[str, str],
    say: Callable[[str], None],
    *,
    approvals: Iterable[str] = (),
    accepted: Iterable[str] = (),
) -> Iterator[Ferry]:
    """Everything that a promotion is run with; what was started for it ends with the context."""
    import dataclasses
    import secrets

    from pipeline.adapters.access import access_to
    from pipeline.adapters.holders import MARK, end_leftovers, is_dead, this_holder
    from pipeline.adapters.ledger import GitLedger
    from pipeline.adapters.packages import Packages
    from pipeline.adapters.stacks import TerraformStacks
    from pipeline.adapters.terraform import Terraform
    from pipeline.commands.ferry.ports import Ferry

    repository, ledger, settings = project.repository, project.ledger, project.settings
    assert isinstance(repository, GitRepository)
    assert isinstance(ledger, GitLedger)
    holder = this_holder(ledger.actor)
    source = settings.source or repository.config(f"remote.{repository.remote()}.url") or str(repository.root)
    trunk = open_trunk(project)
    fetched_from = environ.get("MODFERRY_SOURCE_REDIRECT") or source
    key = environ.get("MODFERRY_HASH_KEY")
    with open_hands(project, environ, "promotion") as hands:
        packages = Packages(trunk=trunk, source=source, fetched_from=fetched_from, scratch=hands.scratch / "packages")

        def open_terraform(folder: Path, environment: str, is_warm: bool) -> Terraform:
            terraform = hands.terraform(folder, environment, is_warm)
            return dataclasses.replace(terraform, env={**terraform.env, MARK: holder.mark})

        stacks = TerraformStacks(
            copies=trunk,
            scratch=hands.scratch,
            terraform=open_terraform,
            package=hands.package,
            place=packages.place,
            aws=access_to(settings, environ),
            environments=settings.environment,
            hash_key=key.encode() if key else None,
            stateful=settings.stateful,
        )
        try:
            yield Ferry(
                settings=settings,
                source=source,
                tags=project.tag_format,
                trunk=trunk,
                ledger=ledger,
                stacks=stacks,
                holder=holder,
                now=project.clock,
                new_id=lambda: f"p-{secrets.token_hex(4)}",
                say=say,
                prove=prover(project),
                is_dead=is_dead,
                end_leftovers=end_leftovers,
                notify=notifier(project, environ, say),
                approvals=frozenset(approvals),
                accepted=frozenset(accepted),
                root=project.name if any(repository.root.glob("*.tf")) else "",
            )
        finally:
            stacks.end()

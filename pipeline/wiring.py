"""Settings → real adapters; the only importer of adapters/. Each verb takes from here what it needs.

Adapters are imported where they are used: `status` must not pay for the test bench.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.adapters.git import GitRepository
from pipeline.config import read_settings
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from types import ModuleType

    from pipeline.adapters.harness.workbench import EndingTarget, LocalBench
    from pipeline.adapters.hcl.module import ModuleReader
    from pipeline.adapters.history import RepositoryFiles
    from pipeline.adapters.stacks import OpenTerraform
    from pipeline.adapters.stage import DemoStage
    from pipeline.adapters.toolchain import Finding, Toolchain
    from pipeline.adapters.warm import WarmProvider
    from pipeline.commands.comment import PullRequest, Render
    from pipeline.commands.ferry.ports import Ferry
    from pipeline.commands.project import Project
    from pipeline.commands.release import Releaser
    from pipeline.commands.sandbox import Run, Swept
    from pipeline.commands.status import Outlook
    from pipeline.domain.evidence import Tools
    from pipeline.domain.ledger import Entry
    from pipeline.domain.module import Module
    from pipeline.domain.release import Fact
    from pipeline.domain.settings import Settings


def open_project(directory: Path, environ: Mapping[str, str], now: Callable[[], datetime]) -> Project:
    """The project that `directory` lies in."""
    from pipeline.adapters.ledger import GitLedger
    from pipeline.commands.project import Project

    repository = GitRepository(directory, environ)
    return Project(
        settings=read_settings(repository.root, repository.common_dir / "modferry"),
        repository=repository,
        ledger=GitLedger(repository, now),
        clock=now,
        name=_root_name(repository),
    )


def _root_name(repository: GitRepository) -> str:
    """What a root module is called: the last part of the shared remote's address, or of the folder."""
    remote = repository.remote()
    address = (repository.config(f"remote.{remote}.url") if remote else None) or str(repository.root)
    return address.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1].removesuffix(".git") or "root"


def module_reader() -> ModuleReader:
    """Reads modules' files into interfaces."""
    from pipeline.adapters.hcl.module import ModuleReader

    return ModuleReader()


def write_text(project: Project) -> Callable[[str, str], None]:
    """Writes a text file of the working tree, by its path in the repository, all of it or nothing."""

    def write(path: str, text: str) -> None:
        target = project.repository.root / path
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        draft.write_text(text)
        draft.replace(target)

    return write


def tools(environ: Mapping[str, str], target: str) -> Tools:
    """The versions that evidence of this machine is bound to; nothing but a cached version is asked."""
    import tempfile

    from pipeline.adapters.provider_mirrors import AWS, version_order
    from pipeline.adapters.toolchain import find_toolchain
    from pipeline.domain.evidence import Tools

    with tempfile.TemporaryDirectory(prefix="modferry-") as scratch:
        toolchain = find_toolchain(scratch=Path(scratch), environ=environ)
    versions = toolchain.providers().get(AWS, {})
    return Tools(
        terraform=toolchain.terraform_version,
        provider=max(versions, key=version_order) if versions else "registry",
        emulator=_emulator_version(environ, target),
    )


def _emulator_version(environ: Mapping[str, str], target: str) -> str:
    match target:
        case "moto":
            from pipeline.adapters.emulators.moto import version

            return version()
        case "localstack":
            from pipeline.adapters.emulators.localstack import connect_localstack
            from pipeline.adapters.emulators.localstack_install import VERSION

            running = _running_localstack(environ)
            return connect_localstack(running).version if running else f"localstack {VERSION}"
        case "account":
            return ""
        case _:
            raise UsageError(f"There is no target {target!r}.", remedy="use moto, localstack or account")


def _running_localstack(environ: Mapping[str, str]) -> str:
    """The address of a LocalStack that somebody runs: AWS_ENDPOINT_URL, or LOCALSTACK_HOST (`host:port`)."""
    host = environ.get("LOCALSTACK_HOST", "")
    return environ.get("AWS_ENDPOINT_URL", "") or (f"http://{host}" if host else "")


def open_bench(
    project: Project, environ: Mapping[str, str], *, target: str | None, jobs: int | None, cold: bool
) -> LocalBench:
    """The bench of this machine for one target; nothing is started yet."""
    from pipeline.adapters.harness.checks import leak_check, plan_policy, readme_check
    from pipeline.adapters.harness.upgrade_files import files_of_releases
    from pipeline.adapters.harness.workbench import LocalBench
    from pipeline.adapters.toolchain import find_toolchain

    settings = project.settings.test
    chosen = target or settings.target
    return LocalBench(
        target=chosen,
        tools=tools(environ, chosen),
        jobs=jobs or settings.jobs or default_jobs(),
        toolchain=lambda scratch: find_toolchain(scratch=scratch, environ=environ),
        start=lambda scratch: start_target(chosen, scratch, environ),
        environ=environ,
        region=settings.region,
        seconds=settings.seconds,
        cold=cold or chosen == "account" or bool(environ.get("MODFERRY_COLD")),
        open_warm=lambda toolchain, scratch: open_warm(project, environ, toolchain, scratch),
        policy=plan_policy(project.settings, project.clock),
        readme=readme_check(),
        leaks=leak_check(chosen),
        stateful=project.settings.stateful,
        files_of=files_of_releases(project.repository.tree, project.settings.modules, project.name),
    )


def start_target(name: str, scratch: Path, environ: Mapping[str, str]) -> EndingTarget:
    """Start or connect to a target: moto here, LocalStack where it runs or is installed, a real account."""
    match name:
        case "moto":
            from pipeline.adapters.emulators.moto import start_moto

            return start_moto(scratch=scratch)
        case "localstack":
            from pipeline.adapters.emulators.localstack import connect_localstack, start_localstack

            running = _running_localstack(environ)
            if running:
                return connect_localstack(running)
            return start_localstack(scratch=scratch, environ=environ)
        case _:
            from pipeline.adapters.emulators.account import connect_account

            return connect_account(environ)


def default_jobs() -> int:
    """How many parts run at once: waits dominate, so three a core; 1.5 GB of memory each."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1.5e9
    return max(1, min(3 * (os.cpu_count() or 1), int(memory), 12))


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
            from pipeline.adapters.worktree import OriginMain

            folder = project.settings.environments_path
            return OriginMain(repository, ledger, branch=branch, folder=folder).fetch()
        return repository.try_resolve(f"refs/remotes/{remote}/{branch}" if remote else f"refs/heads/{branch}")

    source = project.settings.source or (repository.config(f"remote.{remote}.url") if remote else None)
    return Outlook(project=project, main=main, source=source or str(repository.root))


def open_stage(
    project: Project, environ: Mapping[str, str], *, keep: Path | None, cold: bool, say: Callable[[str], None]
) -> DemoStage:
    """The demo's stage for this repository."""
    from pipeline.adapters.stage import DemoStage

    return DemoStage(project.repository.root, project.settings, environ=environ, keep=keep, cold=cold, say=say)


def open_warm(project: Project, environ: Mapping[str, str], toolchain: Toolchain, scratch: Path) -> WarmProvider | None:
    """The relay that the whole story shares (MODFERRY_RELAY), or a new one; None: stock Terraform."""
    from pipeline.adapters.provider_mirrors import AWS, provider_binary
    from pipeline.adapters.warm import WarmProvider

    if environ.get("MODFERRY_COLD") or AWS not in toolchain.providers():
        return None
    if environ.get("MODFERRY_RELAY"):
        return WarmProvider.connect(environ["MODFERRY_RELAY"], scratch=scratch)
    memory = project.settings.warm.memory or None
    warm = WarmProvider(binary=provider_binary(toolchain.mirrors), scratch=scratch, memory=memory)
    warm.start()
    return warm


def environment_terraform(
    project: Project, environ: Mapping[str, str], toolchain: Toolchain, warm: WarmProvider | None
) -> OpenTerraform:
    """Opens Terraform on a stack's folder of an environment, attached to a warm provider where it may be.

    Module sources are redirected to MODFERRY_SOURCE_REDIRECT by git's `url.<base>.insteadOf`, in Terraform's
    environment only: no source line is rewritten.
    """
    from pipeline.adapters.access import access_to
    from pipeline.adapters.harness.workbench import attach_to
    from pipeline.adapters.terraform import Terraform

    aws = access_to(project.settings, environ)
    redirect = environ.get("MODFERRY_SOURCE_REDIRECT")
    git = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{redirect}.insteadOf",
        "GIT_CONFIG_VALUE_0": project.settings.source,
    }

    def open_terraform(folder: Path, environment: str, is_warm: bool) -> Terraform:
        credentials = aws(environment)
        return Terraform(
            argv=toolchain.terraform,
            workdir=folder,
            env={**toolchain.environment(), **credentials, **(git if redirect else {})},
            seconds=project.settings.test.seconds,
            attach=attach_to(warm)(credentials) if warm and is_warm else None,
            secrets=tuple(v for k, v in credentials.items() if k in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")),
        )

    return open_terraform


def entries_of(project: Project) -> Callable[[], Sequence[Entry]]:
    """Reads every entry of the ledger as known here."""
    from pipeline.adapters.ledger import GitLedger

    ledger = project.ledger
    assert isinstance(ledger, GitLedger)

    def read() -> Sequence[Entry]:
        tip = ledger.tip()
        return ledger.entries(None, tip) if tip else ()

    return read


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
    from pipeline.adapters.harness.workbench import run_folder
    from pipeline.adapters.holders import MARK, end_leftovers, is_dead, this_holder
    from pipeline.adapters.ledger import GitLedger
    from pipeline.adapters.stacks import TerraformStacks
    from pipeline.adapters.terraform import Terraform
    from pipeline.adapters.toolchain import find_toolchain
    from pipeline.adapters.worktree import OriginMain
    from pipeline.commands.ferry.ports import Ferry

    repository, ledger, settings = project.repository, project.ledger, project.settings
    assert isinstance(repository, GitRepository)
    assert isinstance(ledger, GitLedger)
    holder = this_holder(ledger.actor)
    source = settings.source or repository.config(f"remote.{repository.remote()}.url") or str(repository.root)
    trunk = OriginMain(repository, ledger, branch=settings.release.branch, folder=settings.environments_path)
    key = environ.get("MODFERRY_HASH_KEY")
    with run_folder(environ, "promotion") as scratch:
        toolchain = find_toolchain(scratch=scratch, environ=environ)
        wants_warm = any(environment.warm for environment in settings.environment)
        warm = open_warm(project, environ, toolchain, scratch) if wants_warm else None
        opened = environment_terraform(project, environ, toolchain, warm)

        def open_terraform(folder: Path, environment: str, is_warm: bool) -> Terraform:
            terraform = opened(folder, environment, is_warm)
            return dataclasses.replace(terraform, env={**terraform.env, MARK: holder.mark})

        try:
            yield Ferry(
                settings=settings,
                source=source,
                tags=project.tag_format,
                trunk=trunk,
                ledger=ledger,
                stacks=TerraformStacks(
                    copies=trunk,
                    scratch=scratch,
                    terraform=open_terraform,
                    aws=access_to(settings, environ),
                    environments=settings.environment,
                    hash_key=key.encode() if key else None,
                    stateful=settings.stateful,
                ),
                holder=holder,
                now=project.clock,
                new_id=lambda: f"p-{secrets.token_hex(4)}",
                say=say,
                is_dead=is_dead,
                end_leftovers=end_leftovers,
                approvals=frozenset(approvals),
                accepted=frozenset(accepted),
                root=project.name if any(repository.root.glob("*.tf")) else "",
            )
        finally:
            if warm is not None and not environ.get("MODFERRY_RELAY"):
                warm.end()


def open_module_files(
    directory: Path, environ: Mapping[str, str], module: str, *, whole_history: bool = False
) -> tuple[RepositoryFiles, Settings, str]:
    """The repository that a module's name or path lies in, its settings, and the module as it is called there."""
    from pipeline.adapters.history import HistoryFiles, RepositoryFiles

    folder = (directory / module).resolve()
    repository = GitRepository(folder if folder.is_dir() else directory, environ)
    if folder.is_dir() and folder.is_relative_to(repository.root):
        module = folder.relative_to(repository.root).as_posix()
    kind = HistoryFiles if whole_history else RepositoryFiles
    settings = read_settings(repository.root, repository.common_dir / "modferry")
    return kind(repository, _root_name(repository)), settings, module


def tag_message_of(project: Project) -> Callable[[str], str]:
    """Reads an annotated tag's message by its name."""
    assert isinstance(project.repository, GitRepository)
    return project.repository.tag_message


def shared_tags_of(project: Project) -> Callable[[], Mapping[str, str] | None]:
    """Asks the shared remote for its tags: name → commit; None where there is no remote."""
    repository = project.repository
    assert isinstance(repository, GitRepository)

    def ask() -> Mapping[str, str] | None:
        if repository.remote() is None:
            return None
        refs = {ref.removeprefix("refs/tags/"): found for ref, found in repository.remote_refs("refs/tags/*").items()}
        return {name: refs.get(f"{name}^{{}}", found) for name, found in refs.items() if not name.endswith("^{}")}

    return ask


def emulators() -> ModuleType:
    """Emulators that outlive a command: `start`, `stop`, `status` by name."""
    from pipeline.adapters.emulators import detached

    return detached


def install_emulator(environ: Mapping[str, str], say: Callable[[str], None]) -> Path:
    """Install LocalStack into its own environment."""
    from pipeline.adapters.emulators.localstack_install import install_localstack

    return install_localstack(environ, on_line=say)


def diagnose(environ: Mapping[str, str]) -> list[Finding]:
    """What modferry needs on this machine, and what it found."""
    import tempfile

    from pipeline.adapters import toolchain

    with tempfile.TemporaryDirectory(prefix="modferry-") as scratch:
        return toolchain.diagnose(environ, scratch=Path(scratch))


def sweep_test_runs(environ: Mapping[str, str]) -> Swept:
    """End and remove what dead test runs left on this machine."""
    from pipeline.adapters.harness.workbench import sweep

    return sweep(environ)


def list_test_runs(environ: Mapping[str, str]) -> Sequence[Run]:
    """The folders of test runs on this machine."""
    from pipeline.adapters.harness import workbench
    from pipeline.commands.sandbox import Run

    return [
        Run(folder=folder, target=target, alive=alive, holds=holds)
        for folder, target, alive, holds in workbench.list_runs(environ)
    ]


def renderer() -> Render:
    """Fills templates in."""
    from pipeline.adapters.pages import render

    return render


def pull_request_of(environ: Mapping[str, str], number: int | None) -> PullRequest | None:
    """The pull request that this run is about, if its comments can be written."""
    from pipeline.adapters.github import find_pull_request

    return find_pull_request(environ, number)


def write_pages(folder: Path, files: Mapping[str, str]) -> None:
    """Write text files into a folder (made when absent), each in one step."""
    from pipeline.adapters.pages import write_pages

    write_pages(folder, files)

"""The test bench: tools and their versions, targets, warm providers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.adapters.harness.workbench import EndingTarget, LocalBench
    from pipeline.adapters.toolchain import Toolchain
    from pipeline.adapters.warm import PlanReader, WarmProvider
    from pipeline.commands.project import Project
    from pipeline.commands.reverify import Tools as ReverifyTools
    from pipeline.domain.evidence import Tools


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
    is_cold = cold or chosen == "account" or bool(environ.get("MODFERRY_COLD"))
    return LocalBench(
        target=chosen,
        tools=tools(environ, chosen),
        jobs=jobs or settings.jobs or default_jobs(waits=is_cold),
        toolchain=lambda scratch: find_toolchain(scratch=scratch, environ=environ),
        start=lambda scratch: start_target(chosen, scratch, environ),
        environ=environ,
        region=settings.region,
        seconds=settings.seconds,
        cold=is_cold,
        open_warm=lambda toolchain, scratch: open_warm(project, environ, toolchain, scratch),
        policy=plan_policy(project.settings, project.clock),
        readme=readme_check(),
        leaks=leak_check(chosen),
        stateful=project.settings.stateful,
        files_of=files_of_releases(project.repository.tree, project.settings.modules, project.name),
    )


def reverify_tools(
    project: Project, environ: Mapping[str, str], *, target: str | None, jobs: int | None, cold: bool
) -> ReverifyTools:
    """Asks Terraform for the newest providers of a version; a bench is warm only where it would start just these.

    A warm provider is the newest of the mirrors, and Terraform takes one that it is attached to without asking
    for its version.
    """
    import dataclasses

    from pipeline.adapters.harness.newest import newest_providers
    from pipeline.adapters.provider_mirrors import AWS
    from pipeline.adapters.toolchain import find_toolchain
    from pipeline.commands.reverify import Tools as ReverifyTools
    from pipeline.domain.module import Files

    def resolve(files: Files, wanted: frozenset[str], path: str) -> Mapping[str, str]:
        return newest_providers(lambda scratch: find_toolchain(scratch=scratch, environ=environ), files, wanted, path)

    def bench(providers: Mapping[str, str]) -> LocalBench:
        found = open_bench(project, environ, target=target, jobs=jobs, cold=cold)
        picked = providers.get(AWS, found.tools.provider)
        if picked != found.tools.provider:  # stock, with the lanes of stock
            found = open_bench(project, environ, target=target, jobs=jobs, cold=True)
        return dataclasses.replace(found, tools=dataclasses.replace(found.tools, provider=picked))

    return ReverifyTools(resolve=resolve, bench=bench)


def start_target(name: str, scratch: Path, environ: Mapping[str, str]) -> EndingTarget:
    """Start or connect to a target: moto here (or the one that runs, if it is just that), LocalStack where it runs or
    is installed, a real account."""
    match name:
        case "moto":
            from pipeline.adapters.access import EMULATOR
            from pipeline.adapters.emulators.guest import Guest
            from pipeline.adapters.emulators.moto import connect_moto, start_moto

            host = connect_moto(environ[EMULATOR]) if environ.get(EMULATOR) else None
            return Guest(host, scratch) if host and host.is_ours() else start_moto(scratch=scratch)
        case "localstack":
            from pipeline.adapters.emulators.localstack import connect_localstack, start_localstack

            running = _running_localstack(environ)
            if running:
                return connect_localstack(running)
            return start_localstack(scratch=scratch, environ=environ)
        case _:
            from pipeline.adapters.emulators.account import connect_account

            return connect_account(environ)


def default_jobs(*, waits: bool) -> int:
    """How many parts run at once: three a core where they mostly wait (real accounts, stock providers), else three on
    two cores; 1.5 GB of memory each.

    Warm parts do not wait, and what more of them need is an account and a provider process each: all suites of our
    modules on two cores took 37.3, 37.7 and 35.1 s (71 s of processor time) with three, 45.6, 41.1 and 41.4 s (84 s)
    with six, in turns.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1.5e9
    cores = os.cpu_count() or 1
    return max(1, min(3 * cores if waits else (3 * cores + 1) // 2, int(memory), 12))


def open_plan_reader(environ: Mapping[str, str], toolchain: Toolchain, scratch: Path) -> PlanReader | None:
    """Reads the plans of stock runs with a schema at hand; None where there is nothing to do that with."""
    from pipeline.adapters.provider_mirrors import AWS, provider_binary
    from pipeline.adapters.warm import PlanReader, WarmProvider

    if environ.get("MODFERRY_COLD") or AWS not in toolchain.providers():
        return None
    binary = provider_binary(toolchain.mirrors)
    return PlanReader(WarmProvider(binary=binary, scratch=scratch, shorten=False), binary=binary)


def open_warm(project: Project, environ: Mapping[str, str], toolchain: Toolchain, scratch: Path) -> WarmProvider | None:
    """The relay that the whole story shares (MODFERRY_RELAY), or a new one; None: stock Terraform."""
    from pipeline.adapters.provider_mirrors import AWS, provider_binary
    from pipeline.adapters.warm import WarmProvider

    if environ.get("MODFERRY_COLD") or AWS not in toolchain.providers():
        return None
    if environ.get("MODFERRY_RELAY"):
        return WarmProvider.connect(environ["MODFERRY_RELAY"], scratch=scratch)
    wanted = project.settings.warm
    warm = WarmProvider(
        binary=provider_binary(toolchain.mirrors),
        scratch=scratch,
        memory=wanted.memory or None,
        shorten=wanted.shorten,
    )
    warm.start()
    return warm

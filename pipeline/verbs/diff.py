"""`modferry diff`: options, formats, the exit code."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli import App
from pipeline.commands.diff import DiffTarget, diff_history, find_target
from pipeline.commands.diff import diff as diff_versions
from pipeline.domain.rules.report import DiffReport, HistoryReport
from pipeline.domain.rules.show import FORMATS
from pipeline.errors import Exit, UsageError
from pipeline.verbs.names import complete_modules
from pipeline.verbs.options import json_option
from pipeline.wiring import open_module_files

if TYPE_CHECKING:
    from pipeline.domain.stack_upgrade import StackUpgrade


@click.command()
@click.argument("module", metavar="MODULE|PATH", default=".", shell_complete=complete_modules)
@click.option("--from", "since", metavar="REF", help="The older version. Default: the module's latest version tag.")
@click.option("--to", "until", metavar="REF", help="The newer version. Default: the working tree.")
@click.option("--history", is_flag=True, help="Compare every final version with the one before it.")
@click.option("--upgrade", is_flag=True, help="Apply the older version's examples and plan the newer on them too.")
@click.option("--stacks", is_flag=True, help="Plan the newer version on copies of the states of stacks that pin it.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "sarif", "github", "markdown"]), help="How to print it."
)
@json_option
@click.pass_obj
def diff(
    app: App,
    module: str,
    since: str | None,
    until: str | None,
    history: bool,
    upgrade: bool,
    stacks: bool,
    form: str | None,
) -> Exit:
    """Say what a change does to whoever upgrades, and the version bump it needs.

    \b
    Examples:
      modferry diff vpc                             the working tree against the latest version
      modferry diff vpc --from vpc/v1.2.0 --to main --json
      modferry diff vpc --upgrade                   and what upgrading an applied example would do
      modferry diff vpc --stacks                    and what it would do to each stack that pins it
      modferry diff ../terraform-aws-vpc --history --json
    """
    with nullcontext() if upgrade or stacks else _without_collecting():
        return _diff(app, module, since=since, until=until, history=history, upgrade=upgrade, stacks=stacks, form=form)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """What is read lives until the answer is printed: looking for garbage meanwhile finds none and costs a tenth."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _diff(
    app: App,
    module: str,
    *,
    since: str | None,
    until: str | None,
    history: bool,
    upgrade: bool,
    stacks: bool,
    form: str | None,
) -> Exit:
    if form == "json":
        app.console.as_json = True
    elif form and app.console.as_json:
        raise UsageError("--json and --format say different things.", remedy=f"leave one out: --format {form}")
    files, settings, name = open_module_files(app.directory, app.environ, module, whole_history=history)
    target = find_target(files, settings, name)
    if history:
        if upgrade or stacks:
            raise UsageError("--history only reads files.", remedy="leave out --upgrade and --stacks")
        if since or until or form not in (None, "json", "text"):
            raise UsageError("--history compares all versions.", remedy="leave out --from, --to and --format")
        try:
            report = diff_history(target, time.monotonic)
        finally:
            files.close()
        app.console.document("diff", report.to_json())
        if not app.console.as_json:
            _print_history(report)
        for version, says in report.unreadable:
            app.console.warn(f"{version} is left out: {says}")
        return Exit.DONE
    found = diff_versions(target, settings, app.now().date(), since=since, until=until)
    more: dict[str, Any] = {}
    if upgrade:
        found, more = _add_upgrade(app, files.repository.root, target.folder, found)
    effects: tuple[StackUpgrade, ...] = ()
    if stacks:
        effects = _plan_stacks(app, files.repository.root, target, until)
        more = {**more, "stacks": [effect.to_json() for effect in effects]}
    app.console.document("diff", {**found.to_json(), **more})
    if not app.console.as_json:
        text = FORMATS[form or ("github" if app.console.in_github else "text")](found)
        if text:
            click.echo(text)
    return _show_stacks(app, effects) if stacks else Exit.DONE


def _show_stacks(app: App, found: tuple["StackUpgrade", ...]) -> Exit:
    from pipeline.domain.stack_upgrade import exit_of, show_upgrades

    if not app.console.as_json:
        for line in show_upgrades(found):
            click.echo(line)
    return exit_of(found)


def _plan_stacks(app: App, root: Path, target: DiffTarget, until: str | None) -> tuple["StackUpgrade", ...]:
    from pipeline.commands.stack_upgrades import find_subjects, plan_stacks
    from pipeline.wiring import open_outlook, open_stack_trials

    outlook = open_outlook(root, app.environ, app.now)
    subjects = find_subjects(outlook, target.name)
    app.console.say(f"Planning {len(subjects)} stacks on copies of their states")
    with open_stack_trials(outlook.project, app.environ, outlook.source) as open_trials:
        return plan_stacks(outlook.project, subjects, target.folder, until, open_trials)


def _add_upgrade(app: App, root: Path, folder: str, report: DiffReport) -> tuple[DiffReport, dict[str, Any]]:
    from pipeline.commands.upgrade import add_upgrade, find_upgrade
    from pipeline.verbs.progress import ConsoleProgress
    from pipeline.wiring import open_bench, open_project, signer_of

    project = open_project(root, app.environ, app.now)
    bench = open_bench(project, app.environ, target=None, jobs=None, cold=False)
    watcher, sign = ConsoleProgress(app.console), signer_of(project, app.environ)
    upgrade = find_upgrade(project, folder, report.since, report.until, bench, watcher, sign=sign)
    app.console.say(f"Upgrade: {upgrade.source}. Way back: {upgrade.rehearsal or 'not tried'}")
    return add_upgrade(project, report, upgrade), {"upgrade": upgrade.to_json()}


def _print_history(report: HistoryReport) -> None:
    for pair in report.pairs:
        below = "  below what the facts require" if pair.declared < pair.bump else ""
        click.echo(f"{pair.since} → {pair.until}: declared {pair.declared}, facts {pair.bump}{below}")
    click.echo(f"{len(report.pairs)} pairs in {report.seconds:.2f} s")

"""`modferry yank`, `hold`, `unhold`: options and lines."""

import click

from pipeline.cli import App
from pipeline.commands.hold import Act, stop_version
from pipeline.domain.fleet.stops import Stop
from pipeline.domain.version import parse_version
from pipeline.errors import Exit
from pipeline.verbs.names import complete_modules
from pipeline.verbs.options import dry_run_option, json_option
from pipeline.wiring import open_project


@click.command()
@click.argument("module", shell_complete=complete_modules)
@click.argument("version")
@click.option("--reason", required=True, help="Why; whoever meets this later reads it.")
@dry_run_option
@json_option
@click.pass_obj
def yank(app: App, module: str, version: str, reason: str, dry_run: bool) -> Exit:
    """Forbid new promotions of a version for good; shows the stacks that run it and how to mend them.

    \b
    Examples:
      modferry yank core 1.2.0 --reason "deletes the node group on upgrade"
    """
    return _stop(app, Act.YANK, module, version, "", reason, dry_run=dry_run)


@click.command()
@click.argument("module", shell_complete=complete_modules)
@click.argument("version")
@click.option("--in", "environment", default="", metavar="ENV", help="From this environment on; else everywhere.")
@click.option("--reason", required=True, help="Why; whoever meets this later reads it.")
@dry_run_option
@json_option
@click.pass_obj
def hold(app: App, module: str, version: str, environment: str, reason: str, dry_run: bool) -> Exit:
    """Keep a version from being promoted to an environment and the later ones, until `unhold`.

    \b
    Examples:
      modferry hold core 1.2.0 --in prod --reason "wait for the new quota"
    """
    return _stop(app, Act.HOLD, module, version, environment, reason, dry_run=dry_run)


@click.command()
@click.argument("module", shell_complete=complete_modules)
@click.argument("version")
@click.option("--in", "environment", default="", metavar="ENV", help="The hold of this environment; else every hold.")
@click.option("--reason", required=True, help="Why; whoever meets this later reads it.")
@dry_run_option
@json_option
@click.pass_obj
def unhold(app: App, module: str, version: str, environment: str, reason: str, dry_run: bool) -> Exit:
    """Lift holds of a version.

    \b
    Examples:
      modferry unhold core 1.2.0 --in prod --reason "quota is there"
    """
    return _stop(app, Act.UNHOLD, module, version, environment, reason, dry_run=dry_run)


def _stop(app: App, act: Act, module: str, version: str, environment: str, reason: str, *, dry_run: bool) -> Exit:
    project = open_project(app.directory, app.environ, app.now)
    stop = Stop(module=module, version=parse_version(version), environment=environment, reason=reason)
    result = stop_version(project, act, stop, dry_run=dry_run)
    app.console.say(f"Would write: {result.says}" if dry_run and result.writes else result.says)
    for (where, stack), remedy in zip(result.stacks, result.remedies, strict=True):
        app.console.say(f"{where}/{stack} runs {stop.name}. Next: {remedy}")
    app.console.document(str(act), result.to_json())
    return Exit.DONE if result.writes else Exit.NOTHING

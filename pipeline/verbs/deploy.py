"""`modferry deploy`: options and table."""

from pathlib import Path

import click

from pipeline.cli import App
from pipeline.commands.deploy import asking, read_approvals
from pipeline.commands.deploy import deploy as run_deploy
from pipeline.errors import Exit, ModferryError, UsageError
from pipeline.verbs.ferrying import finish, plan_options, refuse
from pipeline.verbs.names import complete_stacks
from pipeline.verbs.options import json_option
from pipeline.wiring import open_ferry, open_project


@click.command()
@click.argument("where", metavar="ENV[/STACK]", shell_complete=complete_stacks)
@click.option("--bypass", default="", metavar="REASON", help="Skip order, soak, freezes; the reason is recorded.")
@click.option("--at", default="", metavar="COMMIT", help="With --plan-only: look at this commit, not at main.")
@click.option(
    "--land", default="", metavar="COMMIT", help="Move main forward to this commit first, if its plan may be."
)
@click.option(
    "--approve-from",
    "planned",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Apply only what `--plan-only --json` wrote there.",
)
@plan_options
@json_option
@click.pass_obj
def deploy(
    app: App,
    where: str,
    bypass: str,
    at: str,
    land: str,
    planned: Path | None,
    plan_only: bool,
    approvals: tuple[str, ...],
    accepted: tuple[str, ...],
) -> Exit:
    """Apply main as written: a new stack, changed variables. Through the same engine as a promotion.

    \b
    Examples:
      modferry deploy dev                       every stack of dev that differs from main
      modferry deploy prod/eu-west-1 --plan-only
      modferry deploy prod/eu-west-1 --plan-only --at HEAD     what this branch would change
      modferry deploy prod/eu-west-1 --land HEAD --approve 3f9c…
    """
    environment, _, stack = where.partition("/")
    if (at and not plan_only) or (land and plan_only):
        raise UsageError("--at goes with --plan-only, --land without it.", remedy="modferry deploy --help")
    try:
        approved = (*approvals, *(read_approvals(planned.read_text()) if planned else ()))
        project = open_project(app.directory, app.environ, app.now)
        commit = project.repository.resolve(at or land) if at or land else ""
        with open_ferry(project, app.environ, app.console.say, approvals=approved, accepted=accepted) as ferry:
            result = run_deploy(
                asking(ferry, environment) if planned else ferry,
                environment,
                stack,
                bypass=bypass,
                plan_only=plan_only,
                at=commit,
            )
    except ModferryError as error:
        return refuse(app, "deploy", error, environment=environment)
    return finish(app, "deploy", result, f"Nothing to do: {where} is what main says.")

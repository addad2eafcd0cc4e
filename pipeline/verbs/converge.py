"""`modferry converge`: options and lines."""

import click

from pipeline.cli import App
from pipeline.commands.converge import converge as run_converge
from pipeline.commands.converge import exit_of
from pipeline.errors import Exit
from pipeline.verbs.ferrying import approval_options
from pipeline.verbs.names import complete_environments
from pipeline.verbs.options import dry_run_option, json_option
from pipeline.wiring import open_ferry, open_project


@click.command()
@click.argument("environments", nargs=-1, metavar="[ENV]...", shell_complete=complete_environments)
@approval_options
@dry_run_option
@json_option
@click.pass_obj
def converge(
    app: App, environments: tuple[str, ...], approvals: tuple[str, ...], accepted: tuple[str, ...], dry_run: bool
) -> Exit:
    """Promote what lags further behind than the convergence policy of modferry.toml allows.

    \b
    Examples:
      modferry converge --dry-run     which promotions, in which order, and what the gates say today
      modferry converge prod
    """
    project = open_project(app.directory, app.environ, app.now)
    with open_ferry(project, app.environ, app.console.say, approvals=approvals, accepted=accepted) as ferry:
        taken = run_converge(ferry, lambda main: project.graph(main).order(), environments, dry_run=dry_run)
    for one in taken:
        found = one.attempt
        app.console.say(f"{found.phase}: {one.step.name}" + (f": {found.reason}" if found.reason else ""))
        for line in one.step.says:
            app.console.say(f"  {line}")
        if found.next:
            app.console.say(f"  Next: {found.next}")
    if not taken:
        app.console.say("Nothing to do: every stack is as close to the newest as the policy asks for.")
    app.console.document("converge", {"dry_run": dry_run, "steps": [one.to_json() for one in taken]})
    return exit_of(taken)

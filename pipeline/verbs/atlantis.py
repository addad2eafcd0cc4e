"""`modferry atlantis`: options and lines."""

import click

from pipeline.cli import App
from pipeline.commands.atlantis import FILE, plan_atlantis
from pipeline.errors import Exit
from pipeline.verbs.options import dry_run_option, json_option
from pipeline.wiring import open_project, renderer, write_text


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; exit 10 where it is not current.")
@dry_run_option
@json_option
@click.pass_obj
def atlantis(app: App, check: bool, dry_run: bool) -> Exit:
    """Write atlantis.yaml: a project per stack, whose plan and apply go through modferry.

    \b
    Examples:
      modferry atlantis
      modferry atlantis --check
    """
    project = open_project(app.directory, app.environ, app.now)
    found = plan_atlantis(project, renderer())
    written = not (found.is_current or check or dry_run)
    if written:
        write_text(project)(FILE, found.text)
    state = "is current" if found.is_current else "written" if written else "is not current"
    app.console.say(f"{FILE} {state}: {len(found.stacks)} projects")
    if dry_run and not found.is_current:
        app.console.say(found.text.rstrip())
    elif check and not found.is_current:
        app.console.say("Next: modferry atlantis")
    app.console.document("atlantis", found.to_json(written=written))
    return Exit.REFUSED if check and not found.is_current else Exit.DONE

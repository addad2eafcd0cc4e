"""`modferry history`: options and lines."""

import click

from pipeline.cli import App
from pipeline.commands.history import Filter, read_history
from pipeline.errors import Exit
from pipeline.verbs.options import json_option
from pipeline.wiring import entries_of, newest_of, open_project


@click.command()
@click.option("--module", default="", metavar="M", help="Only what is about this module.")
@click.option("--environment", default="", metavar="E", help="Only what happened in this environment.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the newest N.")
@click.option("--offline", is_flag=True, help="As last fetched; ask nobody.")
@json_option
@click.pass_obj
def history(app: App, module: str, environment: str, limit: int | None, offline: bool) -> Exit:
    """Tell what happened, from the ledger, newest last.

    \b
    Examples:
      modferry history --limit 20
      modferry history --module core --environment prod
    """
    project = open_project(app.directory, app.environ, app.now)
    wanted = Filter(module=module, environment=environment, limit=limit or 0)
    told = read_history(project, entries_of(project), newest_of(project), wanted, offline=offline)
    for one in told:
        app.console.say(f"{one.entry.at} {one.entry.actor}: {one.says}")
    app.console.document("history", {"entries": [one.to_json() for one in told]})
    if not told:
        app.console.say("Nothing happened yet.")
    return Exit.DONE

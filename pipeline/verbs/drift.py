"""`modferry drift`: options and lines."""

import click

from pipeline.cli import App
from pipeline.commands.drift import SAYS, Drift, exit_of, find_drift
from pipeline.errors import Exit
from pipeline.verbs.ferrying import ferry_of
from pipeline.verbs.options import json_option


@click.command()
@click.argument("environments", nargs=-1, metavar="[ENV]...")
@json_option
@click.pass_obj
def drift(app: App, environments: tuple[str, ...]) -> Exit:
    """Plan every stack and say what differs: changed outside, or changed in code and not applied.

    \b
    Examples:
      modferry drift            every environment; exit 10 where something differs
      modferry drift prod
    """
    with ferry_of(app, (), ()) as ferry:
        rows = find_drift(ferry, environments)
    for row in rows:
        app.console.say(f"{row.environment}/{row.stack} {SAYS[row.drift]}")
        if row.drift is not Drift.IN_SYNC and row.shown:
            app.console.say(row.shown)
        for one in row.ignored:
            app.console.say(f"  {one}")
        if row.remedy:
            app.console.say(f"  Next: {row.remedy}")
    app.console.document("drift", {"stacks": [row.to_json() for row in rows]})
    return exit_of(rows)

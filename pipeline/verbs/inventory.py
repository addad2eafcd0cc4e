"""`modferry inventory`: options and table."""

from collections import Counter

import click

from pipeline.cli import App
from pipeline.commands.inventory import take_inventory
from pipeline.errors import Exit
from pipeline.verbs.ferrying import ferry_of
from pipeline.verbs.names import complete_environments
from pipeline.verbs.options import json_option


@click.command()
@click.argument("environments", nargs=-1, metavar="[ENV]...", shell_complete=complete_environments)
@click.option("--record", is_flag=True, help="Write it into the ledger, for the next one to be held against.")
@json_option
@click.pass_obj
def inventory(app: App, environments: tuple[str, ...], record: bool) -> Exit:
    """Count what every stack holds: resources by type, stack and region, from the states.

    \b
    Examples:
      modferry inventory prod
      modferry inventory --record     what a schedule does; then each one says what changed since
    """
    with ferry_of(app) as ferry:
        found = take_inventory(ferry, environments, record=record)
    kinds: Counter[tuple[str, str]] = Counter()
    for line in found.lines:
        kinds[line.type, line.region or "-"] += line.count
    app.console.table("", ("type", "region", "count"), [(*key, str(number)) for key, number in sorted(kinds.items())])
    for stack, why in found.unknown.items():
        app.console.say(f"{stack} could not be read: {why}")
    if found.since:
        changes = ", ".join(f"{kind} {number:+d}" for kind, number in found.changes.items())
        app.console.say(f"Since {found.since}: {changes or 'no change'}")
    app.console.document("inventory", found.to_json())
    return found.code

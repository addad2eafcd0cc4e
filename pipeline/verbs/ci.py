"""`modferry ci`: what a CI system asks."""

import json

import click

from pipeline.cli import App
from pipeline.commands.matrix import plan_matrix, to_github
from pipeline.errors import Exit
from pipeline.verbs.options import json_option
from pipeline.wiring import open_project


@click.group()
def ci() -> None:
    """Answer what a CI system asks.

    \b
    Examples:
      echo "matrix=$(modferry ci matrix --shards 4)" >> "$GITHUB_OUTPUT"
    """


@ci.command()
@click.option("--shards", type=click.IntRange(1, 256), default=4, show_default=True, help="At most this many machines.")
@click.option("--since", metavar="REF", help="Only what changes since REF reach.")
@click.option("--on", "target", type=click.Choice(["moto", "localstack", "account"]), help="Whose timings count.")
@json_option
@click.pass_obj
def matrix(app: App, shards: int, since: str | None, target: str | None) -> Exit:
    """Print the test matrix on one line, balanced by what suites took last time.

    Hand the same --since to `modferry test --shard`, and the same ledger: both deal the suites out alike.

    \b
    Examples:
      modferry ci matrix --shards 4 --since origin/main
    """
    project = open_project(app.directory, app.environ, app.now)
    found = plan_matrix(project, shards=shards, since=since, target=target)
    for shard in found:
        row = shard.to_json()
        app.console.say(f"{row['shard']}: {row['suites']} (about {row['seconds']} s)")
    if app.console.as_json:
        app.console.document("ci-matrix", to_github(found))
    else:
        click.echo(json.dumps(to_github(found), separators=(",", ":")))
    return Exit.DONE

"""`modferry report`: options, where the pages are."""

from pathlib import Path

import click

from pipeline.cli import App
from pipeline.commands.report import gather_report, make_pages
from pipeline.errors import Exit
from pipeline.verbs.options import json_option
from pipeline.wiring import entries_of, open_outlook, renderer, write_pages


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="modferry-report",
    show_default=True,
    metavar="DIR",
)
@click.option("--offline", is_flag=True, help="As last fetched; ask nobody.")
@json_option
@click.pass_obj
def report(app: App, out: Path, offline: bool) -> Exit:
    """Write the fleet page: index.html, which needs no network, and report.json with the same content.

    \b
    Examples:
      modferry report --out public
    """
    outlook = open_outlook(app.directory, app.environ, app.now)
    content = gather_report(outlook, entries_of(outlook.project), offline=offline)
    where = out if out.is_absolute() else app.directory / out
    write_pages(where, make_pages(renderer(), content))
    app.console.say(f"The fleet page is {where / 'index.html'}")
    app.console.document("report", content)
    return Exit.DONE

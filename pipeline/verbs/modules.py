"""`modferry modules`: options and table."""

import click

from pipeline.cli import App
from pipeline.commands.modules import list_modules
from pipeline.domain.evidence import short
from pipeline.errors import Exit
from pipeline.verbs.options import json_option
from pipeline.wiring import open_project


@click.command()
@click.option("--since", metavar="REF", help="Only modules that changes since REF reach.")
@json_option
@click.pass_obj
def modules(app: App, since: str | None) -> Exit:
    """List modules, what they call, their latest version and digest.

    \b
    Examples:
      modferry modules
      modferry modules --since main --json
    """
    project = open_project(app.directory, app.environ, app.now)
    rows = list_modules(project, since=since)
    if not app.console.as_json:
        app.console.table(
            "",
            ("module", "latest", "changed", "digest", "calls"),
            [
                (r.name, r.latest or "none", "yes" if r.changed else "no", short(r.digest), ", ".join(r.closure[1:]))
                for r in rows
            ],
        )
    app.console.document("modules", {"modules": [row.to_json() for row in rows]})
    return Exit.DONE if rows else Exit.NOTHING

"""`modferry docs`: options and lines."""

import click

from pipeline.cli import App
from pipeline.commands.docs import DocsState, plan_docs, write_docs
from pipeline.errors import Exit
from pipeline.verbs.names import complete_modules
from pipeline.verbs.options import dry_run_option, json_option
from pipeline.wiring import module_reader, open_project, write_text


@click.command()
@click.argument("modules", nargs=-1, metavar="[MODULE]...", shell_complete=complete_modules)
@click.option("--check", is_flag=True, help="Change nothing; exit 10 where tables are not up to date.")
@dry_run_option
@json_option
@click.pass_obj
def docs(app: App, modules: tuple[str, ...], check: bool, dry_run: bool) -> Exit:
    """Write the README tables of modules between <!-- BEGIN_TF_DOCS --> and <!-- END_TF_DOCS -->.

    \b
    Examples:
      modferry docs                 all modules
      modferry docs vpc --check     what CI runs
    """
    project = open_project(app.directory, app.environ, app.now)
    rows = plan_docs(project, module_reader().read, modules)
    for row in rows:
        if row.state is DocsState.NO_README or (row.state is DocsState.NO_MARKERS and modules):
            app.console.say(f"{row.readme}: {row.state.value}, left alone")
    stale = [row for row in rows if row.state is DocsState.STALE]
    writes = not (check or dry_run)
    written = [row.module for row in stale] if writes else []
    app.console.document("docs", {"modules": [row.to_json() for row in rows], "written": written})
    if check and stale:
        for row in stale:
            app.console.warn(f"{row.readme}: the tables are not what the module's files say.")
        app.console.say(f"Next: modferry docs {' '.join(row.module for row in stale)}")
        return Exit.REFUSED
    if writes:
        write_docs(stale, write_text(project))
    for row in stale:
        app.console.say(f"{row.readme}: {'would be written' if dry_run else 'written'}")
    return Exit.DONE

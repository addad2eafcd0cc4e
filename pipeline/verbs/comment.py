"""`modferry comment`: options, where the comment goes."""

from pathlib import Path

import click

from pipeline.cli import App
from pipeline.commands.comment import comment as put_comment
from pipeline.commands.comment import make_comment
from pipeline.errors import Exit, UsageError
from pipeline.verbs.options import dry_run_option, json_option
from pipeline.wiring import pull_request_of, renderer

FILE = click.Path(path_type=Path)


@click.command()
@click.option("--test", "tests", multiple=True, type=FILE, metavar="FILE", help="What `modferry test --json` printed.")
@click.option("--diff", "diffs", multiple=True, type=FILE, metavar="FILE", help="What `modferry diff --json` printed.")
@click.option("--pr", "number", type=click.IntRange(1), metavar="N", help="The pull request; else as GitHub tells.")
@dry_run_option
@json_option
@click.pass_obj
def comment(app: App, tests: tuple[Path, ...], diffs: tuple[Path, ...], number: int | None, dry_run: bool) -> Exit:
    """Write the pull request's comment (one, kept up to date) from what other commands left.

    Without GITHUB_TOKEN, GITHUB_REPOSITORY and a pull request it is printed.

    \b
    Examples:
      modferry comment --test test.json --diff core.json
    """
    if not tests and not diffs:
        raise UsageError("There is nothing to comment on.", remedy="--test FILE or --diff FILE")
    body = make_comment(renderer(), tests, diffs)
    result = put_comment(pull_request_of(app.environ, number), body, dry_run=dry_run)
    if result.url:
        app.console.say(f"Comment {result.action}: {result.url}")
    app.console.document("comment", result.to_json())
    if result.action == "printed" and not app.console.as_json:
        click.echo(body, nl=False)
    return Exit.DONE

"""`modferry stack new`, `stack retire`: options and lines."""

import click

from pipeline.cli import App
from pipeline.commands.retire import retire as run_retire
from pipeline.commands.stack import new_stack, split_name
from pipeline.errors import Exit, UsageError
from pipeline.verbs.ferrying import ferry_of
from pipeline.verbs.options import dry_run_option, json_option
from pipeline.wiring import fill_template, open_outlook, open_project, remove_files, write_text


@click.group()
def stack() -> None:
    """Make a new isolated environment, or take an empty one away.

    \b
    Examples:
      modferry stack new prod/eu-central-1 --like prod/us-east-1
      modferry stack retire prod/eu-west-1
    """


@stack.command()
@click.argument("name", metavar="ENV/NAME")
@click.option("--like", required=True, metavar="ENV/NAME", help="The stack to take after.")
@click.option("--set", "given", multiple=True, metavar="KEY=VALUE", help="region=…, cidr=…, or what the template asks.")
@dry_run_option
@json_option
@click.pass_obj
def new(app: App, name: str, like: str, given: tuple[str, ...], dry_run: bool) -> Exit:
    """Render a stack after another one: its region, a free address block, the versions that are stable there.

    Writes files and nothing else: commit them, and `modferry deploy` brings the stack up once they are on main.
    Templates in environments/template/ (jinja2, *.j2) are used instead of the other stack's files.

    \b
    Examples:
      modferry stack new prod/eu-central-1 --like prod/us-east-1 --dry-run
      modferry stack new prod/eu-central-1 --like prod/us-east-1 --set cidr=10.40.0.0/20
    """
    outlook = open_outlook(app.directory, app.environ, app.now)
    made = new_stack(outlook.project, outlook.source, name, like, _pairs(given), fill_template())
    write = write_text(outlook.project)
    for path, text in made.files.items():
        if not dry_run:
            write(path, text)
        app.console.say(f"{'would write' if dry_run else 'wrote'} {path}")
    pins = ", ".join(made.pins.values()) or "no module of ours"
    app.console.say(f"{name}: {made.values['region'] or 'no region'}, {made.values['cidr'] or 'no block'}, {pins}")
    document = made.to_json(written=not dry_run)
    app.console.say(f"Next: {document['next']}")
    app.console.document("stack-new", document)
    return Exit.DONE


@stack.command()
@click.argument("name", metavar="ENV/NAME")
@dry_run_option
@json_option
@click.pass_obj
def retire(app: App, name: str, dry_run: bool) -> Exit:
    """Take a stack's folder away; refused while its state holds resources.

    \b
    Examples:
      modferry stack retire prod/eu-west-1 --dry-run
    """
    project = open_project(app.directory, app.environ, app.now)
    environment, stack = split_name(project, name)
    with ferry_of(app) as ferry:
        retired = run_retire(ferry, environment, stack)
    if not dry_run:
        remove_files(project, retired.files)
    app.console.say(f"{name} is empty: {'would remove' if dry_run else 'removed'} {len(retired.files)} files")
    document = retired.to_json(written=not dry_run)
    app.console.say(f"Next: {document['next']}")
    app.console.document("stack-retire", document)
    return Exit.DONE


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key.isidentifier():
            raise UsageError(f"--set {text!r} is not KEY=VALUE.", remedy="--set region=eu-central-1")
        pairs[key] = value
    return pairs

"""`modferry adopt`: options and lines."""

import click

from pipeline.cli import App
from pipeline.commands.adopt import adopt_tags
from pipeline.errors import Exit, RefusedError
from pipeline.verbs.options import dry_run_option, json_option
from pipeline.wiring import open_project, shared_tags_of


@click.command()
@click.argument("modules", nargs=-1, metavar="[MODULE]...")
@click.option("--stack", "stacks", multiple=True, metavar="ENV/STACK", help="Not there yet: says what to do instead.")
@dry_run_option
@json_option
@click.pass_obj
def adopt(app: App, modules: tuple[str, ...], stacks: tuple[str, ...], dry_run: bool) -> Exit:
    """Take over version tags that were made before modferry: newest first, with their digest, without evidence.

    \b
    Examples:
      modferry adopt --dry-run     which tags would be taken over
      modferry adopt vpc           all version tags of vpc
    """
    if stacks:
        raise RefusedError(
            f"Stacks are not adopted by this version: the empty plan and the verification of {', '.join(stacks)} "
            "would have to be seen first, and adopt does not run them.",
            remedy=f"modferry deploy {stacks[0]} --plan-only; with an empty plan, deploy takes it over as it is",
        )
    project = open_project(app.directory, app.environ, app.now)
    result = adopt_tags(project, shared_tags_of(project), modules, dry_run=dry_run)
    word = "would be adopted" if dry_run else "adopted"
    for tag, commit, digest in result.tags:
        app.console.say(f"{tag} {word}: commit {commit[:12]}, {digest[:19]}")
    for name, why in result.left:
        app.console.warn(f"{name} was left: {why}")
    app.console.document("adopt", result.to_json())
    if not result.tags:
        app.console.say("Nothing to adopt: every version tag has its entry in the ledger, or was left.")
    return Exit.DONE if result.tags else Exit.NOTHING

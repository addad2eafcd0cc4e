"""`modferry adopt`: options and lines."""

import click

from pipeline.cli import App
from pipeline.commands.adopt import Adopted, adopt_tags
from pipeline.commands.takeover import Takeover, adopt_stacks
from pipeline.errors import Exit, UsageError
from pipeline.verbs.ferrying import ferry_of
from pipeline.verbs.names import complete_modules
from pipeline.verbs.options import dry_run_option, json_option
from pipeline.wiring import open_project, shared_tags_of


@click.command()
@click.argument("modules", nargs=-1, metavar="[MODULE]...", shell_complete=complete_modules)
@click.option(
    "--stack", "stacks", multiple=True, metavar="ENV[/STACK]", help="A stack that was applied before modferry."
)
@click.option("--all-stacks", is_flag=True, help="Every such stack.")
@dry_run_option
@json_option
@click.pass_obj
def adopt(app: App, modules: tuple[str, ...], stacks: tuple[str, ...], all_stacks: bool, dry_run: bool) -> Exit:
    """Take over what was made before modferry: version tags, or stacks.

    Tags, newest first, with their digest and without evidence. Stacks as main has them, if they pin released versions,
    their plan is empty and their verification passes; nothing is applied.

    \b
    Examples:
      modferry adopt --dry-run            which tags would be taken over
      modferry adopt vpc                  all version tags of vpc
      modferry adopt --stack prod         the stacks of prod, after their modules' tags
    """
    if modules and (stacks or all_stacks):
        raise UsageError("Tags and stacks are taken over one after the other.", remedy="modferry adopt, then --stack")
    if stacks or all_stacks:
        with ferry_of(app) as ferry:
            found = adopt_stacks(ferry, () if all_stacks else stacks, dry_run=dry_run)
        _show_stacks(app, found, dry_run=dry_run)
        app.console.document("adopt", {**Adopted(tags=(), left=()).to_json(), **found.to_json()})
        return found.code
    project = open_project(app.directory, app.environ, app.now)
    result = adopt_tags(project, shared_tags_of(project), modules, dry_run=dry_run)
    word = "would be adopted" if dry_run else "adopted"
    for tag, commit, digest in result.tags:
        app.console.say(f"{tag} {word}: commit {commit[:12]}, {digest[:19]}")
    for name, why in result.left:
        app.console.warn(f"{name} was left: {why}")
    app.console.document("adopt", {**result.to_json(), **Takeover(stacks={}, left={}).to_json()})
    if not result.tags:
        app.console.say("Nothing to adopt: every version tag has its entry in the ledger, or was left.")
    return Exit.DONE if result.tags else Exit.NOTHING


def _show_stacks(app: App, found: Takeover, *, dry_run: bool) -> None:
    for (environment, stack), content in found.stacks.items():
        pins = ", ".join(content.pins.values()) or "no module"
        app.console.say(f"{environment}/{stack} {'would be' if dry_run else 'is'} adopted: {pins}")
    for (environment, stack), error in found.left.items():
        app.console.warn(f"{environment}/{stack} was left: {error}")
    if found.code is Exit.NOTHING:
        app.console.say("Nothing to adopt: the ledger knows every one of these stacks.")

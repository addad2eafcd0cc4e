"""`modferry release`: options and lines."""

import click

from pipeline.cli import App
from pipeline.commands.release import Wish
from pipeline.domain.version import Bump
from pipeline.errors import Exit
from pipeline.verbs.options import dry_run_option, json_option
from pipeline.wiring import open_project, open_releaser


@click.command()
@click.argument("modules", nargs=-1, metavar="[MODULE]...")
@click.option("--bump", type=click.Choice(["patch", "minor", "major"]), help="At least this bump.")
@click.option("--push", is_flag=True, help="Send main, tags and ledger to origin in one atomic push.")
@click.option("--on", "target", type=click.Choice(["moto", "localstack", "account"]), help="Whose evidence counts.")
@dry_run_option
@json_option
@click.pass_obj
def release(
    app: App, modules: tuple[str, ...], bump: str | None, push: bool, target: str | None, dry_run: bool
) -> Exit:
    """Release what changed and has passed every required suite on exactly these bytes.

    \b
    Examples:
      modferry release --dry-run     what would be released
      modferry release --push        release everything that changed, and publish it
      modferry release vpc           vpc and the modules built on it, pending here
    """
    project = open_project(app.directory, app.environ, app.now)
    wish = Wish(modules=modules, bump=Bump.parse(bump) if bump else None, push=push, dry_run=dry_run)
    outcome = open_releaser(project, app.environ, target).release(wish)
    word = (
        "would be released" if dry_run else "released" if push else "released here (modferry release --push sends it)"
    )
    for new, tag, commit in outcome.released:
        app.console.say(f"{tag} {word}: {new.bump}, commit {commit[:12]}, {new.candidate.digest[:19]}")
    for refusal in outcome.refused:
        app.console.say(f"Refused: {refusal.module}: {' '.join(refusal.reasons)} Next: {refusal.remedy}")
    app.console.document("release", outcome.to_json())
    if outcome.refused:
        return Exit.UNDECIDED if all(r.unknown for r in outcome.refused) else Exit.REFUSED
    if not outcome.released:
        app.console.say("Nothing to release: no module changed since its latest version.")
        return Exit.NOTHING
    return Exit.DONE

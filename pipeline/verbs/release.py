"""`modferry release`: options and lines."""

import click

from pipeline.cli import App
from pipeline.commands.announce import announce
from pipeline.commands.project import Project
from pipeline.commands.release import Wish
from pipeline.domain.announcing import Announced
from pipeline.domain.version import Bump
from pipeline.errors import Exit, ModferryError
from pipeline.verbs.names import complete_modules
from pipeline.verbs.options import dry_run_option, json_option
from pipeline.wiring import open_project, open_releaser, release_pages_of


@click.command()
@click.argument("modules", nargs=-1, metavar="[MODULE]...", shell_complete=complete_modules)
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
    announced = _announce(app, project) if push and not dry_run else ()
    app.console.document("release", {**outcome.to_json(), "announced": [one.to_json() for one in announced]})
    if outcome.refused:
        return Exit.UNDECIDED if all(r.unknown for r in outcome.refused) else Exit.REFUSED
    if not outcome.released:
        app.console.say("Nothing to release: no module changed since its latest version.")
        return Exit.NOTHING
    return Exit.DONE


def _announce(app: App, project: Project) -> tuple[Announced, ...]:
    """The host's release pages, where GITHUB_TOKEN and GITHUB_REPOSITORY name one; the exit code stays what it is."""
    try:
        pages = release_pages_of(app.environ)
        found = announce(project, pages) if pages else ()
    except ModferryError as error:
        found = (Announced(tag="", why=str(error)),)
    for one in found:
        if one.why:
            app.console.warn(f"No release page{' for ' + one.tag if one.tag else ''}: {one.why}")
        else:
            app.console.say(f"{one.tag}: {one.url}")
    return found

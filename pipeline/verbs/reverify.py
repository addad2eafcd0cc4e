"""`modferry reverify`: options and lines."""

import click

from pipeline.cli import App
from pipeline.commands.reverify import choose_versions, exit_of
from pipeline.commands.reverify import reverify as reverify_versions
from pipeline.errors import Exit
from pipeline.verbs.options import dry_run_option, json_option
from pipeline.verbs.progress import ConsoleProgress
from pipeline.wiring import open_outlook, reverify_tools


@click.command()
@click.argument("names", nargs=-1, metavar="[MODULE|TAG]...")
@click.option("--on", "target", type=click.Choice(["moto", "localstack", "account"]), help="Where suites run.")
@click.option("-j", "--jobs", type=click.IntRange(1, 64), help="Parts that run at once.")
@click.option("--cold", is_flag=True, help="Stock Terraform, without the warm provider.")
@dry_run_option
@json_option
@click.pass_obj
def reverify(app: App, names: tuple[str, ...], target: str | None, jobs: int | None, cold: bool, dry_run: bool) -> Exit:
    """Run the suites of released versions again, against the newest Terraform and provider that they allow.

    Without names: the latest version of each module and every version that a stack pins. A version that fails
    cannot be promoted until it passes; one that could not be tried stands as before (exit code 20). The answers
    are on origin at once.

    \b
    Examples:
      modferry reverify --dry-run        which versions, and why
      modferry reverify                  every night
      modferry reverify core/v1.2.0      one version, after its cause was mended
    """
    outlook = open_outlook(app.directory, app.environ, app.now)
    outlook.project.ledger.fetch()
    chosen = choose_versions(outlook, names)
    if dry_run:
        for one in chosen:
            app.console.say(f"would run the suites of {one.name} again: {', '.join(one.because)}")
        app.console.document("reverify", {"dry_run": True, "versions": [one.to_json() for one in chosen]})
        return Exit.DONE if chosen else Exit.NOTHING
    tools = reverify_tools(outlook.project, app.environ, target=target, jobs=jobs, cold=cold)
    found = reverify_versions(outlook.project, chosen, tools, ConsoleProgress(app.console), app.console.say)
    rows = [{**one.to_body(), "because": list(why.because)} for one, why in zip(found, chosen, strict=True)]
    app.console.document("reverify", {"dry_run": False, "versions": rows})
    if not found:
        app.console.say("Nothing to try again: no module was released.")
    return exit_of(found)

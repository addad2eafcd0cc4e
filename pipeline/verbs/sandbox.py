"""`modferry sandbox`: options and lines."""

import click

from pipeline.cli import App
from pipeline.commands.sandbox import sweep_runs
from pipeline.errors import Exit
from pipeline.verbs.options import dry_run_option, json_option
from pipeline.wiring import list_test_runs, sweep_test_runs


@click.group()
def sandbox() -> None:
    """Find and remove what test runs left behind: processes, folders, and resources of real accounts.

    \b
    Examples:
      modferry sandbox status
      modferry sandbox sweep
    """


@sandbox.command()
@dry_run_option
@json_option
@click.pass_obj
def sweep(app: App, dry_run: bool) -> Exit:
    """End the processes of dead runs and remove their folders.

    Exit code 20 when a run against a real account left a state with resources: it is named, and stays.

    \b
    Examples:
      modferry sandbox sweep --json
    """
    if dry_run:
        dead = [run for run in list_test_runs(app.environ) if not run.alive]
        for run in dead:
            app.console.say(f"{'would stay' if run.stays else 'would be removed'}: {run.folder}")
        gone = [str(run.folder) for run in dead if not run.stays]
        stays = [str(run.folder) for run in dead if run.stays]
        app.console.document("sandbox-sweep", {"ended": [], "removed": gone, "left": stays, "dry_run": True})
        return Exit.DONE
    document, code = sweep_runs(lambda: sweep_test_runs(app.environ))
    app.console.say(f"{len(document['ended'])} processes ended, {len(document['removed'])} folders removed")
    for folder in document["left"]:
        app.console.say(
            f"Unknown: {folder} holds the state of resources in a real account. "
            f"Next: terraform destroy with that state, then remove the folder"
        )
    app.console.document("sandbox-sweep", document)
    return code


@sandbox.command()
@json_option
@click.pass_obj
def status(app: App) -> Exit:
    """List the folders of test runs on this machine, running and left.

    \b
    Examples:
      modferry sandbox status --json
    """
    runs = list_test_runs(app.environ)
    for run in runs:
        state = "running" if run.alive else "left"
        app.console.say(f"{run.folder}: {state}, on {run.target or 'unknown'}{', state holds resources' * run.holds}")
    if not runs:
        app.console.say("Nothing is running and nothing was left.")
    app.console.document("sandbox-status", {"runs": [run.to_json() for run in runs]})
    return Exit.DONE

"""`modferry emulator`: install, start, stop and show emulators on this machine, without Docker."""

import click

from pipeline.cli import App
from pipeline.errors import Exit
from pipeline.verbs.options import json_option
from pipeline.wiring import emulators, install_emulator

NAMES = ("moto", "localstack")
name_argument = click.argument("name", type=click.Choice(NAMES), default="moto")


@click.group()
def emulator() -> None:
    """Install, start, stop or show moto and LocalStack, without Docker.

    \b
    Examples:
      modferry emulator install localstack
      eval "$(modferry emulator start)"     environments with target = "moto" live there now
      modferry emulator stop
    """


@emulator.command()
@name_argument
@click.pass_obj
def install(app: App, name: str) -> Exit:
    """Install an emulator into an environment of its own."""
    if name == "moto":
        app.console.say("moto comes with modferry: pip install 'modferry[emulator]'")
        return Exit.NOTHING
    app.console.say("Installing LocalStack 4.14.0, the last release that needs no token (0.5 GB) …")
    where = install_emulator(app.environ, app.console.say)
    app.console.say(f"installed: {where}")
    return Exit.DONE


@emulator.command()
@name_argument
@json_option
@click.pass_obj
def start(app: App, name: str) -> Exit:
    """Start an emulator that goes on until `stop`; print what to export."""
    running = emulators().start(name, app.environ)
    if app.console.as_json:
        app.console.document("emulator", {"running": [{"name": name, "endpoint": running.endpoint}]})
    else:
        print(f"export MODFERRY_EMULATOR={running.endpoint}")
    return Exit.DONE


@emulator.command()
@name_argument
@click.pass_obj
def stop(app: App, name: str) -> Exit:
    """End an emulator that `start` started."""
    was = emulators().stop(name, app.environ)
    app.console.say(f"{name} {'ended' if was else 'was not running'}")
    return Exit.DONE if was else Exit.NOTHING


@emulator.command()
@json_option
@click.pass_obj
def status(app: App) -> Exit:
    """Show which emulators run."""
    running = [found for name in NAMES if (found := emulators().status(name, app.environ))]
    for found in running:
        app.console.say(f"{found.name} at {found.endpoint}")
    if not running:
        app.console.say("No emulator runs. Next: modferry emulator start")
    app.console.document("emulator", {"running": [{"name": r.name, "endpoint": r.endpoint} for r in running]})
    return Exit.DONE if running else Exit.NOTHING

"""`modferry demo`: options, and the sum at the end."""

import json
import time
from pathlib import Path

import click

from pipeline.cli import App
from pipeline.commands.demo import play
from pipeline.errors import Exit
from pipeline.verbs.options import json_option
from pipeline.wiring import open_project, open_stage


@click.command()
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Keep origin.git, clone and report.json.")
@click.option("--cold", is_flag=True, help="Stock Terraform in the environments and tests.")
@json_option
@click.pass_obj
def demo(app: App, keep: Path | None, cold: bool) -> Exit:
    """Play the whole story on an embedded emulator, in a throw-away clone of this repository.

    \b
    Examples:
      modferry demo
      modferry demo --keep /tmp/ferry --json
    """
    project = open_project(app.directory, app.environ, app.now)
    began = time.monotonic()
    with open_stage(project, app.environ, keep=keep, cold=cold, say=app.console.say) as stage:
        played = play(stage, app.console.say)
        seconds = time.monotonic() - began
        result = {"seconds": round(seconds, 1), "cold": cold, "steps": [step.to_json() for step in played]}
        (stage.folder / "report.json").write_text(json.dumps(result, indent=2))
    app.console.say(f"\nThe whole story took {seconds:.1f} s.")
    if keep:
        app.console.say(f"Everything is in {keep}: origin.git, clone, report.json, page/index.html")
    else:
        app.console.say("Keep it with: modferry demo --keep DIR")
    app.console.document("demo", result)
    return Exit.DONE

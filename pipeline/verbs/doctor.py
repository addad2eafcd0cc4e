"""`modferry doctor`: what this machine has, what is missing, and the command that mends it."""

import click

from pipeline.cli import App
from pipeline.errors import Exit
from pipeline.verbs.options import json_option
from pipeline.wiring import diagnose

NEEDED = ("terraform", "git")


@click.command()
@json_option
@click.pass_obj
def doctor(app: App) -> Exit:
    """Show what modferry found on this machine.

    \b
    Examples:
      modferry doctor
    """
    findings = diagnose(app.environ)
    for finding in findings:
        app.console.say(f"{'ok     ' if finding.found else 'missing'} {finding.name}: {finding.detail}")
        if finding.remedy and not finding.found:
            app.console.say(f"        Next: {finding.remedy}")
    rows = [{"name": f.name, "found": f.found, "detail": f.detail, "next": f.remedy} for f in findings]
    app.console.document("doctor", {"findings": rows})
    return Exit.DONE if all(f.found for f in findings if f.name in NEEDED) else Exit.UNDECIDED

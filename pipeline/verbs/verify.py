"""`modferry verify`: options and lines."""

import click

from pipeline.cli import App
from pipeline.commands.verify import verify_tag
from pipeline.errors import Exit
from pipeline.verbs.options import json_option
from pipeline.wiring import entries_of, open_project, tag_reader_of


@click.command()
@click.argument("tag")
@json_option
@click.pass_obj
def verify(app: App, tag: str) -> Exit:
    """Prove a released tag from this repository alone: bytes, message, ledger, evidence and signatures
    tell one story.

    \b
    Examples:
      modferry verify core/v1.2.0
    """
    project = open_project(app.directory, app.environ, app.now)
    proof = verify_tag(project, entries_of(project), tag_reader_of(project), tag)
    for check in proof.checks:
        app.console.say(f"{'ok     ' if check.ok else 'Refused'} {check.name}: {check.says}")
    app.console.document("verify", proof.to_json())
    if not proof.ok:
        app.console.say(
            f"{tag} is not what was released. Next: modferry yank {proof.tag.module} {proof.tag.version} --reason TEXT"
        )
    return Exit.DONE if proof.ok else Exit.REFUSED

"""`modferry recover`: options and what became of each promotion."""

import click

from pipeline.cli import App
from pipeline.commands.recover import recover as run_recover
from pipeline.errors import Exit
from pipeline.verbs.ferrying import ferry_of, show
from pipeline.verbs.options import json_option


@click.command()
@click.option("--holder-dead", is_flag=True, help="You know that the run on the other machine is gone.")
@click.option("--abandon", default="", metavar="PROMOTION", help="Close a promotion that changed nothing.")
@click.option("--back", default="", metavar="PROMOTION", help="Take one back, whatever it waits for.")
@click.option("--reason", default="", help="Why it is taken back; it is recorded.")
@click.option("--dry-run", is_flag=True, help="Say which promotions are open and who holds them.")
@json_option
@click.pass_obj
def recover(app: App, holder_dead: bool, abandon: str, back: str, reason: str, dry_run: bool) -> Exit:
    """Finish or undo what an interrupted run left, as the ledger, the state and a fresh plan tell.

    \b
    Examples:
      modferry recover
      modferry recover --abandon p-3f9c12ab
      modferry recover --back p-3f9c12ab --reason "nobody can say whether it works"
    """
    with ferry_of(app) as ferry:
        recovery = run_recover(
            ferry, holder_dead=holder_dead, abandon=abandon, back=back, reason=reason, dry_run=dry_run
        )
    for result in recovery.results:
        show(app, result.to_document())
    for promotion, why in recovery.left:
        app.console.say(f"{promotion.title}: {why}")
    if not recovery.results and not recovery.left:
        app.console.say("Nothing to recover: no promotion is open.")
    app.console.document("recover", recovery.to_document())
    return recovery.code

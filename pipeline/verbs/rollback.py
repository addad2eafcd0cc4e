"""`modferry rollback`: options and table."""

import click

from pipeline.cli import App
from pipeline.commands.rollback import rollback as run_rollback
from pipeline.domain.version import parse_version
from pipeline.errors import Exit, ModferryError
from pipeline.verbs.ferrying import ferry_of, finish, plan_options, refuse
from pipeline.verbs.names import complete_environments, complete_modules
from pipeline.verbs.options import json_option


@click.command()
@click.argument("environment", metavar="ENV", shell_complete=complete_environments)
@click.argument("module", shell_complete=complete_modules)
@click.option("--to", "version", metavar="VERSION", help="Another version than the newest earlier verified one.")
@click.option("--reason", required=True, help="Why; it is kept with the hold.")
@plan_options
@json_option
@click.pass_obj
def rollback(
    app: App,
    environment: str,
    module: str,
    version: str | None,
    reason: str,
    plan_only: bool,
    approvals: tuple[str, ...],
    accepted: tuple[str, ...],
) -> Exit:
    """Go back to the newest earlier version that was verified there, and hold the one that is left.

    \b
    Examples:
      modferry rollback prod core --reason "latency doubled"
      modferry rollback prod core --to 1.2.3 --reason "1.3 leaks"
    """
    to = parse_version(version) if version else None
    try:
        with ferry_of(app, approvals, accepted) as ferry:
            result = run_rollback(ferry, environment, module, reason=reason, to=to, plan_only=plan_only)
    except ModferryError as error:
        return refuse(app, "rollback", error, module=module, version=version, environment=environment)
    return finish(app, "rollback", result, f"Nothing to do: {environment} runs that version already.")

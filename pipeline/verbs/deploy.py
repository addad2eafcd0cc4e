"""`modferry deploy`: options and table."""

import click

from pipeline.cli import App
from pipeline.commands.deploy import deploy as run_deploy
from pipeline.errors import Exit, ModferryError
from pipeline.verbs.ferrying import ferry_of, finish, plan_options, refuse
from pipeline.verbs.options import json_option


@click.command()
@click.argument("where", metavar="ENV[/STACK]")
@click.option("--bypass", default="", metavar="REASON", help="Skip order and soak; the reason is recorded.")
@plan_options
@json_option
@click.pass_obj
def deploy(
    app: App, where: str, bypass: str, plan_only: bool, approvals: tuple[str, ...], accepted: tuple[str, ...]
) -> Exit:
    """Apply main as written: a new stack, changed variables. Through the same engine as a promotion.

    \b
    Examples:
      modferry deploy dev                       every stack of dev that differs from main
      modferry deploy prod/eu-west-1 --plan-only
    """
    environment, _, stack = where.partition("/")
    try:
        with ferry_of(app, approvals, accepted) as ferry:
            result = run_deploy(ferry, environment, stack, bypass=bypass, plan_only=plan_only)
    except ModferryError as error:
        return refuse(app, "deploy", error, environment=environment)
    return finish(app, "deploy", result, f"Nothing to do: {where} is what main says.")

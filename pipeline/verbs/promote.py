"""`modferry promote`: options and table."""

import click

from pipeline.cli import App
from pipeline.commands.promote import promote as run_promote
from pipeline.domain.version import Version, parse_version
from pipeline.errors import Exit, ModferryError, UsageError
from pipeline.verbs.ferrying import ferry_of, finish, plan_options, refuse
from pipeline.verbs.names import complete_environments, complete_pairs
from pipeline.verbs.options import json_option


@click.command()
@click.argument(
    "pairs", nargs=-1, required=True, metavar="MODULE VERSION [MODULE VERSION]...", shell_complete=complete_pairs
)
@click.option(
    "--to",
    "environment",
    required=True,
    metavar="ENV",
    help="The environment to move.",
    shell_complete=complete_environments,
)
@click.option("--bypass", default="", metavar="REASON", help="Skip order, soak, freezes; the reason is recorded.")
@plan_options
@json_option
@click.pass_obj
def promote(
    app: App,
    pairs: tuple[str, ...],
    environment: str,
    bypass: str,
    plan_only: bool,
    approvals: tuple[str, ...],
    accepted: tuple[str, ...],
) -> Exit:
    """Move every stack of an environment that pins a module to a version: wave by wave, verified, or back.

    \b
    Examples:
      modferry promote core 1.4.0 --to staging
      modferry promote core 1.4.0 --to prod --plan-only      what would change, and the hashes to approve
      modferry promote core 1.4.0 --to prod --approve 3f9c…
    """
    targets = _targets(pairs)
    try:
        with ferry_of(app, approvals, accepted) as ferry:
            result = run_promote(ferry, targets, environment, bypass=bypass, plan_only=plan_only)
    except ModferryError as error:
        module, version = next(iter(targets.items()))
        return refuse(app, "promote", error, module=module, version=str(version), environment=environment)
    what = ", ".join(f"{module} {version}" for module, version in targets.items())
    return finish(app, "promote", result, f"Nothing to do: {environment} runs {what}, verified.")


def _targets(pairs: tuple[str, ...]) -> dict[str, Version]:
    if len(pairs) % 2:
        raise UsageError(f"{pairs[-1]} has no version.", remedy="modferry promote MODULE VERSION --to ENV")
    targets = {module: parse_version(text) for module, text in zip(pairs[::2], pairs[1::2], strict=True)}
    if len(targets) * 2 != len(pairs):
        raise UsageError("A module is named twice.", remedy="name each module once")
    return targets

"""`modferry drift`: options and lines."""

import click

from pipeline.cli import App
from pipeline.commands.drift import SAYS, Drift, exit_of, find_drift, fix_drift
from pipeline.errors import Exit, UsageError
from pipeline.verbs.ferrying import approval_options, ferry_of
from pipeline.verbs.names import complete_environments
from pipeline.verbs.options import dry_run_option, json_option


@click.command()
@click.argument("environments", nargs=-1, metavar="[ENV]...", shell_complete=complete_environments)
@click.option("--fix", is_flag=True, help="Deploy main to stacks that differ from it on one side only.")
@approval_options
@dry_run_option
@json_option
@click.pass_obj
def drift(
    app: App,
    environments: tuple[str, ...],
    fix: bool,
    approvals: tuple[str, ...],
    accepted: tuple[str, ...],
    dry_run: bool,
) -> Exit:
    """Plan every stack and say what differs: changed outside, or changed in code and not applied.

    \b
    Examples:
      modferry drift                      every environment; exit 10 where something differs
      modferry drift prod
      modferry drift prod --fix --dry-run    which stacks a deploy would bring back to main
    """
    if (dry_run or approvals or accepted) and not fix:
        raise UsageError("--dry-run, --approve and --accept-loss go with --fix.", remedy="drift alone changes nothing")
    with ferry_of(app, approvals, accepted) as ferry:
        rows = find_drift(ferry, environments)
        if fix:
            rows = fix_drift(ferry, rows, dry_run=dry_run)
    for row in rows:
        app.console.say(f"{row.environment}/{row.stack} {SAYS[row.drift]}")
        if row.drift is not Drift.IN_SYNC and row.shown:
            app.console.say(row.shown)
        for one in row.ignored:
            app.console.say(f"  {one}")
        for seen in row.outside:
            app.console.say(f"  changed outside: {seen.address} {', '.join(seen.attributes)}".rstrip())
        if row.fix:
            app.console.say(f"  {row.fix.phase}" + (f": {row.fix.reason}" if row.fix.reason else ""))
        remedy = row.fix.next if row.fix else row.remedy
        if remedy:
            app.console.say(f"  Next: {remedy}")
    app.console.document("drift", {"stacks": [row.to_json() for row in rows]})
    return exit_of(rows)

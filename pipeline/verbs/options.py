"""Options that mean the same everywhere: --json, --dry-run, and the App that every verb receives."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def _set_json(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.obj.console.as_json = value


def json_option(function: F) -> F:
    """`--json`: one JSON document on stdout; progress stays on stderr."""
    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_set_json,
        help="Print one JSON document on stdout.",
    )(function)


def dry_run_option(function: F) -> F:
    """`--dry-run`: print what would be done, change nothing."""
    return click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")(function)

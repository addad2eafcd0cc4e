"""What the verbs that move stacks have in common: options, and how a result is said."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from pipeline.cli import App
from pipeline.commands.ferry.engine import Result
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.preview import Preview
from pipeline.errors import Exit, ModferryError
from pipeline.wiring import open_ferry, open_project

F = TypeVar("F", bound=Callable[..., Any])


def plan_options(function: F) -> F:
    """--plan-only (also --dry-run), --approve, --accept-loss."""
    shown = click.option("--plan-only", "--dry-run", "plan_only", is_flag=True, help="Show the plans; change nothing.")
    return shown(approval_options(function))


def approval_options(function: F) -> F:
    """--approve, --accept-loss."""
    for option in (
        click.option(
            "--accept-loss",
            "accepted",
            multiple=True,
            metavar="STACK:ADDRESS",
            help="A resource that holds data and may be destroyed or replaced.",
        ),
        click.option("--approve", "approvals", multiple=True, metavar="HASH", help="Approve a wave's plans."),
    ):
        function = option(function)
    return function


@contextmanager
def ferry_of(app: App, approvals: tuple[str, ...] = (), accepted: tuple[str, ...] = ()) -> Iterator[Ferry]:
    """The engine of the project that the command runs in."""
    project = open_project(app.directory, app.environ, app.now)
    with open_ferry(project, app.environ, app.console.say, approvals=approvals, accepted=accepted) as ferry:
        yield ferry


def finish(app: App, command: str, result: Result | Preview | None, nothing: str) -> Exit:
    """Say how it ended, for people and as the document; the exit code."""
    if result is None:
        app.console.say(nothing)
        app.console.document(command, {"promotion": None, "phase": "nothing", "approval": None, "stacks": []})
        return Exit.NOTHING
    document = result.to_document()
    show(app, document)
    app.console.document(command, document)
    return result.code


def show(app: App, document: dict[str, Any]) -> None:
    """A table of the stacks, and what comes next."""
    rows = [
        (
            f"{document['environment']}/{stack['stack']}",
            _short(stack["from"]),
            _short(stack["to"]),
            stack["phase"],
            _counts(stack["plan"]),
        )
        for stack in document["stacks"]
    ]
    app.console.table("", ("stack", "from", "to", "phase", "plan"), rows)
    reason = f": {document['reason']}" if document["reason"] else ""
    app.console.say(f"{document['phase']}{reason}")
    if document["approval"]:
        app.console.say(f"Approval: {' '.join(document.get('approvals') or [document['approval']])}")
    if document["next"]:
        app.console.say(f"Next: {document['next']}")


def refuse(app: App, command: str, error: ModferryError, **about: Any) -> Exit:
    """An error before anything was opened, as a person and a script read it."""
    phase = "refused" if error.code is Exit.REFUSED else "waiting" if error.code is Exit.WAITING else "failed"
    app.console.say(str(error))
    app.console.document(
        command,
        {
            "promotion": None,
            **about,
            "phase": phase,
            "approval": None,
            "reason": error.what,
            "next": error.remedy,
            "stacks": [],
        },
    )
    return error.code


def _short(ref: str | None) -> str:
    return ref or "—"


def _counts(plan: dict[str, Any] | None) -> str:
    if not plan:
        return ""
    return f"+{plan['add']} ~{plan['change']} ±{plan['replace']} -{plan['destroy']}"

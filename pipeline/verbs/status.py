"""`modferry status`: options, table, what to do."""

import shutil

import click

from pipeline.cli import App
from pipeline.commands.status import look_through, read_board
from pipeline.console import Console
from pipeline.domain.fleet.layout import lay_out
from pipeline.domain.fleet.rows import Board, PinRow, State
from pipeline.domain.fleet.stops import where
from pipeline.domain.promotion.claims import say_next
from pipeline.errors import Exit
from pipeline.verbs.options import json_option
from pipeline.wiring import open_outlook


@click.command()
@click.option("--offline", is_flag=True, help="As last fetched; ask nobody.")
@click.option("--transitive", is_flag=True, help="Also the modules that pinned modules bring along.")
@json_option
@click.pass_obj
def status(app: App, offline: bool, transitive: bool) -> Exit:
    """Show the fleet: which version of each module every stack pins, its state, holds, open promotions.

    Beside a version: its state where that is not verified, how many releases it is behind and since how many days,
    and the newest version that the environment may take now. Exit code 10 when stacks lag further behind than the
    convergence policy of modferry.toml allows.

    \b
    Examples:
      modferry status
      modferry status --offline --json
      modferry status --transitive
    """
    outlook = open_outlook(app.directory, app.environ, app.now)
    board = read_board(outlook, offline=offline)
    if transitive:
        board = look_through(outlook, board)
    if not app.console.as_json:
        _show(app.console, board)
    app.console.document("status", board.to_json())
    for lag in board.lags:
        app.console.say(f"Refused: {lag.environment}/{lag.stack}: {lag.says}. Next: {lag.remedy}")
    if board.lags:
        app.console.say("Next: modferry converge --dry-run shows the promotions that end this")
    return Exit.REFUSED if board.lags else Exit.DONE


def _show(console: Console, board: Board) -> None:
    """The table within the terminal (80 columns where nobody knows its width), then holds and promotions."""
    if not board.stacks:
        console.say("No stack: main has no folder with .tf files in environments/<environment>/<stack>/.")
    else:
        modules = sorted({pin.module for stack in board.stacks for pin in stack.pins})
        rows = []
        for stack in board.stacks:
            cells = {pin.module: _cell(pin) for pin in stack.pins}
            rows.append((stack.name, *(cells.get(module, "-") for module in modules)))
        width = min(shutil.get_terminal_size((80, 24)).columns, 120)
        for line in lay_out(("stack", *modules), rows, max(width, 40)):
            console.say(line)
    for stack in board.stacks:
        if stack.note:
            console.say(f"{stack.name}: {stack.note}")
        for pin in stack.pins:
            if pin.through:
                console.say(f"{stack.name}: {pin.module} {pin.version} brings {', '.join(map(str, pin.through))}")
    for skew in board.skews:
        console.say(f"Skew: {skew}")
    for hold in board.holds:
        console.say(
            f"Held {where(hold.environment)} since {hold.at} by {hold.actor}: "
            f"{hold.module} {hold.version}: {hold.reason}"
        )
    for promotion in board.promotions:
        why = f" ({promotion.why})" if promotion.why else ""
        console.say(f"Open: {promotion.title} is {promotion.phase}{why}. Next: {say_next(promotion)}")


def _cell(pin: PinRow) -> str:
    """`1.2.0`, and in words what is not right with it."""
    words = [str(pin.version or pin.ref)]
    if pin.state is not State.VERIFIED:
        words.append(str(pin.state))
    if pin.held and pin.state is not State.HELD:
        words.append("held")
    if pin.yanked:
        words.append("yanked")
    if pin.failing:
        words.append("failing")
    if pin.behind:
        words.append(f"{pin.behind} behind" + (f" {pin.behind_days} d" if pin.behind_days else ""))
    if pin.version and pin.promotable and pin.promotable > pin.version:
        words.append(f"next {pin.promotable}")
    return " ".join(words)

"""What people and scripts see: people on stderr, one JSON document (or nothing) on stdout.

NO_COLOR, FORCE_COLOR and CI are honoured by rich; GITHUB_ACTIONS gets groups and annotations.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console as RichConsole


class Console:
    """Where a command speaks. `say` is for people; `document` is the command's one result."""

    def __init__(self, *, as_json: bool, environ: Mapping[str, str]) -> None:
        self.as_json = as_json
        self.environ = environ
        self.in_github = environ.get("GITHUB_ACTIONS") == "true"
        self._rich: RichConsole | None = None

    @property
    def rich(self) -> "RichConsole":
        """rich's console on stderr, made when first needed (its import costs 60 ms)."""
        if self._rich is None:
            from rich.console import Console as RichConsole

            self._rich = RichConsole(stderr=True, highlight=False, soft_wrap=True)
        return self._rich

    @property
    def is_live(self) -> bool:
        """Whether a person watches a terminal that can redraw."""
        return sys.stderr.isatty() and "CI" not in self.environ and self.environ.get("TERM") != "dumb"

    def say(self, text: str = "", style: str = "") -> None:
        """One line (or more) for people."""
        if not style and not self._rich:
            sys.stderr.write(f"{text}\n")  # one write: threads speak too
            sys.stderr.flush()
        else:
            self.rich.print(text, style=style or None, markup=False)

    def warn(self, text: str) -> None:
        """Something a person should look at; in GitHub also an annotation."""
        if self.in_github:
            print(f"::warning::{escape(text)}", file=sys.stderr, flush=True)
        else:
            self.say(text, style="yellow")

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A small table for people; columns shrink to the terminal's width."""
        from rich.table import Table

        table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.rich.print(table)

    def document(self, command: str, content: Mapping[str, Any]) -> None:
        """The command's result on stdout when `--json` is asked for; schema `modferry.<command>/1`."""
        if self.as_json:
            print(json.dumps({"schema": f"modferry.{command}/1", **content}, indent=2, default=str), flush=True)


def escape(text: str) -> str:
    """Text inside a GitHub workflow command (docs.github.com, workflow commands)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

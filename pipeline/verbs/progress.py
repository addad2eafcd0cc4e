"""Who watches a test run: a live table on a terminal, plain lines in CI (groups in GitHub)."""

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipeline.commands.test import Plan
from pipeline.console import Console, escape
from pipeline.domain.parts import Part
from pipeline.domain.verdict import Case, Verdict, suite_verdict

if TYPE_CHECKING:
    from rich.live import Live

BAD = (Verdict.FAILED, Verdict.ERRORED)


class ConsoleProgress:
    """Shows parts as they start and end, the first failure when it happens, and at the end the slowest ten."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.lock = threading.Lock()
        self.running: dict[Part, float] = {}
        self.done: list[tuple[Part, float, Verdict]] = []
        self.total = 0
        self.shown_failure = False
        self.grouped = False
        self.plan: Plan | None = None
        self.live: Live | None = None

    def begin(self, plan: Plan, jobs: int) -> None:
        """Say what will run; start the live table where a person watches."""
        self.plan, self.total = plan, len(plan.parts)
        self.console.say(f"{self.total} parts in {jobs} lanes; {len(plan.reused)} suites known already")
        self._group(f"{self.total} parts")
        if self.console.is_live:
            from rich.live import Live

            self.live = Live(
                get_renderable=self._table, console=self.console.rich, refresh_per_second=4, transient=True
            )
            self.live.start()

    def started(self, part: Part) -> None:
        """A part starts."""
        with self.lock:
            self.running[part] = time.monotonic()

    def finished(self, part: Part, cases: Sequence[Case], seconds: float) -> None:
        """A part ended: one line in CI; the first failure in full, at once."""
        with self.lock:
            self.running.pop(part, None)
            verdict = suite_verdict(cases)
            self.done.append((part, seconds, verdict))
            if not self.live:
                self.console.say(
                    f"{len(self.done):3}/{self.total} {part.module} {part.suite} {part.label}: {verdict} "
                    f"({len(cases)} cases, {seconds:.1f} s)"
                )
            if verdict in BAD and not self.shown_failure:
                self.shown_failure = True
                bad = next(c for c in cases if c.verdict in BAD)
                self._show(part, bad)

    def end(self) -> None:
        """Take the live table away; say what was slowest."""
        if self.live:
            self.live.stop()
        self._group("")
        slowest = sorted(self.done, key=lambda d: -d[1])[:10]
        if len(slowest) > 1:
            lines = (f"  {seconds:6.1f} s  {part.module} {part.suite} {_name(part)}" for part, seconds, _ in slowest)
            self.console.say("slowest:\n" + "\n".join(lines))

    def _show(self, part: Part, case: Case) -> None:
        text = f"first {case.verdict} case: {part.module} {case.name}\n{case.message.strip()}"
        if self.console.in_github:
            self._group("")  # what is inside a group is folded away
            self.console.say(f"::error title={escape(part.module + ' ' + case.name)}::{escape(case.message.strip())}")
            self._group("the other parts")
        else:
            self.console.say(text, style="red")

    def _group(self, title: str) -> None:
        """In GitHub: lines from here on are folded under a title (empty: no longer)."""
        if self.console.in_github and self.grouped:
            self.console.say("::endgroup::")
        if self.console.in_github and title:
            self.console.say(f"::group::{escape(title)}")
        self.grouped = bool(title)

    def _table(self) -> Any:
        from rich.table import Table

        title = f"{len(self.done)}/{self.total} parts"
        table = Table(box=None, pad_edge=False, title=title, title_justify="left", expand=True)
        # The names give way to the numbers: on 80 columns the part has what the others leave.
        table.add_column("module", overflow="ellipsis", no_wrap=True, max_width=20)
        table.add_column("suite", no_wrap=True, min_width=11)
        table.add_column("part", overflow="ellipsis", no_wrap=True, ratio=1)
        table.add_column("elapsed", justify="right", no_wrap=True, min_width=7)
        table.add_column("expected", justify="right", no_wrap=True, min_width=12)
        now = time.monotonic()
        with self.lock:
            for part, began in self.running.items():
                known = self._expected(part)
                expected = f"{known:.0f} s a suite" if known else ""
                table.add_row(part.module, str(part.suite), _name(part), f"{now - began:.0f} s", expected)
        return table

    def _expected(self, part: Part) -> float | None:
        assert self.plan is not None
        return next(
            (s for (m, suite, _), s in self.plan.expected.items() if (m, suite) == (part.module, part.suite)), None
        )


def _name(part: Part) -> str:
    """A part without the folder that its suite names already."""
    return part.label.removeprefix(f"tests/{part.suite}/")

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
        self.plan: Plan | None = None
        self.live: Live | None = None

    def begin(self, plan: Plan, jobs: int) -> None:
        """Say what will run; start the live table where a person watches."""
        self.plan, self.total = plan, len(plan.parts)
        self.console.say(f"{self.total} parts in {jobs} lanes; {len(plan.reused)} suites known already")
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
        slowest = sorted(self.done, key=lambda d: -d[1])[:10]
        if len(slowest) > 1:
            self.console.say("slowest: " + "; ".join(f"{p.module} {p.label} {s:.1f} s" for p, s, _ in slowest))

    def _show(self, part: Part, case: Case) -> None:
        text = f"first {case.verdict} case: {part.module} {case.name}\n{case.message.strip()}"
        if self.console.in_github:
            self.console.say(f"::error title={escape(part.module + ' ' + case.name)}::{escape(case.message.strip())}")
        else:
            self.console.say(text, style="red")

    def _table(self) -> Any:
        from rich.table import Table

        table = Table(box=None, pad_edge=False, title=f"{len(self.done)}/{self.total} parts", title_justify="left")
        for column in ("module", "suite", "part", "elapsed", "expected"):
            table.add_column(column, overflow="ellipsis", no_wrap=True)
        now = time.monotonic()
        with self.lock:
            for part, began in self.running.items():
                known = self._expected(part)
                expected = f"{known:.0f} s a suite" if known else ""
                table.add_row(part.module, str(part.suite), part.label, f"{now - began:.0f} s", expected)
        return table

    def _expected(self, part: Part) -> float | None:
        assert self.plan is not None
        return next(
            (s for (m, suite, _), s in self.plan.expected.items() if (m, suite) == (part.module, part.suite)), None
        )

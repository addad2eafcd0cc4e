"""A workbench that remembers: what each part answers is said beforehand, what was asked is kept."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pipeline.commands.test import Plan
from pipeline.domain.evidence import Tools
from pipeline.domain.module import Files
from pipeline.domain.parts import Part
from pipeline.domain.verdict import Case, Verdict
from pipeline.ports import RunPart

TOOLS = Tools(terraform="1.11.4", provider="5.100.0", emulator="moto 5")
Script = Callable[[Part, int], Verdict | None]
"""(part, how often it ran before) → the verdict of its one case; None: no case."""


def all_pass(_part: Part, _before: int) -> Verdict:
    return Verdict.PASSED


@dataclass(kw_only=True)
class FakeBench:
    """See ports.Workbench."""

    script: Script = all_pass
    target: str = "moto"
    tools: Tools = TOOLS
    jobs: int = 2
    stats: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    ran: list[Part] = field(default_factory=list)
    wanted: frozenset[str] = frozenset()
    opened: int = 0
    closed: int = 0

    @contextmanager
    def open(self, files: Files, wanted: frozenset[str]) -> Iterator[RunPart]:
        """Open, and count that it is closed, however."""
        self.opened += 1
        self.wanted = wanted
        counts: Counter[Part] = Counter()

        def run(part: Part) -> Sequence[Case]:
            self.ran.append(part)
            counts[part] += 1
            verdict = self.script(part, counts[part] - 1)
            return () if verdict is None else (Case(name=part.label, verdict=verdict, seconds=0.5),)

        try:
            yield run
        finally:
            self.closed += 1

    @property
    def labels(self) -> list[tuple[str, str]]:
        """(module, label) of what ran, sorted."""
        return sorted((part.module, part.label) for part in self.ran)


@dataclass
class SilentProgress:
    """Remembers that it was told of a beginning and an end."""

    told: list[str] = field(default_factory=list)

    def begin(self, plan: Plan, jobs: int) -> None:
        self.told.append("begin")

    def started(self, part: Part) -> None: ...

    def finished(self, part: Part, cases: Sequence[Case], seconds: float) -> None: ...

    def end(self) -> None:
        self.told.append("end")

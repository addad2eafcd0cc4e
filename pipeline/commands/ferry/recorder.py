"""Writes a promotion's moves; each write proves first that we still hold it."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.domain.history import History
from pipeline.domain.ledger import Draft
from pipeline.domain.promotion import claims
from pipeline.domain.promotion.phases import Outcome, Phase, StackPhase
from pipeline.domain.promotion.record import Promotion
from pipeline.ports import Ledger

Drafts = tuple[Draft, ...]


class Recorder:
    """One holder's pen for one promotion. Threads of a wave share it; writes go one after the other."""

    def __init__(self, ledger: Ledger, name: str, fence: int) -> None:
        self.ledger = ledger
        self.name = name
        self.fence = fence
        self._turn = threading.Lock()
        self.promotion = claims.find(ledger.history(), name)

    def write(self, decide: Callable[[History], Drafts]) -> None:
        """Append on origin and read the promotion again."""
        with self._turn:
            self.ledger.append(decide, push=True)
            self.refresh()

    def refresh(self) -> Promotion:
        """The promotion as the ledger has it now."""
        self.promotion = claims.find(self.ledger.history(), self.name)
        return self.promotion

    def move(
        self,
        phase: Phase,
        *,
        stacks: Mapping[str, Mapping[str, Any]] | None = None,
        also: Callable[[History], Drafts] = lambda _: (),
        **details: Any,
    ) -> None:
        """Move the promotion and some of its stacks; `also` goes in the same append."""
        self.write(
            lambda history: (
                *claims.move(history, self.name, self.fence, phase, stacks=stacks, **details),
                *also(history),
            )
        )

    def stack(self, stack: str, phase: StackPhase, **details: Any) -> None:
        """Say what became of a stack."""
        self.write(lambda history: claims.move_stack(history, self.name, self.fence, stack, phase, **details))

    def close(self, outcome: Outcome, reason: str = "", *, remedy: str = "") -> None:
        """End the promotion."""
        self.write(lambda history: claims.close(history, self.name, self.fence, outcome, reason=reason, remedy=remedy))

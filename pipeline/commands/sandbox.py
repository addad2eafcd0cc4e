"""`modferry sandbox`: what test runs left on this machine, and sweeping it away."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pipeline.errors import Exit


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run's folder: is its process alive, and does a Terraform state in it still hold resources?"""

    folder: Path
    target: str
    alive: bool
    holds: bool

    @property
    def stays(self) -> bool:
        """Whether a sweep leaves it: it works, or a real account still holds something that only its state names."""
        return self.alive or (self.target == "account" and self.holds)

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"folder": str(self.folder), "target": self.target, "alive": self.alive, "holds_state": self.holds}


class Swept(Protocol):
    """What a sweep did: processes ended, folders removed, folders left because their state holds resources."""

    @property
    def ended(self) -> Sequence[int]:
        """Process ids."""
        ...

    @property
    def removed(self) -> Sequence[Path]:
        """Folders."""
        ...

    @property
    def left(self) -> Sequence[Path]:
        """Folders with a state of a real account."""
        ...


def sweep_runs(sweep: Callable[[], Swept]) -> tuple[dict[str, Any], Exit]:
    """End and remove what dead runs left. Undecided (20) when a real account may still hold something (R8)."""
    swept = sweep()
    document = {
        "ended": list(swept.ended),
        "removed": [str(folder) for folder in swept.removed],
        "left": [str(folder) for folder in swept.left],
    }
    return document, Exit.UNDECIDED if swept.left else Exit.DONE

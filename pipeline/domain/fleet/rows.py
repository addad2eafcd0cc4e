"""What the fleet is shown as: a row for each stack, in it one for each pin, and the board that holds them.

Promise: `to_json` of the board is what `modferry status --json` prints; its schema is in docs/schemas.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pipeline.domain.fleet.behind import Skew
from pipeline.domain.fleet.convergence import Lag
from pipeline.domain.fleet.stopped import hold_json, promotion_json
from pipeline.domain.fleet.through import Through
from pipeline.domain.history import Hold
from pipeline.domain.promotion.record import Promotion
from pipeline.domain.version import Version


class State(StrEnum):
    """What a person needs to know of a pin first; the order is from good to bad."""

    VERIFIED = "verified"
    HELD = "held"
    DRIFTED = "drifted"
    UNVERIFIED = "unverified"
    PROMOTING = "promoting"
    UNLANDED = "unlanded"


@dataclass(frozen=True, kw_only=True)
class MainStack:
    """A stack as main has it: `pins` are module → ref, `digest` as `pins.content_digest` of its files."""

    environment: str
    stack: str
    pins: Mapping[str, str]
    digest: str


@dataclass(frozen=True, kw_only=True)
class PinRow:
    """One module in one stack. Versions are None where there is none, or where a ref names no version.

    `behind` counts the final, unyanked releases that are newer than what main pins, `behind_days` since when there is
    one; `promotable` is the newest that the gates of this environment let in. `failing`: it no longer
    passes its suites (`modferry reverify`). `through`: modules that this one brings
    along; None where nobody asked.
    """

    module: str
    ref: str
    version: Version | None
    stable: Version | None
    latest: Version | None
    held: bool
    yanked: bool
    failing: bool
    behind: int
    behind_days: int
    promotable: Version | None
    state: State
    through: tuple[Through, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "module": self.module,
            "version": str(self.version) if self.version else self.ref,
            "stable": str(self.stable) if self.stable else None,
            "latest": str(self.latest) if self.latest else None,
            "held": self.held,
            "yanked": self.yanked,
            "failing": self.failing,
            "behind": self.behind,
            "behind_days": self.behind_days,
            "promotable": str(self.promotable) if self.promotable else None,
            "through": [one.to_json() for one in self.through] if self.through is not None else None,
            "state": str(self.state),
        }


@dataclass(frozen=True, kw_only=True)
class StackRow:
    """One stack and its pins by name. `note` says why it is not verified, as the ledger tells it."""

    environment: str
    stack: str
    pins: tuple[PinRow, ...]
    verified_at: str = ""
    promotion: str = ""
    note: str = ""

    @property
    def name(self) -> str:
        """`prod/us-east-1`."""
        return f"{self.environment}/{self.stack}"

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "environment": self.environment,
            "stack": self.stack,
            "pins": [pin.to_json() for pin in self.pins],
            "verified_at": self.verified_at or None,
            "promotion": self.promotion or None,
            "note": self.note,
        }


@dataclass(frozen=True, kw_only=True)
class Board:
    """The whole fleet at a moment: rows in the order of environments, holds, open promotions, lagging stacks."""

    main: str
    stacks: tuple[StackRow, ...]
    holds: tuple[Hold, ...]
    promotions: tuple[Promotion, ...]
    lags: tuple[Lag, ...]
    skews: tuple[Skew, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "main": self.main,
            "stacks": [stack.to_json() for stack in self.stacks],
            "holds": [hold_json(hold) for hold in self.holds],
            "promotions": [promotion_json(promotion) for promotion in self.promotions],
            "convergence": [lag.to_json() for lag in self.lags],
            "skew": [skew.to_json() for skew in self.skews],
        }

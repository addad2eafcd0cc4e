"""A waiver: one named person takes one rule's finding at one address upon themselves, until a day.

A waiver never widens by itself: it covers the addresses its glob matches, for one rule, up to and including
its last day. The day after, the finding counts again. Today's date is an argument.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """`rule` is an exact rule id; `address` a glob (`*` any run of characters, `?` one; brackets are literal).

    Raises ValueError where a field is empty: a waiver without a person or a reason is no waiver.
    """

    rule: str
    address: str
    person: str
    reason: str
    expires: date

    def __post_init__(self) -> None:
        for name in ("rule", "address", "person", "reason"):
            if not getattr(self, name).strip():
                raise ValueError(f"A waiver needs a {name}.")

    def covers(self, *, rule: str, address: str) -> bool:
        """Whether it is about this rule at this address, whatever the day."""
        return rule == self.rule and _glob(self.address).fullmatch(address) is not None

    def expired(self, today: date) -> bool:
        """Whether its last day has passed."""
        return today > self.expires

    def __str__(self) -> str:
        return f"{self.rule} at {self.address}, waived by {self.person} until {self.expires}: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Waived:
    """What the waivers say about one finding: `by` the one that counts, `lapsed` the one that no longer does."""

    by: Waiver | None = None
    lapsed: Waiver | None = None


def waived(waivers: Iterable[Waiver], *, rule: str, address: str, today: date) -> Waived:
    """The waiver in force with the latest last day; without one, the latest that has expired."""
    covering = sorted(
        (w for w in waivers if w.covers(rule=rule, address=address)), key=lambda w: w.expires, reverse=True
    )
    if not covering:
        return Waived()
    latest = covering[0]
    return Waived(lapsed=latest) if latest.expired(today) else Waived(by=latest)


def _glob(pattern: str) -> re.Pattern[str]:
    """fnmatch would read `this["a"]` as a set of characters; Terraform addresses are full of brackets."""
    parts = ({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    return re.compile("".join(parts), re.DOTALL)

"""Which error texts are an emulator's gap, not the module's fault: read from gaps.toml, probed and dated.

A case that ends in one of them is *unsupported there*: neither passed nor failed. A text that matches no row is
nobody's excuse.
"""

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

LIST = Path(__file__).with_name("gaps.toml")


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One probed gap: `pattern` (regular expression, dot matches newline) in the text means `says`."""

    emulator: str
    version: str
    service: str
    pattern: str
    says: str
    probed: date


@cache
def gaps(path: Path = LIST) -> tuple[Gap, ...]:
    """The list, in the file's order; the first match counts."""
    rows = tomllib.loads(path.read_text())["gap"]
    return tuple(Gap(**row) for row in rows)


def explain(emulator: str, text: str) -> str | None:
    """The sentence of the first gap of this emulator that the text shows."""
    for gap in gaps():
        if gap.emulator == emulator and (match := re.search(gap.pattern, text, re.DOTALL)):
            return gap.says.format(*match.groups()) + f" ({gap.emulator} {gap.version}, probed {gap.probed})"
    return None

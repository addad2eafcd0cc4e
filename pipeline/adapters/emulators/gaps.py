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

_ERROR = re.compile(r"^[│╷ \t]*Error: ", re.MULTILINE)
"""Where Terraform begins an error; what stands before the first one is progress and warnings."""

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
    """The sentence of the first gap of this emulator that the text shows.

    Of several errors (Terraform applies resources side by side) each must be a gap: one that is not is a failure
    that the others must not hide.
    """
    errors = _ERROR.split(text)
    found = [_explain(emulator, error) for error in errors[1:] or errors]
    return found[0] if all(found) else None


def _explain(emulator: str, text: str) -> str | None:
    for gap in gaps():
        if gap.emulator == emulator and (match := re.search(gap.pattern, text, re.DOTALL)):
            return gap.says.format(*match.groups()) + f" ({gap.emulator} {gap.version}, probed {gap.probed})"
    return None

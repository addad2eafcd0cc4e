"""Findings and rules: a rule is a row, a finding is one fact that it found."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pipeline.domain.interface.record import Record
from pipeline.domain.interface.syntax import Place
from pipeline.domain.version import Bump

if TYPE_CHECKING:
    from pipeline.domain.rules.change import Change


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One fact that requires a bump. `file` and `line` are in the new version, of what is gone in the old one."""

    rule: str
    bump: Bump
    address: str
    says: str
    file: str
    line: int

    def to_json(self) -> dict[str, Any]:
        """As `modferry.diff/1` prints it."""
        return {
            "rule": self.rule,
            "bump": str(self.bump),
            "address": self.address,
            "says": self.says,
            "file": self.file,
            "line": self.line,
        }


class Hit(Record):
    """Where a rule found something; `words` fill the rule's sentence."""

    address: str
    at: Place
    words: Mapping[str, object] = MappingProxyType({})


class Rule(Record):
    """A row: `says` is the sentence with `{address}` and the words of a hit; `find` looks at one change."""

    id: str
    bump: Bump
    says: str
    find: "Callable[[Change], Iterable[Hit]]"

    def findings(self, change: "Change") -> tuple[Finding, ...]:
        """What this rule finds in a change."""
        return tuple(
            Finding(
                rule=self.id,
                bump=self.bump,
                address=hit.address,
                says=self.says.format_map({"address": hit.address, **hit.words}),
                file=hit.at.file,
                line=hit.at.line,
            )
            for hit in self.find(change)
        )

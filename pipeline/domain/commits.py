"""Conventional Commits 1.0.0 (https://www.conventionalcommits.org): what the author says a change is.

`feat` asks for minor, `!` or a `BREAKING CHANGE:` footer for major, everything else for patch. Words can only
raise what the facts ask for.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.domain.version import Bump

_HEADER = re.compile(r"^(?P<type>[a-zA-Z]+)(?:\((?P<scope>[^()\n]+)\))?(?P<bang>!)?: (?P<subject>\S.*)$")
_BREAKING = re.compile(r"^BREAKING[ -]CHANGE: (.+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Commit:
    """One commit message, parsed; `type` is empty when it follows no convention."""

    id: str
    type: str
    scope: str
    subject: str
    breaking: bool

    @property
    def bump(self) -> Bump:
        """What its words ask for."""
        if self.breaking:
            return Bump.MAJOR
        return Bump.MINOR if self.type == "feat" else Bump.PATCH


def parse_commit(id: str, message: str) -> Commit:  # noqa: A002 - the field's name
    """Parse one message; an unconventional one is a patch with its first line as subject."""
    first, _, rest = message.partition("\n")
    match = _HEADER.match(first.strip())
    if not match:
        return Commit(id=id, type="", scope="", subject=first.strip(), breaking=bool(_BREAKING.search(rest)))
    return Commit(
        id=id,
        type=match["type"].lower(),
        scope=match["scope"] or "",
        subject=match["subject"].strip(),
        breaking=bool(match["bang"] or _BREAKING.search(rest)),
    )


def declared_bump(commits: Iterable[Commit]) -> Bump:
    """The largest bump that the commits' words ask for; none without commits."""
    return max((c.bump for c in commits), default=Bump.NONE)

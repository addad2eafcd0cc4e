"""Which releases are told to the host of the repository, and what became of it. Pure.

A release is whole without its page there: tag, changelog and ledger are what counts. So nothing that goes
wrong here changes anything else, and any later run makes what is missing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from pipeline.domain.history import History, Release

RECENT = 20
"""How many of the newest releases a run looks after: enough for what failed lately, no flood on the first day."""
LIMIT = 120_000
"""Characters that GitHub takes in a release's text (its own limit is 125,000)."""


@dataclass(frozen=True, kw_only=True)
class Announced:
    """One release on the host's page: `url` where it is, `why` where it could not be made."""

    tag: str
    url: str = ""
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"tag": self.tag, "url": self.url or None, "why": self.why}


def missing_releases(history: History, there: Collection[str]) -> tuple[Release, ...]:
    """The newest releases of ours that have no page yet, oldest first. An adopted tag is somebody else's to tell of."""
    ours = sorted((r for r in history.releases.values() if not r.adopted), key=lambda release: release.entry)
    return tuple(release for release in ours[-RECENT:] if release.tag not in there)


def shorten(text: str) -> str:
    """The text within the host's limit, cut at a line."""
    if len(text) <= LIMIT:
        return text
    return text[:LIMIT].rpartition("\n")[0] + "\n\n… (the whole text is in CHANGELOG.md)"

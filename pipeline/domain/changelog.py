"""CHANGELOG.md in the manner of Keep a Changelog: the newest version first, one section a version."""

import re
from collections.abc import Sequence
from datetime import date

from pipeline.domain.commits import Commit
from pipeline.domain.version import Version

TITLE = "# Changelog\n"
_HEADINGS = (
    ("Breaking Changes", lambda c: c.breaking),
    ("Features", lambda c: not c.breaking and c.type == "feat"),
    ("Bug Fixes", lambda c: not c.breaking and c.type == "fix"),
    ("Other Changes", lambda c: not c.breaking and c.type not in ("feat", "fix", "chore", "ci", "test")),
)


def section(name: str, version: Version, day: date, commits: Sequence[Commit], blocks: Sequence[str] = ()) -> str:
    """One version's section: commits under their headings, then what upgrading means (`blocks` of Markdown)."""
    lines = [f"## [{name}{version}] ({day.isoformat()})", ""]
    for heading, belongs in _HEADINGS:
        chosen = [c for c in commits if belongs(c)]
        if chosen:
            lines += [f"### {heading}", "", *(f"- {c.subject} ({c.id[:8]})" for c in chosen), ""]
    if blocks:
        lines += ["### Upgrade notes", "", *(line for block in blocks for line in (block, ""))]
    if len(lines) == 2:
        lines += ["- No change for users of the module.", ""]
    return "\n".join(lines)


def find_section(changelog: str, version: Version) -> str:
    """The text of one version's section without its heading; empty where there is none."""
    parts = re.split(r"^## \[([^\]\n]+)\].*\n", changelog, flags=re.MULTILINE)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    return found.get(str(version), "").strip()


def add_section(changelog: str, new: str) -> str:
    """The changelog with a new section on top, below its title and introduction."""
    text = changelog if changelog.strip() else TITLE
    at = text.find("\n## ")
    head, tail = (text, "") if at < 0 else (text[: at + 1], text[at + 1 :])
    return head.rstrip("\n") + "\n\n" + new.rstrip("\n") + "\n" + ("\n" + tail if tail else "")

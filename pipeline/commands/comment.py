"""`modferry comment`: one comment a pull request, kept up to date, from what `test` and `diff --json` left."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pipeline.domain.fleet.comment import MARKER, STEPS, Documents, fitting, values_of
from pipeline.errors import UsageError

Render = Callable[[str, Mapping[str, Any]], str]
"""(template, values) → text."""


class PullRequest(Protocol):
    """The pull request's comments."""

    def upsert(self, body: str, marker: str) -> tuple[str, str]:
        """Write our one comment: (`created`, `updated` or `unchanged`; its address)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Commented:
    """What became of the comment. `action`: created, updated, unchanged or printed."""

    body: str
    action: str
    url: str

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"action": self.action, "url": self.url or None, "body": self.body}


def make_comment(render: Render, tests: Sequence[Path], diffs: Sequence[Path]) -> str:
    """The comment's text; raises UsageError for a file that is not such a document."""
    documents = Documents(
        tests=[_read(path, "test", "results") for path in tests],
        diffs=[_read(path, "diff", "findings") for path in diffs],
    )
    return fitting(render("comment.md.j2", values_of(documents, step)) for step in STEPS)


def comment(pull_request: PullRequest | None, body: str, *, dry_run: bool) -> Commented:
    """Put the text on the pull request; without one (or in a dry run) only hand it back."""
    if pull_request is None or dry_run:
        return Commented(body=body, action="printed", url="")
    action, url = pull_request.upsert(body, MARKER)
    return Commented(body=body, action=action, url=url)


def _read(path: Path, command: str, key: str) -> Mapping[str, Any]:
    remedy = f"write it with modferry {command} --json > {path}"
    try:
        document = json.loads(path.read_text())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", remedy=remedy) from error
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}.", remedy=remedy) from error
    if not isinstance(document, dict) or document.get("schema") != f"modferry.{command}/1" or key not in document:
        raise UsageError(f"{path} is not what modferry {command} --json prints.", remedy=remedy)
    return document

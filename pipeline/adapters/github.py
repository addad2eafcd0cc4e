"""GitHub's REST API, and the comments of one pull request (docs.github.com/rest/issues/comments).

Promise: the token goes to the API's own address only (never along a redirect, never in clear text beyond this
machine) and is in no message; every call has a time limit; what GitHub cannot do at the moment is tried again
twice; a list is read to its last page.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from pipeline.errors import UndecidedError, UsageError

SECONDS = 20.0
ATTEMPTS = 3
PAGE = 100
NO_COMMENT = "give the job pull-requests: write (a fork's run has none), or leave GITHUB_TOKEN out to only print"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, kw_only=True)
class GitHubApi:
    """Calls for one repository. `remedy`: what to do where GitHub says no."""

    api: str
    repository: str
    token: str = field(repr=False)
    remedy: str
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        address = urlsplit(self.api)
        if address.scheme != "https" and address.hostname not in LOOPBACK:
            raise UsageError(f"{self.api} is not https: the token would travel in clear text.")

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What GitHub answers to a call below `/repos/<repository>`; raises UndecidedError."""
        path = f"/repos/{self.repository}{path}"
        request = Request(  # noqa: S310 - https or loopback, checked above
            self.api.rstrip("/") + path,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Accept": "application/vnd.github+json", "Content-Type": "application/json"},
        )
        request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
                    return json.loads(answer.read())
            except HTTPError as error:
                busy = error.code == 429 or (error.code >= 500 and method != "POST")
                if attempt == ATTEMPTS or not busy:
                    raise self._refused(method, path, error) from error
                self.sleep(_wait(error, attempt))
            except (URLError, TimeoutError, ConnectionError, ValueError) as error:
                if method == "POST" or attempt == ATTEMPTS:  # it may have been written: a second one would be double
                    raise UndecidedError(
                        f"GitHub did not answer {method} {path}: {error}.", remedy="run the command again"
                    ) from error
                self.sleep(attempt)
        raise AssertionError

    def _refused(self, method: str, path: str, error: HTTPError) -> UndecidedError:
        try:
            said = str(json.loads(error.read()).get("message", ""))
        except (ValueError, AttributeError, OSError):
            said = ""
        return UndecidedError(
            f"GitHub answered {error.code} to {method} {path}{': ' + said if said else ''}.",
            remedy=self.remedy,
        )


def _wait(error: HTTPError, attempt: int) -> float:
    asked = error.headers.get("Retry-After", "")
    return min(float(asked), 30.0) if asked.isdigit() else float(attempt)


@dataclass(frozen=True, kw_only=True)
class GitHubPullRequest:
    """Our one comment on a pull request. `only_bots`: take no person's comment for ours, whatever it begins with."""

    github: GitHubApi
    number: int
    only_bots: bool

    def upsert(self, body: str, marker: str) -> tuple[str, str]:
        """See commands/comment.PullRequest."""
        path = f"/issues/{self.number}/comments"
        mine = self._find(path, marker)
        if mine is None:
            made = self.github.call("POST", path, {"body": body})
            return "created", str(made.get("html_url", ""))
        if mine["body"].replace("\r\n", "\n").strip() == body.strip():
            return "unchanged", str(mine.get("html_url", ""))
        made = self.github.call("PATCH", f"/issues/comments/{mine['id']}", {"body": body})
        return "updated", str(made.get("html_url", ""))

    def _find(self, path: str, marker: str) -> Mapping[str, Any] | None:
        page = 1
        while True:
            rows = self.github.call("GET", f"{path}?per_page={PAGE}&page={page}")
            for row in rows:
                is_bot = (row.get("user") or {}).get("type") == "Bot"
                if str(row.get("body", "")).startswith(marker) and (is_bot or not self.only_bots):
                    return dict(row)
            if len(rows) < PAGE:
                return None
            page += 1


def find_api(environ: Mapping[str, str], remedy: str) -> GitHubApi | None:
    """The repository that GITHUB_TOKEN and GITHUB_REPOSITORY name (GITHUB_API_URL: where); None without them."""
    token, repository = environ.get("GITHUB_TOKEN"), environ.get("GITHUB_REPOSITORY")
    if not token or not repository:
        return None
    address = environ.get("GITHUB_API_URL", "https://api.github.com")
    return GitHubApi(api=address, repository=repository, token=token, remedy=remedy)


def find_pull_request(environ: Mapping[str, str], number: int | None) -> GitHubPullRequest | None:
    """The pull request that this run is about: from the environment of GitHub Actions, or by number; else None."""
    github, found = find_api(environ, NO_COMMENT), number or _number_of(environ)
    if github is None or not found:
        return None
    return GitHubPullRequest(github=github, number=found, only_bots=environ.get("GITHUB_ACTIONS") == "true")


def _number_of(environ: Mapping[str, str]) -> int | None:
    """From the event's file, else from `refs/pull/<number>/merge`."""
    try:
        event = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text())
        return int(event["pull_request"]["number"])
    except (KeyError, OSError, ValueError, TypeError):
        pass
    parts = environ.get("GITHUB_REF", "").split("/")
    return int(parts[2]) if parts[:2] == ["refs", "pull"] and len(parts) > 2 and parts[2].isdigit() else None

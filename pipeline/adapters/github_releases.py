"""Release pages of a repository, through GitHub's REST API (docs.github.com/rest/releases)."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.adapters.github import PAGE, GitHubApi, find_api
from pipeline.errors import UndecidedError

PAGES = 10
"""A thousand releases: those that a run looks after are among the newest."""
NO_PAGE = "give the job contents: write, then modferry release --push makes it (the release itself is done)"


@dataclass(frozen=True, kw_only=True)
class GitHubReleases:
    """See commands/announce.ReleasePages."""

    github: GitHubApi

    def tags(self) -> frozenset[str]:
        """The tags of the newest pages, drafts left out."""
        found: set[str] = set()
        for page in range(1, PAGES + 1):
            rows = self.github.call("GET", f"/releases?per_page={PAGE}&page={page}")
            if not isinstance(rows, list):
                raise UndecidedError("GitHub answered with something else than a list of releases.", remedy=NO_PAGE)
            found |= {str(row["tag_name"]) for row in rows if not row.get("draft")}
            if len(rows) < PAGE:
                break
        return frozenset(found)

    def make(self, tag: str, title: str, body: str, *, prerelease: bool) -> str:
        """Make a page; the tag is on origin already, so GitHub makes none."""
        sent = {"tag_name": tag, "name": title, "body": body, "prerelease": prerelease}
        return str(self.github.call("POST", "/releases", sent).get("html_url", ""))


def find_releases(environ: Mapping[str, str]) -> GitHubReleases | None:
    """The pages that this run may write to; None without GITHUB_TOKEN and GITHUB_REPOSITORY."""
    github = find_api(environ, NO_PAGE)
    return GitHubReleases(github=github) if github else None

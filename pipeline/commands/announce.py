"""The page of each release at the repository's host: the text of its changelog section, word for word."""

from typing import Protocol

from pipeline.commands.project import Project
from pipeline.domain.announcing import Announced, missing_releases, shorten
from pipeline.domain.changelog import find_section
from pipeline.domain.history import Release
from pipeline.errors import ModferryError


class ReleasePages(Protocol):
    """The host's release pages of this repository."""

    def tags(self) -> frozenset[str]:
        """The tags that have a page. Raises UndecidedError where the host does not say."""
        ...

    def make(self, tag: str, title: str, body: str, *, prerelease: bool) -> str:
        """Make a page for a tag that is there; its address. Raises UndecidedError."""
        ...


def announce(project: Project, pages: ReleasePages) -> tuple[Announced, ...]:
    """Make the pages that are missing. Never raises for the host: what could not be made is in the answer."""
    try:
        missing = missing_releases(project.ledger.history(), pages.tags())
    except ModferryError as error:
        return (Announced(tag="", why=str(error)),)
    return tuple(_make(project, pages, release) for release in missing)


def _make(project: Project, pages: ReleasePages, release: Release) -> Announced:
    name = f"{release.module} {release.version}"
    try:
        body = shorten(_text(project, release))
        url = pages.make(release.tag, name, body, prerelease=bool(release.version.prerelease))
    except ModferryError as error:
        return Announced(tag=release.tag, why=str(error))
    return Announced(tag=release.tag, url=url)


def _text(project: Project, release: Release) -> str:
    """From the tagged commit, so that a later run says the same."""
    graph = project.graph(release.commit)
    path = graph.modules[release.module].path
    tree = project.repository.tree(release.commit)
    file = "CHANGELOG.md" if path == "." else f"{path}/CHANGELOG.md"
    found = find_section(tree.read(file).decode(), release.version) if file in tree.paths() else ""
    return found or f"{release.module} {release.version}, see {file}."

"""Pages and comments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.commands.announce import ReleasePages
    from pipeline.commands.comment import PullRequest, Render


def renderer() -> Render:
    """Fills templates in."""
    from pipeline.adapters.pages import render

    return render


def fill_template() -> Callable[[str, Mapping[str, str]], str]:
    """Fills in a template that is given as text."""
    from pipeline.adapters.pages import fill

    return fill


def pull_request_of(environ: Mapping[str, str], number: int | None) -> PullRequest | None:
    """The pull request that this run is about, if its comments can be written."""
    from pipeline.adapters.github import find_pull_request

    return find_pull_request(environ, number)


def release_pages_of(environ: Mapping[str, str]) -> ReleasePages | None:
    """The host's release pages, if this run may write to them."""
    from pipeline.adapters.github_releases import find_releases

    return find_releases(environ)


def write_pages(folder: Path, files: Mapping[str, str]) -> None:
    """Write text files into a folder (made when absent), each in one step."""
    from pipeline.adapters.pages import write_pages

    write_pages(folder, files)

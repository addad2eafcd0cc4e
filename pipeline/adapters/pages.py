"""Templates into text, with jinja2: an unknown name is an error, HTML is escaped by itself.

Markdown has no automatic escaping; its templates use the filters `cell`, `code` and `html` on everything that
somebody else wrote.
"""

import html
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError


def render(name: str, values: Mapping[str, Any]) -> str:
    """The template `name` of pipeline/templates, filled in; raises jinja2's UndefinedError for a missing value."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("pipeline"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(cell=_cell, code=_code, html=_html)
    return environment.get_template(name).render(**values)


def fill(template: str, values: Mapping[str, str]) -> str:
    """A template that somebody wrote for a file of theirs, filled in; raises UsageError for what it cannot."""
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    try:
        return environment.from_string(template).render(**values)
    except TemplateError as error:
        raise UsageError(f"The template cannot be filled in: {error}.", remedy="--set KEY=VALUE") from error


def write_pages(folder: Path, files: Mapping[str, str]) -> None:
    """Write text files into a folder (made when absent); a reader sees the old text or the new one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        draft = folder / f".{name}.{os.getpid()}"
        draft.write_text(text, encoding="utf-8")
        draft.replace(folder / name)


def _cell(text: object) -> str:
    """Foreign text in a line or table cell of Markdown: no markup, no mention, no HTML, one line."""
    line = " ".join(str(text).split())
    escaped = re.sub(r"([\\`*_{}\[\]()#+!|~>])", r"\\\1", html.escape(line, quote=False).replace("&gt;", ">"))
    return escaped.replace("@", "@\u200b")


def _code(text: object) -> str:
    """Foreign text between backticks: it cannot end them, nor a table cell."""
    return " ".join(str(text).split()).replace("`", "'").replace("|", "\\|")


def _html(text: object) -> str:
    """Foreign text inside an HTML tag of Markdown, on one line."""
    return html.escape(" ".join(str(text).split())).replace("@", "@\u200b")

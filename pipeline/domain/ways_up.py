"""Where a file of Terraform may lead out of its own folder: the relative paths with `..` in its text.

A tolerant scan that errs on the side of more. A way up is known where the text itself says what it is relative to: a
module's source, `"${path.module}/../x"`, `"${path.root}/../x"`, `file("../x")` and its kin. Whatever else may lead up
is no known way, and the answer is None: a bare `..`, `path.cwd`, `abspath`, a program that is run, a `..` in a data
file. Bound: a `..` that is put together from single dots is not seen.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from pipeline.domain.pins import source_places
from pipeline.errors import UsageError


class Base(Enum):
    """What a path is relative to."""

    SOURCE = auto()
    """The folder of the module that calls."""
    MODULE = auto()
    """`path.module`."""
    ROOT = auto()
    """`path.root`: the stack."""
    WORKING = auto()
    """Terraform's working directory, which is the stack's folder; a careful reader tries the file's own too."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """`path` begins with one or more `..` and names something after them (a source may end with them); where it is a
    folder followed by what the scan cannot know, it is that folder."""

    base: Base
    path: str


CODE = (".tf", ".tf.json")
TEMPLATES = (".tftpl", ".tpl", ".tmpl")
UNREAD = (".md", ".lock.hcl", ".tftest.hcl", ".tfmock.hcl", *(".py", ".sh", ".js", ".ts", ".rb", ".go", ".ps1", ".bat"))
"""Documents, tests, programs: a plan follows no path in them, unless they are templates. A configuration that runs
programs itself is no known way as a whole, whatever the programs say."""

_PARENT = re.compile(rb"(?:(?<![\w.])|(?<=\\[nrt]))\.\.(?![\w.])")
_UP = rb"(?P<up>(?:\.{1,2}/+)*\.\./+)(?P<rest>[^\"$%\\\n]*)(?P<end>.|\n|\Z)"
_MODULE_OR_ROOT = re.compile(rb"\"\$\{\s*path\.(?P<of>module|root)\s*\}/+" + _UP)
_READS = rb"(?<![\w:])(?:file(?:base64(?:sha(?:256|512))?|exists|md5|set|sha(?:1|256|512))?|templatefile)\(\s*"
_FUNCTION = re.compile(_READS + rb"\"" + _UP)
_CALLS_READER = re.compile(_READS)
_UNKNOWN = re.compile(
    rb"\bpath\s*(?:\.\s*cwd|\[)|\b(?:abspath|dirname)\s*\("
    rb"|\blocal-exec\b|\bdata\W+external\b|\"external\"|\binterpreter\b|\bshell_",
    re.IGNORECASE,
)
"""What leads anywhere: a folder as text, its parent, programs."""
_DISGUISED = re.compile(rb"\\(?:u00|U000000|x)2e", re.IGNORECASE)
_COMMENT = re.compile(rb"^[ \t]*#[^\n{]*$", re.MULTILINE)
"""A line that is one. In a heredoc it is text, which then holds no interpolation."""


def find_ways(name: str, data: bytes) -> tuple[Way, ...] | None:
    """The ways up in a file of this name; None where it may lead anywhere. A template may have any name: it is one
    where it calls a function that reads files."""
    if name.endswith(CODE):
        try:
            data.decode()
        except UnicodeDecodeError:
            return None
        return _ways(name, data, is_code=True)
    if b"\0" in data:
        return ()
    if name.endswith(TEMPLATES) or ((b"${" in data or b"%{" in data) and _CALLS_READER.search(data)):
        return _ways(name, data, is_code=False)
    if name.endswith(UNREAD):
        return ()
    return None if _PARENT.search(data) or _DISGUISED.search(data) else ()


def _ways(name: str, data: bytes, *, is_code: bool) -> tuple[Way, ...] | None:
    if is_code and not name.endswith(".json"):
        data = _COMMENT.sub(lambda match: b" " * len(match[0]), data)
    if _UNKNOWN.search(data) or _DISGUISED.search(data):
        return None
    left = {match.start() for match in _PARENT.finditer(data)}
    if not left:
        return ()
    found: list[Way] = []
    try:
        for base, start, end, path in _known(name, data, is_code=is_code):
            if path is None:
                return None
            found.append(Way(base=base, path=path))
            left = {at for at in left if not start <= at < end}
    except UsageError:
        return None
    return None if left else tuple(dict.fromkeys(found))


def _known(name: str, data: bytes, *, is_code: bool) -> Iterator[tuple[Base, int, int, str | None]]:
    """(base, start, end, path): the places in the text that say what they are relative to."""
    for start, end in source_places(name, data) if is_code else ():
        text = data[start:end].decode()
        if re.match(r"\.{1,2}(?:/|$)", text) and _PARENT.search(data, start, end):
            yield Base.SOURCE, start, end, None if "\\" in text else text
    for match in _MODULE_OR_ROOT.finditer(data):
        yield Base.MODULE if match["of"] == b"module" else Base.ROOT, *match.span(), _path(match)
    for match in _FUNCTION.finditer(data):
        yield Base.WORKING, *match.span(), _path(match)


def _path(match: re.Match[bytes]) -> str | None:
    """The path of a match, or its folder where it goes on with an interpolation; None where it names nothing."""
    rest = match["rest"] if match["end"] == b'"' else match["rest"].rpartition(b"/")[0]
    if match["end"] not in (b'"', b"$", b"%") or not rest.strip(b"/.") or b".." in rest.split(b"/"):
        return None
    try:
        return (match["up"] + rest).decode()
    except UnicodeDecodeError:
        return None

"""Pins: which version of which module a stack calls, found and moved by exact byte range.

A pin is the `?ref=` of a module's source that names our repository
(`git::https://github.com/acme/infra.git//modules/vpc?ref=vpc/v1.2.0`; https, ssh and scp forms of one
address are the same repository). Everything around the ref keeps its bytes.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

LOCK_FILE = ".terraform.lock.hcl"
PIN_LOCK = "modferry.lock"
"""What a stack's pins stood for (domain/pin_lock): a record of its content, not a part of it."""

BLANK = b"(pin)"


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One module call: `start` and `end` are the byte range of the ref in `file`, `whole` that of the source; `line`
    counts from 1, `folder` is the module's in the repository."""

    file: str
    call: str
    module: str
    ref: str
    start: int
    end: int
    line: int
    folder: str
    whole: tuple[int, int]


def repository_identity(address: str) -> str:
    """What stays equal between the ways to write one repository's address: `github.com/acme/infra`."""
    text = address.removeprefix("git::")
    scp = re.fullmatch(r"(?:[^@/]+@)?([^:/]+):(?!//)(.+)", text)
    if scp and "://" not in text:
        text = f"{scp[1]}/{scp[2].lstrip('/')}"
    text = re.sub(r"^[a-z+]+://", "", text)
    text = re.sub(r"^[^/@]*@", "", text)
    host, _, path = text.partition("/")
    return f"{host.lower()}/{path.rstrip('/').removesuffix('.git')}"


def find_pins(files: Mapping[str, bytes], source: str) -> tuple[Pin, ...]:
    """The pins in a stack's own files (name → bytes), in the order of files and bytes.

    Raises UsageError for a call of ours without a ref, and for two calls of one module with different refs:
    a stack has one version of a module, or nobody can say which one was verified.
    """
    ours = repository_identity(source)
    pins = tuple(
        pin
        for name in sorted(files)
        if "/" not in name and name.endswith((".tf", ".tf.json"))
        for pin in _pins_of(name, files[name], ours)
    )
    first: dict[str, Pin] = {}
    for pin in pins:
        other = first.setdefault(pin.module, pin)
        if other.ref != pin.ref:
            raise UsageError(
                f"{other.file}:{other.line} pins {other.module} at {other.ref} and {pin.file}:{pin.line} at {pin.ref}.",
                remedy="give both calls the same ref: a stack moves from version to version as a whole",
            )
    return pins


def refs_of(pins: Iterable[Pin]) -> dict[str, str]:
    """Module → ref."""
    return {pin.module: pin.ref for pin in pins}


def move_pins(files: Mapping[str, bytes], source: str, refs: Mapping[str, str]) -> dict[str, bytes]:
    """The files with the pins of these modules (module → new ref) moved; everything else keeps its bytes."""
    moved = dict(files)
    for pin in reversed(find_pins(files, source)):
        if pin.module in refs:
            data = moved[pin.file]
            moved[pin.file] = data[: pin.start] + refs[pin.module].encode() + data[pin.end :]
    return moved


def call_locally(files: Mapping[str, bytes], source: str, module: str, prefix: str) -> dict[str, bytes]:
    """The files with every call of a module turned to the same folder below `prefix` (`../../copy`), a local path."""
    moved = dict(files)
    for pin in reversed(find_pins(files, source)):
        if pin.module == module:
            data, (start, end) = moved[pin.file], pin.whole
            moved[pin.file] = data[:start] + f"{prefix}/{pin.folder}".rstrip("/").encode() + data[end:]
    return moved


def source_places(name: str, data: bytes) -> Iterator[tuple[int, int]]:
    """(start, end) of the literal source of each module call in a .tf or .tf.json file. Raises UsageError for JSON that
    cannot be read."""
    calls = _json_calls(name, data) if name.endswith(".json") else _native_calls(data)
    return ((start, end) for _, start, end in calls)


def content_digest(files: Mapping[str, bytes]) -> str:
    """`sha256:…` over the names and bytes of a stack's files. modferry.lock is left out: it is written after the
    content was applied, and says nothing that Terraform reads."""
    total = sha256()
    for name in sorted(set(files) - {PIN_LOCK}):
        total.update(f"{sha256(files[name]).hexdigest()}\t{name}\0".encode())
    return "sha256:" + total.hexdigest()


def content_shape(files: Mapping[str, bytes], source: str) -> str:
    """As `content_digest` with every pin's ref blanked: equal shapes differ by pins alone."""
    return content_digest(move_pins(files, source, {pin.module: BLANK.decode() for pin in find_pins(files, source)}))


def _pins_of(name: str, data: bytes, ours: str) -> Iterator[Pin]:
    calls = _json_calls(name, data) if name.endswith(".json") else _native_calls(data)
    for call, start, end in calls:
        text = data[start:end].decode(errors="replace")
        address, _, query = text.partition("?")
        bare, _, folder = _split_folder(address)
        if repository_identity(bare) != ours:
            continue
        line = data.count(b"\n", 0, start) + 1
        ref = re.search(r"(?:^|&)ref=([^&]+)", query)
        if not ref:
            raise UsageError(
                f"{name}:{line} calls module {call!r} of this repository without a ref.",
                remedy="add ?ref=<module>/v<version> to its source",
            )
        at = start + len(f"{address}?".encode()) + len(query[: ref.start(1)].encode())
        module = folder.rstrip("/").rpartition("/")[2] or ours.rpartition("/")[2]
        yield Pin(
            file=name,
            call=call,
            module=module,
            ref=ref[1],
            start=at,
            end=at + len(ref[1].encode()),
            line=line,
            folder=folder.strip("/"),
            whole=(start, end),
        )


def _split_folder(address: str) -> tuple[str, str, str]:
    """`git::https://host/repo.git//modules/vpc` → address and folder (`//` after the scheme's own)."""
    scheme = address.find("://")
    at = address.find("//", scheme + 3 if scheme >= 0 else 0)
    return (address, "", "") if at < 0 else (address[:at], "//", address[at + 2 :])


def _native_calls(data: bytes) -> Iterator[tuple[str, int, int]]:
    """(name of the call, start, end) of each module block's source text in HCL."""
    for block in _bodies(_parser().parse(data).root_node):
        words = [child for child in block.children if child.type in ("identifier", "string_lit")]
        if len(words) != 2 or words[0].text != b"module":
            continue
        for body in (child for child in block.children if child.type == "body"):
            for attribute in (child for child in body.children if child.type == "attribute"):
                if attribute.children[0].text == b"source" and (found := _literal(attribute)):
                    yield (words[1].text or b"").decode().strip('"'), found.start_byte, found.end_byte


def _bodies(root: "Node") -> "Iterator[Node]":
    """The top-level blocks of a file."""
    for body in (child for child in root.children if child.type == "body"):
        yield from (child for child in body.children if child.type == "block")


def _literal(node: "Node") -> "Node | None":
    """The one piece of literal text in an attribute; None when it is computed."""
    found: list[Node] = []
    queue = [node]
    while queue:
        here = queue.pop()
        if here.type == "template_literal":
            found.append(here)
        elif here.type in ("template_interpolation", "template_directive"):
            return None
        queue.extend(here.children)
    return found[0] if len(found) == 1 else None


def _parser() -> "Parser":
    import tree_sitter_hcl
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_hcl.language()))


def _json_calls(name: str, data: bytes) -> Iterator[tuple[str, int, int]]:
    """The same for .tf.json: the text of each module's source is looked up where it stands in the bytes."""
    try:
        document = json.loads(data)
    except ValueError as error:
        raise UsageError(f"{name} is not valid JSON: {error}.", remedy=f"mend {name}") from error
    modules = document.get("module", {}) if isinstance(document, dict) else {}
    at = 0
    for call, settings in modules.items() if isinstance(modules, dict) else ():
        source = settings.get("source") if isinstance(settings, dict) else None
        if isinstance(source, str):
            quoted = json.dumps(source, ensure_ascii=False).encode()
            start = data.find(quoted, at)
            if start >= 0:
                at = start + len(quoted)
                yield call, start + 1, at - 1

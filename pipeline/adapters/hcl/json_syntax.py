"""One .tf.json file → the same blocks as native syntax (Terraform's "JSON Configuration Syntax").

Strings are templates, except where Terraform wants a bare name or a type; objects and arrays of objects
stand for nested blocks. Places come from a scan of the text, since the JSON reader keeps none.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from pipeline.adapters.hcl.parser import check_utf8, parse_text
from pipeline.domain.interface.syntax import Attribute, Block, Expression, Fields, Items, Literal, Place, PlacedBlock
from pipeline.errors import UsageError

LABELS = {
    "resource": 2,
    "data": 2,
    "ephemeral": 2,
    "variable": 1,
    "output": 1,
    "module": 1,
    "provider": 1,
    "check": 1,
    "terraform": 0,
    "locals": 0,
    "moved": 0,
    "removed": 0,
    "import": 0,
}
NESTED = frozenset({"validation", "precondition", "postcondition", "lifecycle", "required_providers"})
BARE = frozenset({"type", "provider", "providers", "from", "to", "configuration_aliases"})
"""Attributes whose strings are references or types, not templates."""
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
Path = tuple[str | int, ...]


def parse_json(content: bytes, file: str) -> tuple[PlacedBlock, ...]:
    """The blocks of a JSON file; raises UsageError with file, line and column where it is not valid."""
    text = check_utf8(content, file)
    try:
        document = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except json.JSONDecodeError as error:
        raise UsageError(f"{file}:{error.lineno}:{error.colno}: not valid JSON: {error.msg}.") from error
    if not isinstance(document, dict):
        raise UsageError(f"{file}:1:1: a Terraform file in JSON is one object.")
    places = _places(text)
    found = []
    for kind, content_of in document.items():
        for path, labels, body in _blocks((kind,), content_of, LABELS.get(kind, 0)):
            line, column = places.get(path, (1, 1))
            relative = _relative(places, line)
            block = _block(kind, labels, body, path, relative)
            found.append(PlacedBlock(block=block, at=Place(file, line, column)))
    return tuple(sorted(found, key=lambda placed: placed.at))


def _blocks(path: Path, value: Any, labels: int) -> Iterator[tuple[Path, tuple[str, ...], Mapping[str, Any]]]:
    """Walk label by label; an array at any level means several."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _blocks((*path, index), item, labels)
    elif isinstance(value, dict) and labels:
        for name, inner in value.items():
            if name != "//":
                yield from ((at, (name, *rest), body) for at, rest, body in _blocks((*path, name), inner, labels - 1))
    elif isinstance(value, dict):
        yield path, (), value


def _block(
    kind: str, labels: tuple[str, ...], body: Mapping[str, Any], path: Path, place: Callable[[Path], tuple[int, int]]
) -> Block:
    attributes: dict[str, Attribute] = {}
    blocks: list[Block] = []
    for name, value in body.items():
        if name == "//":
            continue
        inner = (*path, name)
        if name in NESTED:
            blocks += [_block(name, (), nested, at, place) for at, _, nested in _blocks(inner, value, 0)]
        else:
            line, column = place(inner)
            expression = _expression(value, bare=name in BARE, literal=kind == "variable" and name == "default")
            text = value if isinstance(value, str) and name in BARE else json.dumps(value, default=_number)
            attributes[name] = Attribute(expression=expression, text=text, line=line, column=column)
    line, column = place(path)
    body_text = json.dumps({k: v for k, v in body.items() if k != "//"}, indent=2, default=_number)
    return Block(
        kind=kind,
        labels=labels,
        attributes=attributes,
        blocks=tuple(blocks),
        body=body_text,
        line=line,
        column=column,
    )


def _number(value: Any) -> int | float:
    return int(value) if value == int(value) else float(value)


def _expression(value: Any, *, bare: bool, literal: bool) -> Expression:
    if isinstance(value, str):
        if bare:
            return parse_text(value) or Literal(value)
        if literal or not re.search(r"[$%]\{", value):
            return Literal(value)
        whole = re.fullmatch(r"\$\{(.*)\}", value, re.DOTALL)
        found = parse_text(whole[1]) if whole else None
        return found or parse_text(f"<<JSON_STRING\n{value}\nJSON_STRING") or Literal(value)
    if isinstance(value, list):
        return Items(tuple(_expression(item, bare=bare, literal=literal) for item in value))
    if isinstance(value, dict):
        fields = ((Literal(key), _expression(item, bare=bare, literal=literal)) for key, item in value.items())
        return Fields(tuple(fields))
    return Literal(value)


def _relative(places: Mapping[Path, tuple[int, int]], base: int) -> Callable[[Path], tuple[int, int]]:
    def place(path: Path) -> tuple[int, int]:
        line, column = places.get(path, (base, 1))
        return line - base, column

    return place


def _places(text: str) -> dict[Path, tuple[int, int]]:
    """Path of keys and indexes → line and column of the key (in an array: of the item). `text` is valid JSON."""
    found: dict[Path, tuple[int, int]] = {}
    stack: list[tuple[str, str | int | None]] = []  # ("{" or "[", current key or index)
    line, last = 1, 0
    wants_key = False
    for match in TOKEN.finditer(text):
        line += text.count("\n", last, match.start())
        last = match.start()
        column = match.start() - (text.rfind("\n", 0, match.start()) + 1) + 1
        part = match[0]
        if part in "}]":
            stack.pop()
            wants_key = False
            continue
        if part == ":":
            continue
        if part == ",":
            kind, key = stack[-1]
            wants_key = kind == "{"
            if kind == "[":
                assert isinstance(key, int)
                stack[-1] = (kind, key + 1)
            continue
        if wants_key and stack:
            stack[-1] = ("{", json.loads(part))
            found[_path(stack)] = (line, column)
            wants_key = False
            continue
        if stack and stack[-1][0] == "[":
            found[_path(stack)] = (line, column)
        if part in "{[":
            stack.append((part, 0 if part == "[" else None))
            wants_key = part == "{"
    return found


def _path(stack: list[tuple[str, str | int | None]]) -> Path:
    return tuple(key for _, key in stack if key is not None)

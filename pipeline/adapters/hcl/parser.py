"""One native .tf file → its top-level blocks.

A block whose text was seen before is not read again: over a module's history most blocks repeat, so a
version costs one C parse a changed file and the reading of the blocks that changed.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from pipeline.adapters.hcl.expressions import read_expression, text_of
from pipeline.domain.interface.syntax import Attribute, Block, Expression, Place, PlacedBlock
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

META = frozenset({"alias", "count", "for_each", "provider", "source", "version", "providers"})
READ_WHOLE = frozenset(
    {"terraform", "required_providers", "variable", "output", "locals", "module", "moved", "removed"}
)
READ_INSIDE = READ_WHOLE | {"validation", "lifecycle"}
PIECE = re.compile(
    rb"^[A-Za-z_][^\n]*\{(?:[^\n]*\}[ \t\r]*$|[ \t\r]*\n(?:[^}\n][^\n]*\n|\n)*\}[ \t\r]*$)", re.MULTILINE
)
"""A block on one line, or up to the first line that begins with its closing brace."""
BETWEEN = re.compile(rb"(?:[ \t\r]*(?:(?:#|//)[^\n]*)?(?:\n|\Z))*")
"""Blank lines and comment lines."""
COMPARED_AS_TEXT = frozenset({"resource", "data", "ephemeral", "module"})
_attributes: dict[tuple[bytes, int, int], Attribute] = {}
"""Text and place of an attribute → what it says."""
_meant: dict[str, Expression] = {}
"""Text of an expression → what it means: `string`, `{}` and `true` stand in every second block."""
_seen: dict[bytes, Block] = {}
"""Text of a block → what it says: a run's memory of blocks, which repeat from version to version."""


@cache
def _parser() -> "Parser":
    import tree_sitter_hcl
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_hcl.language()))


def parse_blocks(content: bytes, file: str) -> tuple[PlacedBlock, ...]:
    """The top-level blocks of a native file, in order.

    Raises UsageError with file, line and column where the file is not valid HCL or not UTF-8.
    """
    check_utf8(content, file)
    content = content.removeprefix(b"\xef\xbb\xbf")
    pieces = _pieces(content, file)
    return pieces if pieces is not None else _whole(content, file)


def _pieces(content: bytes, file: str) -> tuple[PlacedBlock, ...] | None:
    """The blocks of a file laid out as `terraform fmt` does, only the new ones parsed; None for another layout.

    Sound because HCL has no context across top-level blocks: text that is a sequence of complete blocks, blank
    lines and comment lines means exactly these blocks.
    """
    places: list[tuple[bytes, int]] = []
    at, line = 0, 1
    for match in PIECE.finditer(content):
        start, end = match.span()
        if not BETWEEN.fullmatch(content, at, start):
            return None
        line += content.count(b"\n", at, start)
        places.append((match[0], line))
        line += content.count(b"\n", start, end)
        at = end
    if not BETWEEN.fullmatch(content, at) or not _learn([text for text, _ in places if text not in _seen]):
        return None
    return tuple(PlacedBlock(block=_seen[text], at=Place(file, line, 1)) for text, line in places)


def _learn(texts: Sequence[bytes]) -> bool:
    """Parse pieces together and keep each as a block; False where one of them is not exactly one block."""
    root = _parser().parse(b"\n".join(texts)).root_node
    nodes = [node for body in root.named_children for node in body.named_children]
    if root.has_error or [node.text for node in nodes if node.type == "block"] != [text.rstrip() for text in texts]:
        return False
    for text, node in zip(texts, nodes, strict=True):
        _seen[text] = _block(node, node.start_point.row, top="")
    return True


def _whole(content: bytes, file: str) -> tuple[PlacedBlock, ...]:
    """The blocks of any file, in one parse."""
    root = _parser().parse(content).root_node
    if root.has_error:
        raise _broken(root, content, file)
    found = []
    for body in root.named_children:
        for node in body.named_children if body.type == "body" else ():
            row, at = node.start_point
            column = at + 1
            if node.type == "block":
                found.append(PlacedBlock(block=_block(node, row, top=""), at=Place(file, row + 1, column)))
            elif node.type == "attribute":
                raise UsageError(
                    f"{file}:{row + 1}:{column}: {text_of(node.children[0])!r} is set outside any block.",
                    remedy="put it into the block that it belongs to",
                )
    return tuple(found)


def parse_text(text: str) -> Expression | None:
    """An expression given as text (JSON syntax holds them in strings); None where it is not valid."""
    root = _parser().parse(f"_ = {text}\n".encode()).root_node
    if root.has_error or not root.named_children:
        return None
    attribute = root.named_children[0].named_children[0]
    return read_expression(attribute.named_children[-1]) if attribute.type == "attribute" else None


def check_utf8(content: bytes, file: str) -> str:
    """The text of a file; raises UsageError where it is not UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        raise UsageError(f"{file}:{line}:{column}: this is not UTF-8 text.", remedy="save the file as UTF-8") from error


def _block(node: "Node", base: int, top: str) -> Block:
    labels: list[str] = []
    body: Node | None = None
    kind = ""
    for kid in node.named_children:
        if kid.type == "identifier":
            if kind:
                labels.append(text_of(kid))
            else:
                kind = text_of(kid)
        elif kid.type == "string_lit":
            labels.append(text_of(kid)[1:-1])
        elif kid.type == "body":
            body = kid
    attributes: dict[str, Attribute] = {}
    blocks: list[Block] = []
    whole = (top or kind) in READ_WHOLE
    for kid in body.named_children if body else ():
        found = kid.type
        if found == "attribute":
            text = kid.text or b""
            name = text.partition(b"=")[0].strip().decode()
            if whole or name in META or kind == "lifecycle":
                attributes[name] = _attribute(kid, text, base)
        elif found == "block" and (whole or text_of(kid.named_children[0]) in READ_INSIDE):
            blocks.append(_block(kid, base, top or kind))
    row, column = node.start_point
    return Block(
        kind=kind,
        labels=tuple(labels),
        attributes=attributes,
        blocks=tuple(blocks),
        body=text_of(body) if body and kind in COMPARED_AS_TEXT else "",
        line=row - base,
        column=column + 1,
    )


def _attribute(node: "Node", source: bytes, base: int) -> Attribute:
    row, column = node.start_point
    key = (source, row - base, column)
    known = _attributes.get(key)
    if known is None:
        expression = node.named_children[-1]
        if expression.type == "comment":
            expression = next(kid for kid in reversed(node.named_children) if kid.type != "comment")
        text = text_of(expression)
        meant = _meant.get(text)
        if meant is None:
            meant = _meant[text] = read_expression(expression)
        known = Attribute(expression=meant, text=text, line=row - base, column=column + 1)
        _attributes[key] = known
    return known


def _broken(root: "Node", content: bytes, file: str) -> UsageError:
    """The first and deepest place where the grammar gave up; a string left open is named itself."""
    node = _open_string(root)
    what = ""
    if node is not None:
        what = "this string is not closed on its line"
    else:
        node = root
        while bad := next((kid for kid in node.children if kid.has_error or kid.is_missing or kid.is_error), None):
            node = bad
        if node.is_error and node.children and node.start_point.row != node.end_point.row:
            node = node.children[-1]  # a wide error: what came last is where it stopped
    row, at = node.start_point
    line = content.split(b"\n")[row] if row < content.count(b"\n") + 1 else b""
    column = len(line[:at].decode(errors="replace")) + 1
    near = f"{node.type!r} is missing here" if node.is_missing else f"not valid HCL near {_near(line, at)!r}"
    return UsageError(
        f"{file}:{row + 1}:{column}: {what or near}.", remedy=f"mend it there; terraform fmt {file} says more"
    )


def _open_string(root: "Node") -> "Node | None":
    """The first quoted string that runs over the end of its line: the grammar allows it, HCL does not."""
    queue = [root]
    while queue:
        node = queue.pop(0)
        if node.type in ("string_lit", "quoted_template"):
            literals = [kid for kid in node.named_children if kid.type == "template_literal"]
            if any(b"\n" in (kid.text or b"") for kid in literals):
                return node
        queue = [*node.children, *queue]
    return None


def _near(line: bytes, at: int) -> str:
    return line[at:].decode(errors="replace").strip()[:40] or line.decode(errors="replace").strip()[:40]

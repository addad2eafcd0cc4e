"""tree-sitter nodes of an HCL expression → domain/interface/syntax expressions.

Source of the grammar: tree-sitter-hcl 1.2 (node names), HCL native syntax specification (escapes, heredocs).
"""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from pipeline.domain.interface.syntax import (
    Call,
    Conditional,
    Expression,
    Fields,
    For,
    GetAttr,
    Index,
    Items,
    Literal,
    Name,
    Operation,
    Other,
    Splat,
    Template,
)

if TYPE_CHECKING:
    from tree_sitter import Node

ESCAPE = re.compile(r'\\(?:([nrt"\\])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|(\$\$|%%)(?=\{)')
PLAIN = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
MARKS = frozenset({"template_interpolation_start", "template_interpolation_end", "strip_marker"})


def text_of(node: "Node") -> str:
    """The source text of a node."""
    return (node.text or b"").decode()


def read_expression(node: "Node") -> Expression:
    """An `expression` node (or any node that stands for one)."""
    reader = READERS.get(node.type)
    if reader:
        return reader(node, _named(node))
    kids = _named(node)
    return Other(" ".join(text_of(node).split()), tuple(read_expression(k) for k in kids if k.named_children))


def _named(node: "Node") -> "list[Node]":
    return [kid for kid in node.named_children if kid.type != "comment"]


def _chain(kids: "Sequence[Node]") -> Expression:
    """A primary and what follows it: `.name`, `[key]`, `.*`; a parenthesised expression is itself."""
    found = read_expression(kids[0])
    for kid in kids[1:]:
        inner = _named(kid)
        if kid.type == "get_attr":
            found = GetAttr(found, text_of(inner[0]))
        elif kid.type == "index":
            found = Index(found, _key(kid))
        elif kid.type == "splat":
            found = Splat(found, tuple(_step(step) for step in _named(inner[0])))
        else:
            found = Other(text_of(kid), (found, read_expression(kid)))
    return found


def _key(node: "Node") -> Expression:
    inner = _named(node)[0]
    if inner.type == "legacy_index":
        return Literal(_number(text_of(inner).lstrip(".")))
    held = [kid for kid in _named(inner) if kid.type == "expression"]
    return read_expression(held[0] if held else inner)


def _step(node: "Node") -> "str | Expression":
    return text_of(_named(node)[0]) if node.type == "get_attr" else _key(node)


def _field(node: "Node") -> tuple[Expression, Expression]:
    key, value = [kid for kid in _named(node) if kid.type == "expression"][:2]
    read = read_expression(key)
    if isinstance(read, Name) and not text_of(key).startswith("("):
        read = Literal(read.name)
    return read, read_expression(value)


def _call(kids: "Sequence[Node]") -> Expression:
    arguments = [kid for kid in kids if kid.type == "function_arguments"]
    inner = _named(arguments[0]) if arguments else []
    expands = any(kid.type == "ellipsis" for kid in inner)
    return Call(text_of(kids[0]), tuple(read_expression(k) for k in inner if k.type == "expression"), expands)


def _operation(node: "Node") -> Expression:
    """Operands are flattened in the grammar: a primary and its suffixes stand side by side."""
    operator = ""
    operands: list[list[Node]] = [[]]
    for kid in node.children:
        if kid.type == "comment":
            continue
        if kid.is_named:
            operands[-1].append(kid)
        elif kid.type not in "()":
            operator = kid.type
            if operands[-1]:
                operands.append([])
    return Operation(operator, tuple(_chain(part) for part in operands if part))


def _for(node: "Node") -> Expression:
    if node.type == "for_expr":
        return _for(_named(node)[0])
    kids = _named(node)
    intro = next(kid for kid in kids if kid.type == "for_intro")
    names = tuple(text_of(k) for k in _named(intro) if k.type == "identifier")
    source = read_expression(next(k for k in _named(intro) if k.type == "expression"))
    values = [read_expression(k) for k in kids if k.type == "expression"]
    tests = [k for k in kids if k.type == "for_cond"]
    test = read_expression(_named(tests[0])[0]) if tests else None
    key = values[0] if len(values) > 1 else None
    return For(names, source, key, values[-1], test, any(k.type == "ellipsis" for k in kids))


def _number(text: str) -> Decimal:
    return Decimal(text)


def unescape(text: str) -> str:
    """The text of a quoted literal after its escapes."""

    def one(match: re.Match[str]) -> str:
        plain, short, long, dollar = match.groups()
        if dollar:
            return str(dollar[0])
        return PLAIN[plain] if plain else chr(int(short or long, 16))

    return ESCAPE.sub(one, text)


def _quoted(kids: "Sequence[Node]") -> Expression:
    parts = [kid for kid in kids if kid.type not in ("quoted_template_start", "quoted_template_end")]
    if all(kid.type == "template_literal" for kid in parts):
        return Literal(unescape("".join(text_of(kid) for kid in parts)))
    if len(parts) == 1 and parts[0].type == "template_interpolation":
        return _part(parts[0], quoted=True)  # "${x}" is x itself, not a string
    return Template(tuple(_part(kid, quoted=True) for kid in parts))


def _part(node: "Node", *, quoted: bool) -> Expression:
    if node.type == "template_literal":
        return Literal(unescape(text_of(node)) if quoted else text_of(node))
    if node.type == "template_interpolation":
        inner = [kid for kid in _named(node) if kid.type not in MARKS]
        return read_expression(inner[0]) if inner else Literal("")
    return Other(" ".join(text_of(node).split()), tuple(_expressions_below(node)))


def _expressions_below(node: "Node") -> list[Expression]:
    found: list[Expression] = []
    for kid in _named(node):
        found += [read_expression(kid)] if kid.type == "expression" else _expressions_below(kid)
    return found


def _heredoc(node: "Node", kids: "Sequence[Node]") -> Expression:
    parts = [kid for kid in kids if kid.type.startswith("template_")]
    if any(kid.type != "template_literal" for kid in parts):
        return Template(tuple(_part(kid, quoted=False) for kid in parts))
    lines = text_of(node).split("\n")
    content = "".join(line + "\n" for line in lines[1:-1])
    if lines[0].startswith("<<-"):
        import textwrap

        content = textwrap.dedent(content)
    return Literal(re.sub(r"(\$\$|%%)(?=\{)", lambda m: m[0][0], content))


def _items(_: "Node", kids: "Sequence[Node]") -> Expression:
    return Items(tuple(read_expression(kid) for kid in kids if kid.type == "expression"))


def _fields(_: "Node", kids: "Sequence[Node]") -> Expression:
    return Fields(tuple(_field(kid) for kid in kids if kid.type == "object_elem"))


def _conditional(_: "Node", kids: "Sequence[Node]") -> Expression:
    return Conditional(*(read_expression(kid) for kid in kids[:3]))


def _only(_: "Node", kids: "Sequence[Node]") -> Expression:
    return read_expression(kids[0])


READERS: "dict[str, Callable[[Node, Sequence[Node]], Expression]]" = {
    "expression": lambda _, kids: _chain(kids),
    "operation": lambda _, kids: _chain(kids),
    "literal_value": _only,
    "template_expr": _only,
    "collection_value": _only,
    "string_lit": lambda _, kids: _quoted(kids),
    "quoted_template": lambda _, kids: _quoted(kids),
    "heredoc_template": _heredoc,
    "numeric_lit": lambda node, _: Literal(_number(text_of(node))),
    "bool_lit": lambda node, _: Literal(text_of(node) == "true"),
    "null_lit": lambda _, __: Literal(None),
    "variable_expr": lambda node, _: Name(text_of(node)),
    "tuple": _items,
    "object": _fields,
    "function_call": lambda _, kids: _call(kids),
    "conditional": _conditional,
    "unary_operation": lambda node, _: _operation(node),
    "binary_operation": lambda node, _: _operation(node),
    "for_expr": lambda node, _: _for(node),
    "for_tuple_expr": lambda node, _: _for(node),
    "for_object_expr": lambda node, _: _for(node),
}
"""How each kind of node is read; any other is kept as text with the expressions inside."""

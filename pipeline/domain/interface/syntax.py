"""Terraform's syntax as plain values: expressions, attributes, blocks, places.

Promise: no parser's types in here; adapters/hcl makes these from native syntax and from JSON. Expressions
compare by meaning of their text (white space and comments are gone), so equal syntax is equal values.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from pipeline.domain.interface.record import Record

Scalar: TypeAlias = str | Decimal | bool | None
"""A literal; numbers are Decimal, so 1.50 is 1.5 and 0.1 is exact."""


class Place(NamedTuple):
    """Where something is declared: path as given, line and column from 1 (columns count characters)."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Literal(Record):
    """A string without interpolation, a number, a bool or null."""

    value: Scalar


class Template(Record):
    """A string with `${…}` or `%{…}` inside; a directive is kept as Other."""

    parts: "tuple[Expression, ...]"


class Name(Record):
    """The first word of a reference, or a type keyword: `var`, `aws_vpc`, `string`."""

    name: str


class GetAttr(Record):
    """`on.name`; also `on["name"]` where the key is a string literal is kept as Index."""

    on: "Expression"
    name: str


class Index(Record):
    """`on[key]`, also the old `on.0`."""

    on: "Expression"
    key: "Expression"


class Splat(Record):
    """`on[*]` or `on.*`: what follows applies to each element (`attributes` and indexes, in order)."""

    on: "Expression"
    steps: "tuple[str | Expression, ...]"


class Call(Record):
    """A function call; `expands` when the last argument ends in `...`."""

    function: str
    arguments: "tuple[Expression, ...]"
    expands: bool = False


class Conditional(Record):
    """`test ? yes : no`."""

    test: "Expression"
    yes: "Expression"
    no: "Expression"


class Operation(Record):
    """A unary (one operand) or binary (two operands) operator."""

    operator: str
    operands: "tuple[Expression, ...]"


class Items(Record):
    """`[a, b]`."""

    items: "tuple[Expression, ...]"


class Fields(Record):
    """`{a = 1, (k) = 2}`; a bare word as key is a string Literal."""

    fields: "tuple[tuple[Expression, Expression], ...]"


class For(Record):
    """`[for k, v in source : value if test]`, or with `key` the `{… => …}` form; `grouped` is `...`."""

    names: tuple[str, ...]
    source: "Expression"
    key: "Expression | None"
    value: "Expression"
    test: "Expression | None"
    grouped: bool = False


class Other(Record):
    """Anything else, by its text; `parts` are the expressions inside."""

    text: str
    parts: "tuple[Expression, ...]" = ()


Expression: TypeAlias = (
    Literal | Template | Name | GetAttr | Index | Splat | Call | Conditional | Operation | Items | Fields | For | Other
)


class Attribute(Record):
    """`name = expression`; `text` is the expression's source, `line` and `column` of the name count from the block."""

    expression: Expression
    text: str
    line: int = 0
    column: int = 1


class Block(Record):
    """A block; `line` counts from the first line of the top-level block that holds it (which is 0 itself).

    In resource, data and ephemeral blocks only the meta-arguments are in `attributes`; the rest is compared as
    text: `body` is the source between the braces (empty in blocks that are read whole, but for module calls).
    """

    kind: str
    labels: tuple[str, ...] = ()
    attributes: Mapping[str, Attribute] = MappingProxyType({})
    blocks: "tuple[Block, ...]" = ()
    body: str = ""
    line: int = 0
    column: int = 1

    def attribute(self, name: str) -> Expression | None:
        """The expression of an attribute, if it is there."""
        found = self.attributes.get(name)
        return found.expression if found else None

    def text(self, name: str) -> str:
        """The source of an attribute, or nothing."""
        found = self.attributes.get(name)
        return found.text if found else ""

    def of_kind(self, kind: str) -> "list[Block]":
        """The nested blocks of one kind."""
        return [block for block in self.blocks if block.kind == kind]


class PlacedBlock(Record):
    """A top-level block and where it begins. Equal blocks of two versions are the same object."""

    block: Block
    at: Place

    def place(self, line: int, column: int = 1) -> Place:
        """The place of something inside, given its line in the block."""
        return Place(self.at.file, self.at.line + line, column)


def children(expression: Expression) -> Iterator[Expression]:
    """The expressions directly inside one."""
    match expression:
        case Literal() | Name():
            return
        case Template(parts) | Other(_, parts) | Items(parts) | Operation(_, parts) | Call(_, parts):
            yield from parts
        case GetAttr(on, _):
            yield on
        case Index(on, key):
            yield from (on, key)
        case Splat(on, steps):
            yield on
            yield from (step for step in steps if not isinstance(step, str))
        case Conditional(test, yes, no):
            yield from (test, yes, no)
        case Fields(fields):
            for key, value in fields:
                yield from (key, value)
        case For(_, source, key, value, test, _):
            yield source
            yield from (part for part in (key, value, test) if part is not None)


def references(expression: Expression) -> Iterator[str]:
    """What an expression refers to, without indexes: `var.name`, `aws_vpc.this.id`, `module.x.out`.

    Names bound by a `for` and bare keywords are left out.
    """
    yield from _references(expression, frozenset())


def _references(expression: Expression, bound: frozenset[str]) -> Iterator[str]:
    path = _path(expression)
    if path and len(path) > 1:
        if path[0] not in bound:
            yield ".".join(path)
        for key in _keys(expression):
            yield from _references(key, bound)
        return
    if isinstance(expression, For):
        yield from _references(expression.source, bound)
        bound = bound | set(expression.names)
        for part in (expression.key, expression.value, expression.test):
            if part is not None:
                yield from _references(part, bound)
        return
    for child in children(expression):
        yield from _references(child, bound)


def _path(expression: Expression) -> tuple[str, ...]:
    match expression:
        case Name(name):
            return (name,)
        case GetAttr(on, name):
            path = _path(on)
            return (*path, name) if path else ()
        case Index(on, _):
            return _path(on)
        case Splat(on, steps):
            path = _path(on)
            return (*path, *(step for step in steps if isinstance(step, str))) if path else ()
        case _:
            return ()


def _keys(expression: Expression) -> Iterator[Expression]:
    match expression:
        case GetAttr(on, _):
            yield from _keys(on)
        case Index(on, key):
            yield from _keys(on)
            yield key
        case Splat(on, steps):
            yield from _keys(on)
            yield from (step for step in steps if not isinstance(step, str))
        case _:
            return

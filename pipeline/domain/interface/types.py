"""Type expressions as a tree: what a variable's `type` says, and what it is called.

Source: Terraform "Type Constraints"; bare `list`, `set`, `map` and the quoted words of Terraform 0.11 mean
collections of any.
"""

from enum import Enum
from typing import TypeAlias

from pipeline.domain.interface.record import Record
from pipeline.domain.interface.syntax import Call, Expression, Fields, GetAttr, Items, Literal, Name


class Primitive(Enum):
    """The three types that are not made of others, and `any`: no constraint here."""

    STRING = "string"
    NUMBER = "number"
    BOOL = "bool"
    ANY = "any"


class Kind(Enum):
    """The three collections; all elements of one have one type."""

    LIST = "list"
    SET = "set"
    MAP = "map"


class Collection(Record):
    """`list(element)`, `set(element)` or `map(element)`."""

    kind: Kind
    element: "Type"


class TupleType(Record):
    """`tuple([…])`."""

    elements: "tuple[Type, ...]"


class Field(Record):
    """One attribute of an object; `default` is what Terraform fills in for a missing optional one."""

    name: str
    type: "Type"
    optional: bool = False
    default: Expression | None = None


class ObjectType(Record):
    """`object({…})`, fields by name."""

    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """The field of that name."""
        return next((field for field in self.fields if field.name == name), None)


Type: TypeAlias = Primitive | Collection | TupleType | ObjectType

STRING, NUMBER, BOOL, ANY = Primitive.STRING, Primitive.NUMBER, Primitive.BOOL, Primitive.ANY
WORDS: dict[str, Type] = {
    **{word.value: word for word in Primitive},
    **{kind.value: Collection(kind, Primitive.ANY) for kind in Kind},
}


class NotATypeError(ValueError):
    """The expression is no type constraint; the text says which part."""


def parse_type(expression: Expression) -> Type:
    """The type that an expression stands for; raises NotATypeError."""
    match expression:
        case Name(word) | Literal(str(word)) if word in WORDS:
            return WORDS[word]
        case Call("list" | "set" | "map" as kind, (element,)):
            return Collection(Kind(kind), parse_type(element))
        case Call("tuple", (Items(items),)):
            return TupleType(tuple(parse_type(item) for item in items))
        case Call("object", (Fields(fields),)):
            found = (_field(key, value) for key, value in fields)
            return ObjectType(tuple(sorted(found, key=lambda field: field.name)))
        case Call(function, _) if function in WORDS or function in ("tuple", "object", "optional"):
            raise NotATypeError(f"{function}(…) is used in a way that is no type")
        case Name(word) | Call(word, _) | Literal(str(word)):
            raise NotATypeError(f"{word!r} is no type")
        case _:
            raise NotATypeError("this is no type")


def _field(key: Expression, value: Expression) -> Field:
    if not (isinstance(key, Literal) and isinstance(key.value, str)):
        raise NotATypeError("an attribute's name must be a plain word")
    match value:
        case Call("optional", (inner,)):
            return Field(key.value, parse_type(inner), optional=True)
        case Call("optional", (inner, default)):
            return Field(key.value, parse_type(inner), optional=True, default=default)
        case _:
            return Field(key.value, parse_type(value))


def show_type(type_: Type) -> str:
    """A type as Terraform's messages write it, on one line; defaults of optional fields are left out."""
    match type_:
        case Primitive():
            return type_.value
        case Collection(kind, element):
            return f"{kind.value}({show_type(element)})"
        case TupleType(elements):
            return f"tuple([{', '.join(map(show_type, elements))}])"
        case ObjectType(fields):
            return f"object({{{', '.join(map(_show_field, fields))}}})"


def _show_field(field: Field) -> str:
    inner = show_type(field.type)
    return f"{field.name} = optional({inner})" if field.optional else f"{field.name} = {inner}"


def has_any(type_: Type) -> bool:
    """Whether `any` stands somewhere in it."""
    match type_:
        case Primitive():
            return type_ is ANY
        case Collection(_, element):
            return has_any(element)
        case TupleType(elements):
            return any(map(has_any, elements))
        case ObjectType(fields):
            return any(has_any(field.type) for field in fields)


def reference_text(expression: Expression) -> str | None:
    """`a.b.c` of a bare reference (provider aliases); None for anything else."""
    match expression:
        case Name(name):
            return name
        case GetAttr(on, name):
            before = reference_text(on)
            return f"{before}.{name}" if before else None
        case Literal(str(text)):
            return text
        case _:
            return None

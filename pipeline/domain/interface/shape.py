"""What kind of value an output gives, as far as its expression tells: ANY where it does not.

Enough to see a string become a list, or an object lose an attribute; what a resource's attributes are is the
provider's knowledge, except for `id` and `arn`, which are strings everywhere.
"""

from collections.abc import Mapping

from pipeline.domain.interface.elements import Interface, Mode, Repetition
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
    Splat,
    Template,
)
from pipeline.domain.interface.types import (
    ANY,
    BOOL,
    NUMBER,
    STRING,
    Collection,
    Field,
    Kind,
    ObjectType,
    Primitive,
    TupleType,
    Type,
)

LIST, SET, MAP = (Collection(kind, ANY) for kind in (Kind.LIST, Kind.SET, Kind.MAP))
STRING_FUNCTIONS = (
    "join format jsonencode yamlencode lower upper title replace trimspace trim trimprefix trimsuffix substr "
    "base64encode base64decode templatefile file tostring md5 sha1 sha256 cidrsubnet cidrhost cidrnetmask timestamp"
)
RESULTS: Mapping[str, Type] = {
    **dict.fromkeys(STRING_FUNCTIONS.split(), STRING),
    **dict.fromkeys(["length", "max", "min", "floor", "ceil", "abs", "parseint", "sum", "tonumber"], NUMBER),
    **dict.fromkeys(["can", "contains", "alltrue", "anytrue", "startswith", "endswith", "tobool"], BOOL),
    **dict.fromkeys(
        [
            "concat",
            "compact",
            "flatten",
            "keys",
            "values",
            "tolist",
            "distinct",
            "sort",
            "split",
            "slice",
            "range",
            "reverse",
        ],
        LIST,
    ),
    **dict.fromkeys(["toset", "setunion", "setintersection", "setsubtract", "setproduct"], SET),
    **dict.fromkeys(["merge", "zipmap", "tomap"], MAP),
}
EMPTY = (TupleType(()), ObjectType(()))
OPERATORS = {**dict.fromkeys("+-*/%", NUMBER)}
DEPTH = 20


def shape(expression: Expression, interface: Interface, depth: int = 0) -> Type:  # noqa: PLR0911, PLR0912 - one branch a kind
    """The type of an expression in a module; ANY where it cannot be told."""
    if depth > DEPTH:
        return ANY
    match expression:
        case Literal(bool()):
            return BOOL
        case Literal(str()) | Template():
            return STRING
        case Literal(None):
            return ANY
        case Literal():
            return NUMBER
        case Items(items):
            return TupleType(tuple(shape(item, interface, depth + 1) for item in items))
        case Fields(fields):
            if all(isinstance(key, Literal) for key, _ in fields):
                named = ((str(key.value), value) for key, value in fields if isinstance(key, Literal))
                return ObjectType(
                    tuple(sorted((Field(n, shape(v, interface, depth + 1)) for n, v in named), key=lambda f: f.name))
                )
            return MAP
        case For(_, _, key, _, _, _):
            return LIST if key is None else MAP
        case Splat():
            return LIST
        case Conditional(_, yes, no):
            return _first(shape(yes, interface, depth + 1), shape(no, interface, depth + 1))
        case Call("try" | "coalesce", arguments):
            return _first(*(shape(argument, interface, depth + 1) for argument in arguments))
        case Call("one" | "element", (Splat(_, ("id" | "arn",)), *_)):
            return STRING
        case Call("sensitive" | "nonsensitive", (argument,)):
            return shape(argument, interface, depth + 1)
        case Call(function, _):
            return RESULTS.get(function, ANY)
        case Operation(operator, _):
            return OPERATORS.get(operator, BOOL)
        case GetAttr() | Index():
            return _reference(expression, interface, depth)
        case _:
            return ANY


def _first(*types: Type) -> Type:
    """The first that says something; an empty list or map is only what stands in for one."""
    found = next((type_ for type_ in types if type_ is not ANY and type_ not in EMPTY), ANY)
    return MAP if found is ANY and ObjectType(()) in types else found


def _reference(expression: GetAttr | Index, interface: Interface, depth: int) -> Type:  # noqa: PLR0911 - one return a kind
    match expression:
        case GetAttr(Name("var"), name) if name in interface.variables:
            return interface.variables[name].type
        case GetAttr(Name("local"), name) if name in interface.locals:
            return shape(interface.locals[name], interface, depth + 1)
        case GetAttr(Name("data" | "module" | "each" | "count" | "path" | "terraform"), _):
            return ANY
        case GetAttr(on, ("id" | "arn")) if _is_instance(on, interface):
            return STRING
        case GetAttr(on, name):
            return _member(shape(on, interface, depth + 1), name)
        case Index(on, Literal(str(name))):
            return _member(shape(on, interface, depth + 1), name)
        case Index(on, Literal(key)) if key is not None:
            inner = shape(on, interface, depth + 1)
            return inner.element if isinstance(inner, Collection) else ANY
        case _:
            return ANY


def _is_instance(on: Expression, interface: Interface) -> bool:
    """Whether `on` names one instance of a resource of this module."""
    indexed = isinstance(on, Index)
    inner = on.on if isinstance(on, Index) else on
    match inner:
        case GetAttr(Name(type_), name):
            found = interface.resources.get(f"{type_}.{name}")
        case GetAttr(GetAttr(Name("data"), type_), name):
            found = interface.resources.get(f"{Mode.DATA.value}.{type_}.{name}")
        case _:
            found = None
    return found is not None and (found.repetition is not Repetition.NONE) == indexed


def _member(on: Type, name: str) -> Type:
    if isinstance(on, ObjectType):
        field = on.field(name)
        return field.type if field else ANY
    return on.element if isinstance(on, Collection) and on.kind is Kind.MAP else ANY


def family(type_: Type) -> str:
    """How a caller handles a value: `scalar`, `sequence`, `mapping`, or nothing where it cannot be told."""
    match type_:
        case Primitive():
            return "" if type_ is ANY else "scalar"
        case Collection(Kind.MAP, _) | ObjectType():
            return "mapping"
        case Collection() | TupleType():
            return "sequence"


def differs(old: Type, new: Type) -> str:
    """What a caller who handles `old` cannot do any more with `new`; empty where nothing is known to be lost."""
    if family(old) and family(new) and family(old) != family(new):
        return f"it was {_called(old)} and is {_called(new)}"
    if isinstance(old, Primitive) and isinstance(new, Primitive) and ANY not in (old, new) and old is not new:
        return "" if new is STRING else f"it was a {old.value} and is a {new.value}"
    if isinstance(old, ObjectType) and isinstance(new, ObjectType):
        gone = sorted({field.name for field in old.fields} - {field.name for field in new.fields})
        if gone:
            return f"attribute {', '.join(gone)} is gone"
        for field in old.fields:
            after = new.field(field.name)
            if after and (inner := differs(field.type, after.type)):
                return f"of attribute {field.name}, {inner}"
    return ""


def _called(type_: Type) -> str:
    return {"scalar": "one value", "sequence": "a list", "mapping": "a map"}[family(type_)]

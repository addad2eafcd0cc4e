"""Whether a type takes every value that another takes, and if not, a value that shows it.

`accepts(new, old)` speaks of the values that somebody writes who reads the old type: objects carry only
attributes that it names (optional ones or not), and the elements of one collection are of one type. (Terraform
ignores unknown attributes and mends some mixtures; nobody can rely on either through a change of type.)
Each such value is converted by Terraform's rules: number and bool become string; a string that looks like one
becomes number or bool; list, set and tuple literals become each other, as do map and object literals.
Source: Terraform "Type Constraints"; tests/facts/test_accepts.py asks Terraform itself.
"""

import json
from collections.abc import Callable, Sequence
from typing import TypeAlias

from pipeline.domain.interface.record import Record
from pipeline.domain.interface.types import (
    ANY,
    BOOL,
    NUMBER,
    STRING,
    Collection,
    Kind,
    ObjectType,
    Primitive,
    TupleType,
    Type,
    has_any,
)

Value: TypeAlias = "str | int | bool | list[Value] | dict[str, Value] | None"


class Refused(Record):
    """A value that the old type takes and the new one does not; without `known` there may be one."""

    value: Value = None
    known: bool = True

    def __str__(self) -> str:
        return show_value(self.value) if self.known else ""


UNSURE = Refused(known=False)
_SAMPLES: dict[Primitive, Value] = {STRING: "text", NUMBER: 1, BOOL: True, ANY: "text"}


def accepts(new: Type, old: Type) -> bool:
    """Whether every value that `old` takes `new` takes too."""
    return refused(new, old) is None


def refused(new: Type, old: Type) -> Refused | None:  # noqa: PLR0911 - one return for each kind of type
    """A value that `old` takes and `new` does not, or None where there is none."""
    if new == old or new is ANY:
        return None
    if old is ANY:
        return Refused("text" if not isinstance(new, Primitive) else [])
    match new:
        case Primitive():
            return _by_primitive(new, old)
        case Collection(Kind.MAP, element):
            return _by_map(element, old)
        case Collection(_, element):
            return _by_sequence(element, old)
        case TupleType(elements):
            return _by_tuple(elements, old)
        case ObjectType():
            return _by_object(new, old)


def sample(type_: Type) -> Value:
    """A value that a type takes: never null, as short as can be without being empty."""
    match type_:
        case Primitive():
            return _SAMPLES[type_]
        case Collection(Kind.MAP, element):
            return {"key": sample(element)}
        case Collection(_, element):
            return [sample(element)]
        case TupleType(elements):
            return [sample(element) for element in elements]
        case ObjectType(fields):
            return {field.name: sample(field.type) for field in fields if not field.optional}


def _by_primitive(new: Primitive, old: Type) -> Refused | None:
    if not isinstance(old, Primitive):
        return Refused(sample(old))
    if new is STRING:
        return None
    return Refused(sample(old))  # "text" is no number and no bool, 1 no bool, true no number


def _by_sequence(element: Type, old: Type) -> Refused | None:
    match old:
        case Collection(Kind.LIST | Kind.SET, inner):
            return _inside(refused(element, inner), lambda value: [value])
        case TupleType(inners):
            for at, inner in enumerate(inners):
                found = refused(element, inner)
                if found is not None:
                    return _inside(found, lambda value, at=at: _with_item(inners, at, value))  # type: ignore[misc]
            return _mixed(element, inners)
        case _:
            return Refused(sample(old))


def _by_map(element: Type, old: Type) -> Refused | None:
    match old:
        case Collection(Kind.MAP, inner):
            return _inside(refused(element, inner), lambda value: {"key": value})
        case ObjectType(fields):
            for field in fields:
                found = refused(element, field.type)
                if found is not None:
                    return _inside(found, lambda value, name=field.name: _with_field(old, name, value))  # type: ignore[misc]
            return _mixed(element, [field.type for field in fields])
        case _:
            return Refused(sample(old))


def _by_tuple(elements: Sequence[Type], old: Type) -> Refused | None:
    match old:
        case TupleType(inners) if len(inners) == len(elements):
            for at, (element, inner) in enumerate(zip(elements, inners, strict=True)):
                found = refused(element, inner)
                if found is not None:
                    return _inside(found, lambda value, at=at: _with_item(inners, at, value))  # type: ignore[misc]
            return None
        case Collection(Kind.LIST | Kind.SET, inner):
            return Refused([sample(inner) for _ in range(len(elements) + 1)])
        case _:
            return Refused(sample(old))


def _by_object(new: ObjectType, old: Type) -> Refused | None:  # noqa: PLR0911 - one return for each kind of type
    match old:
        case ObjectType():
            for field in new.fields:
                before = old.field(field.name)
                if not field.optional and (before is None or before.optional):
                    return Refused(sample(old))
                found = refused(field.type, before.type) if before else None
                if found is not None:
                    return _inside(found, lambda value, name=field.name: _with_field(old, name, value))  # type: ignore[misc]
            return None
        case Collection(Kind.MAP, inner):
            for field in new.fields:
                if not field.optional:
                    return Refused({})
                found = refused(field.type, inner)
                if found is not None:
                    return _inside(found, lambda value, name=field.name: {name: value})  # type: ignore[misc]
            return None
        case _:
            return Refused(sample(old))


def _mixed(element: Type, inners: Sequence[Type]) -> Refused | None:
    """Terraform must find one type for all elements where the new element type has an `any`."""
    if not has_any(element) or len(inners) < 2:
        return None
    if all(inner == inners[0] for inner in inners) and _is_rigid(inners[0]):
        return None
    if element is ANY and all(inner in (STRING, NUMBER, BOOL) for inner in inners) and STRING in inners:
        return None
    return UNSURE


def _is_rigid(type_: Type) -> bool:
    """Whether all its literals have one and the same type."""
    match type_:
        case Primitive():
            return type_ is not ANY
        case TupleType(elements):
            return all(map(_is_rigid, elements))
        case ObjectType(fields):
            return all(_is_rigid(field.type) and not field.optional for field in fields)
        case Collection():
            return False


def _inside(found: Refused | None, wrap: Callable[[Value], Value]) -> Refused | None:
    return Refused(wrap(found.value)) if found is not None and found.known else found


def _with_item(types: Sequence[Type], at: int, value: Value) -> Value:
    return [value if index == at else sample(type_) for index, type_ in enumerate(types)]


def _with_field(type_: ObjectType, name: str, value: Value) -> Value:
    base = sample(type_)
    assert isinstance(base, dict)
    return {**base, name: value}


def ignored(new: Type, old: Type, path: str = "") -> tuple[str, ...]:  # noqa: PLR0911 - one return for each kind of type
    """Attributes that the old type takes and the new one silently drops, by path (`rules[].port`)."""
    match new, old:
        case ObjectType(), ObjectType(fields):
            found: list[str] = []
            for before in fields:
                here = f"{path}.{before.name}" if path else before.name
                after = new.field(before.name)
                found += [here] if after is None else ignored(after.type, before.type, here)
            return tuple(found)
        case ObjectType(), Collection(Kind.MAP, _):
            return (f"{path}[…]" if path else "[…]",)
        case Collection(_, after_element), Collection(_, before_element):
            return ignored(after_element, before_element, f"{path}[]")
        case Collection(_, after_element), TupleType(elements):
            return tuple(name for inner in elements for name in ignored(after_element, inner, f"{path}[]"))
        case Collection(Kind.MAP, after_element), ObjectType(fields):
            return tuple(name for inner in fields for name in ignored(after_element, inner.type, f"{path}[]"))
        case TupleType(after_elements), TupleType(elements) if len(after_elements) == len(elements):
            pairs = zip(after_elements, elements, strict=True)
            return tuple(name for at, (a, b) in enumerate(pairs) for name in ignored(a, b, f"{path}[{at}]"))
        case _:
            return ()


def show_value(value: Value) -> str:
    """A value as HCL on one line."""
    match value:
        case list():
            return f"[{', '.join(map(show_value, value))}]"
        case dict():
            return "{" + ", ".join(f"{name} = {show_value(inner)}" for name, inner in value.items()) + "}"
        case _:
            return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")

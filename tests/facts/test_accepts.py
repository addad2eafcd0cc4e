"""`accepts(new, old)` against Terraform's own conversion.

Each example is a batch of pairs of types. Where we say yes, Terraform must take, for the new type, every
generated value that it takes for the old one; where we say no with a value, Terraform must take that value
for the old type and refuse it for the new one.
"""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, seed, settings
from hypothesis import strategies as st

from pipeline.adapters.hcl.parser import parse_text
from pipeline.domain.interface.accepts import Value, accepts, ignored, refused, sample, show_value
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
    parse_type,
    show_type,
)
from tests.facts.oracle import terraform_accepts

NAMES = ("a", "b", "c")
primitives = st.sampled_from([STRING, NUMBER, BOOL, ANY])


def objects(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    field = st.tuples(inner, st.booleans())
    return st.dictionaries(st.sampled_from(NAMES), field, max_size=3).map(
        lambda fields: ObjectType(tuple(Field(n, t, optional=o) for n, (t, o) in sorted(fields.items())))
    )


types: st.SearchStrategy[Type] = st.recursive(
    primitives,
    lambda inner: st.one_of(
        st.builds(Collection, st.sampled_from(list(Kind)), inner),
        st.lists(inner, max_size=2).map(lambda items: TupleType(tuple(items))),
        objects(inner),
    ),
    max_leaves=5,
)


@st.composite
def related(draw: st.DrawFn, type_: Type, depth: int = 0) -> Type:
    """A type near another: mostly the same with a change somewhere, or else most pairs are just strangers."""
    choice = draw(st.integers(0, 9))
    if choice == 0:
        return draw(types)
    if choice == 1:
        return ANY
    match type_:
        case Primitive():
            return type_ if choice < 5 else draw(primitives)
        case Collection(kind, element):
            new_kind = draw(st.sampled_from(list(Kind))) if choice < 4 else kind
            return Collection(new_kind, draw(related(element, depth + 1)))
        case TupleType(elements):
            items = tuple(draw(related(element, depth + 1)) for element in elements)
            return TupleType(items) if choice < 7 else Collection(Kind.LIST, items[0] if items else STRING)
        case ObjectType(fields):
            kept = [f for f in fields if draw(st.integers(0, 5))]
            changed = [
                Field(f.name, draw(related(f.type, depth + 1)), optional=draw(st.booleans()) or f.optional)
                for f in kept
            ]
            return ObjectType(tuple(changed))


ANYTHING: list[Value] = ["x", 1, True, ["x"], {"a": "x"}, [], {}]


@st.composite
def values(draw: st.DrawFn, type_: Type) -> Value:  # noqa: PLR0911 - one return for each kind of type
    """A value as somebody writes it who reads the type; collections hold values of one type."""
    match type_:
        case Primitive.STRING:
            return draw(st.sampled_from(["", "x", "1", "true", "07"]))
        case Primitive.NUMBER:
            return draw(st.sampled_from([0, 1, -2]))
        case Primitive.BOOL:
            return draw(st.booleans())
        case Primitive.ANY:
            return draw(st.sampled_from(ANYTHING))
        case Collection(kind, element):
            count = draw(st.integers(0, 2))
            first = draw(values(element))
            items = [first, again(first)][:count]
            return items if kind is not Kind.MAP else dict(zip(draw(st.permutations(NAMES)), items, strict=False))
        case TupleType(elements):
            return [draw(values(element)) for element in elements]
        case ObjectType(fields):
            return {f.name: draw(values(f.type)) for f in fields if not f.optional or draw(st.booleans())}


def again(value: Value) -> Value:
    """Another value of exactly the same type."""
    match value:
        case bool():
            return not value
        case int():
            return value + 3
        case str():
            return value + "1"
        case list():
            return [again(item) for item in value]
        case dict():
            return {name: again(item) for name, item in value.items()}
        case None:
            return None


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Type, Type, list[Value]]:
    old = draw(types)
    return draw(related(old)), old, [draw(values(old)) for _ in range(3)]


def the_terraform() -> str:
    found = shutil.which("terraform")
    if not found:
        pytest.skip("terraform is not on PATH")
    return found


def check(batch: list[tuple[Type, Type, list[Value]]], folder: Path) -> None:
    questions: list[tuple[str, str]] = []
    for new, old, some in batch:
        counter = refused(new, old)
        asked = [show_value(value) for value in some]
        if counter is not None:
            asked = [str(counter)] if counter.known else []
        questions += [(show_type(type_), value) for value in asked for type_ in (old, new)]
    answers = iter(zip(questions, terraform_accepts(questions, folder, the_terraform()), strict=True))
    for (old_text, value), old_takes in answers:
        (new_text, _), new_takes = next(answers)
        old, new = parsed(old_text), parsed(new_text)
        if accepts(new, old):
            assert new_takes or not old_takes, f"{new_text} refuses {value} of {old_text}"
        else:
            assert old_takes, f"{old_text} itself refuses {value}"
            assert not new_takes, f"{new_text} takes {value} of {old_text} after all"


def parsed(text: str) -> Type:
    expression = parse_text(text)
    assert expression is not None
    return parse_type(expression)


@pytest.mark.terraform
@seed(20261122)
@settings(
    max_examples=12,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(batch=st.lists(pairs(), min_size=60, max_size=60))
def test_agrees_with_terraform(batch: list[tuple[Type, Type, list[Value]]], tmp_path_factory: Any) -> None:
    check(batch, tmp_path_factory.mktemp("oracle"))


@pytest.mark.terraform
@pytest.mark.soak
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(batch=st.lists(pairs(), min_size=60, max_size=60))
def test_agrees_with_terraform_at_length(batch: list[tuple[Type, Type, list[Value]]], tmp_path_factory: Any) -> None:
    check(batch, tmp_path_factory.mktemp("oracle"))


CASES = [
    ("any", "string", True),
    ("string", "any", False),
    ("string", "number", True),
    ("string", "bool", True),
    ("number", "string", False),
    ("list(string)", "set(string)", True),
    ("list(string)", "list(number)", True),
    ("list(number)", "list(string)", False),
    ("list(string)", "tuple([string, number])", True),
    ("tuple([string])", "list(string)", False),
    ("map(string)", "object({a = string, b = optional(number)})", True),
    ("map(string)", "object({a = list(string)})", False),
    ("object({a = string})", "map(string)", False),
    ("object({a = optional(string)})", "map(string)", True),
    ("object({a = string, b = optional(bool)})", "object({a = string})", True),
    ("object({a = string, b = bool})", "object({a = string})", False),
    ("object({a = string})", "object({a = optional(string)})", False),
    ("object({a = string})", "object({a = string, b = bool})", True),
    ("list(any)", "list(object({a = string}))", True),
    ("list(any)", "tuple([string, list(string)])", False),
]


@pytest.mark.parametrize(("new", "old", "expected"), CASES)
def test_pairs(new: str, old: str, expected: bool) -> None:
    assert accepts(parsed(new), parsed(old)) is expected


@given(types)
@example(Collection(Kind.LIST, ANY))
def test_every_type_accepts_itself_and_is_accepted_by_any(type_: Type) -> None:
    assert accepts(type_, type_)
    assert accepts(ANY, type_)
    assert parsed(show_type(type_)) == type_


@given(types, types, types)
def test_a_counterexample_is_of_the_old_type(first: Type, second: Type, third: Type) -> None:
    for new, old in ((first, second), (second, third), (third, first)):
        found = refused(new, old)
        assert (found is None) == accepts(new, old)
        assert sample(old) is not None


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        ("object({a = string})", "object({a = string, b = string})", ("b",)),
        ("list(object({}))", "list(object({a = string}))", ("[].a",)),
        ("object({a = object({})})", "object({a = object({x = string})})", ("a.x",)),
        ("object({a = optional(string)})", "map(string)", ("[…]",)),
        ("map(string)", "object({a = string})", ()),
        ("any", "object({a = string})", ()),
    ],
)
def test_dropped_attributes_are_named(new: str, old: str, expected: tuple[str, ...]) -> None:
    assert ignored(parsed(new), parsed(old)) == expected

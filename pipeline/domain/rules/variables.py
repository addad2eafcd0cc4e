"""Rules about inputs."""

from collections.abc import Callable, Iterator

from pipeline.domain.interface.elements import Variable
from pipeline.domain.interface.types import Collection, Field, ObjectType, TupleType, Type, show_type
from pipeline.domain.rules.change import Change
from pipeline.domain.rules.conditions import Strictness, compare_validations
from pipeline.domain.rules.finding import Hit, Rule
from pipeline.domain.version import Bump

Pair = tuple[Variable, Variable]


def _hit(variable: Variable, **words: object) -> Hit:
    return Hit(address=f"var.{variable.name}", at=variable.at, words={"name": variable.name, **words})


def _pairs(test: Callable[[Variable, Variable], bool]) -> Callable[[Change], Iterator[Hit]]:
    """Inputs of both versions for which `test` holds."""

    def find(change: Change) -> Iterator[Hit]:
        for was, now in change.variables:
            if test(was, now):
                yield _hit(
                    now,
                    old=was.default_text or "nothing",
                    new=now.default_text or "nothing",
                    old_type=show_type(was.type),
                    new_type=show_type(now.type),
                )

    return find


def _came(change: Change) -> Iterator[Variable]:
    renamed = set(change.renamed_variables.values())
    return (v for name, v in change.new.variables.items() if name not in change.old.variables and name not in renamed)


def _added_required(change: Change) -> Iterator[Hit]:
    return (_hit(variable, type=show_type(variable.type)) for variable in _came(change) if variable.required)


def _added(change: Change) -> Iterator[Hit]:
    return (_hit(v, default=" ".join(v.default_text.split())) for v in _came(change) if not v.required)


def _removed(change: Change) -> Iterator[Hit]:
    for name, variable in change.old.variables.items():
        if name not in change.new.variables and name not in change.renamed_variables:
            yield _hit(variable)


def _renamed(change: Change) -> Iterator[Hit]:
    for was, now in change.renamed_variables.items():
        yield _hit(change.new.variables[now], was=was, address_was=f"var.{was}")


def _default_changed(was: Variable, now: Variable) -> bool:
    if was.default is None or now.default is None:
        return False
    return was.default != now.default or _inner_defaults(was.type) != _inner_defaults(now.type, was.type)


def _inner_defaults(type_: Type, only: Type | None = None, path: str = "") -> dict[str, object]:
    """Path of an optional attribute → its default; with `only`, of attributes that this type has too."""
    match type_:
        case ObjectType(fields):
            found: dict[str, object] = {}
            for field in fields:
                known = only.field(field.name) if isinstance(only, ObjectType) else None
                if only is None or known is not None:
                    here = f"{path}.{field.name}"
                    found |= _own_default(field, known, here)
                    found |= _inner_defaults(field.type, known.type if known else None, here)
            return found
        case Collection(_, element):
            return _inner_defaults(element, only.element if isinstance(only, Collection) else None, f"{path}[]")
        case TupleType(elements):
            return {k: v for at, e in enumerate(elements) for k, v in _inner_defaults(e, None, f"{path}[{at}]").items()}
        case _:
            return {}


def _own_default(field: Field, known: Field | None, path: str) -> dict[str, object]:
    optional = field.optional and (known is None or known.optional)
    return {path: field.default} if optional else {}


def _inner_default_changed(was: Variable, now: Variable) -> bool:
    """Also of a required variable: what is filled in for attributes that callers leave out."""
    before, after = _inner_defaults(was.type), _inner_defaults(now.type, was.type)
    return any(before[path] != after[path] for path in before.keys() & after.keys())


def _validations(*wanted: Strictness) -> Callable[[Change], Iterator[Hit]]:
    def find(change: Change) -> Iterator[Hit]:
        for was, now in change.variables:
            found, texts = compare_validations(was.validations, now.validations)
            if found in wanted:
                yield _hit(now, conditions="; ".join(texts))

    return find


RULES = (
    Rule(
        id="variable-added-required",
        bump=Bump.MAJOR,
        says="Input {name} ({type}) must be set: every caller's plan fails until it is. Give it a default.",
        find=_added_required,
    ),
    Rule(
        id="variable-removed",
        bump=Bump.MAJOR,
        says="Input {name} is gone: callers that set it get an error. Keep it, unused and said to be deprecated, "
        "until the next major version.",
        find=_removed,
    ),
    Rule(
        id="variable-renamed",
        bump=Bump.MAJOR,
        says="Input {was} is now {name}: callers that set {was} get an error. Keep {was} with default null beside it "
        "and use coalesce(var.{name}, var.{was}).",
        find=_renamed,
    ),
    Rule(
        id="variable-became-required",
        bump=Bump.MAJOR,
        says="Input {name} had default {old} and has none now: callers that relied on it get an error. Keep the "
        "default.",
        find=_pairs(lambda was, now: now.required and not was.required),
    ),
    Rule(
        id="variable-not-nullable",
        bump=Bump.MAJOR,
        says="Input {name} refuses null (or takes its default for it): callers that pass null get something else. "
        "Keep nullable = true.",
        find=_pairs(lambda was, now: was.nullable and not now.nullable),
    ),
    Rule(
        id="variable-not-ephemeral",
        bump=Bump.MAJOR,
        says="Input {name} is no longer ephemeral: callers that pass an ephemeral value get an error. Keep "
        "ephemeral = true.",
        find=_pairs(lambda was, now: was.ephemeral and not now.ephemeral),
    ),
    Rule(
        id="variable-validation-added",
        bump=Bump.MAJOR,
        says="Input {name} has conditions now that it had not: {conditions}. Values that break them are refused. "
        "Make it a check block (a warning) until the next major version.",
        find=_validations(Strictness.ADDED),
    ),
    Rule(
        id="variable-validation-tightened",
        bump=Bump.MAJOR,
        says="Input {name} has other conditions, nothing shows that they are not stricter: {conditions}. Values that "
        "were accepted may be refused. Keep the old condition, or-ed with the new one.",
        find=_validations(Strictness.TIGHTENED),
    ),
    Rule(
        id="variable-added",
        bump=Bump.MINOR,
        says="Input {name} is new, with default {default}: nothing to do.",
        find=_added,
    ),
    Rule(
        id="variable-became-optional",
        bump=Bump.MINOR,
        says="Input {name} may be left out now, it has default {new}: nothing to do.",
        find=_pairs(lambda was, now: was.required and not now.required),
    ),
    Rule(
        id="variable-default-changed",
        bump=Bump.MINOR,
        says="Input {name} had default {old} and has {new} (or an attribute of it has): callers that leave it out get "
        "the new one. Set the old value to keep it.",
        find=_pairs(lambda was, now: _default_changed(was, now) or _inner_default_changed(was, now)),
    ),
    Rule(
        id="variable-nullable",
        bump=Bump.MINOR,
        says="Input {name} takes null as a value of its own now: callers that pass null for the default get null.",
        find=_pairs(lambda was, now: not was.nullable and now.nullable),
    ),
    Rule(
        id="variable-ephemeral",
        bump=Bump.MINOR,
        says="Input {name} takes ephemeral values too. Nothing to do.",
        find=_pairs(lambda was, now: not was.ephemeral and now.ephemeral),
    ),
    Rule(
        id="variable-became-sensitive",
        bump=Bump.MINOR,
        says="Input {name} is sensitive: plans hide it and what comes from it; it cannot be a for_each key any more.",
        find=_pairs(lambda was, now: not was.sensitive and now.sensitive),
    ),
    Rule(
        id="variable-not-sensitive",
        bump=Bump.MINOR,
        says="Input {name} is no longer sensitive: plans and logs show its value. Callers that pass a secret should "
        "wrap it in sensitive(…).",
        find=_pairs(lambda was, now: was.sensitive and not now.sensitive),
    ),
    Rule(
        id="variable-validation-loosened",
        bump=Bump.MINOR,
        says="Input {name} accepts more than it did ({conditions}). Nothing to do.",
        find=_validations(Strictness.LOOSENED),
    ),
    Rule(
        id="variable-description-changed",
        bump=Bump.PATCH,
        says="The description of input {name} changed. Nothing to do.",
        find=_pairs(lambda was, now: was.description != now.description),
    ),
)
"""Rules about inputs, the strictest first."""

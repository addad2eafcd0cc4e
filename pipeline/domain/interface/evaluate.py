"""What an expression is worth with every variable at its default: enough to tell "off unless asked for".

Three answers: a value, or UNKNOWN (a resource's attribute, a required variable, a function that is not here).
Never guesses: what it says is what Terraform would compute. Sets are lists without repetitions.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pipeline.domain.interface.elements import Interface, Repetition
from pipeline.domain.interface.record import Record
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
from pipeline.domain.interface.types import Collection, Kind, ObjectType, Type


class Unknown:
    """No value can be told."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()
Worth = Any
"""str, Decimal, bool, None, list, dict, or UNKNOWN."""


class Defaults:
    """A module with every variable at its default, or as `given`; locals are worked out when asked for."""

    def __init__(self, interface: Interface, given: "Given | None" = None) -> None:
        self._interface = interface
        self._given = given
        self._locals: dict[str, Worth] = {}

    def instances(self, repetition: Repetition, many: Expression | None) -> int | None:
        """How many instances a block makes; None where it cannot be told."""
        if repetition is Repetition.NONE or many is None:
            return 1
        worth = self.worth(many)
        if repetition is Repetition.COUNT:
            return int(worth) if isinstance(worth, Decimal) else None
        return len(worth) if isinstance(worth, list | dict) else None

    def worth(self, expression: Expression, names: Mapping[str, Worth] | None = None) -> Worth:
        """The value of an expression; `names` are bound by a `for` around it."""
        return _worth(expression, self, names or {})

    def reference(self, root: str, name: str) -> Worth:
        """The value of `var.name` or `local.name`."""
        if root == "var":
            variable = self._interface.variables.get(name)
            if variable is not None and self._given is not None and name in self._given.arguments:
                return filled(self._given.scope.worth(self._given.arguments[name]), variable.type)
            if variable is None or variable.default is None:
                return UNKNOWN
            return filled(self.worth(variable.default), variable.type)
        if root == "local" and name in self._interface.locals:
            if name not in self._locals:
                self._locals[name] = UNKNOWN  # a local that refers to itself stays unknown
                self._locals[name] = self.worth(self._interface.locals[name])
            return self._locals[name]
        return UNKNOWN


class Given(Record):
    """What a caller passes: its arguments, and the scope they are worked out in."""

    scope: Defaults
    arguments: Mapping[str, Expression]


def filled(value: Worth, type_: Type) -> Worth:
    """A value with the defaults of its type's optional attributes put in."""
    match type_:
        case ObjectType(fields) if isinstance(value, dict):
            made = {}
            for field in fields:
                given = value.get(field.name)
                if given is None and field.default is not None:
                    given = constant(field.default)
                made[field.name] = filled(given, field.type)
            return made
        case Collection(Kind.MAP, element) if isinstance(value, dict):
            return {name: filled(inner, element) for name, inner in value.items()}
        case Collection(_, element) if isinstance(value, list):
            return [filled(inner, element) for inner in value]
        case _:
            return value


def constant(expression: Expression) -> Worth:
    """The value of an expression without references; UNKNOWN where it has some."""
    return Defaults(Interface()).worth(expression)


def _worth(expression: Expression, scope: Defaults, names: Mapping[str, Worth]) -> Worth:  # noqa: PLR0911, PLR0912 - one branch a kind
    match expression:
        case Literal(value):
            return value
        case Name(name):
            return names.get(name, UNKNOWN)
        case GetAttr(Name(root), name) if root not in names:
            return scope.reference(root, name)
        case GetAttr(on, name):
            return _member(_worth(on, scope, names), name)
        case Index(on, key):
            return _member(_worth(on, scope, names), _worth(key, scope, names))
        case Items(items):
            return [_worth(item, scope, names) for item in items]
        case Fields(fields):
            pairs = [(_worth(key, scope, names), _worth(value, scope, names)) for key, value in fields]
            return UNKNOWN if any(key is UNKNOWN for key, _ in pairs) else {_text(key): value for key, value in pairs}
        case Conditional(test, yes, no):
            told = _worth(test, scope, names)
            if told is UNKNOWN:
                left, right = _worth(yes, scope, names), _worth(no, scope, names)
                return left if left is not UNKNOWN and left == right else UNKNOWN
            return _worth(yes if told is True or told == "true" else no, scope, names)
        case Operation(operator, operands):
            return _operate(operator, [_worth(operand, scope, names) for operand in operands])
        case Call(function, arguments, expands):
            return _call(function, [_worth(argument, scope, names) for argument in arguments], expands)
        case For():
            return _repeat(expression, scope, names)
        case Template() | Splat():
            return UNKNOWN
        case _:
            return UNKNOWN


def _text(value: Worth) -> str:
    return str(value)


def _member(on: Worth, key: Worth) -> Worth:
    if isinstance(on, dict) and isinstance(key, str):
        return on.get(key, UNKNOWN)
    if isinstance(on, list) and isinstance(key, Decimal) and 0 <= int(key) < len(on):
        return on[int(key)]
    return UNKNOWN


def _operate(operator: str, values: Sequence[Worth]) -> Worth:  # noqa: PLR0911 - one return for each operator
    if operator == "&&":
        return False if False in values else _all_known(values, lambda: True)
    if operator == "||":
        return True if True in values else _all_known(values, lambda: False)
    if any(_has_unknown(value) for value in values):
        return UNKNOWN
    match operator, values:
        case "!", [bool(value)]:
            return not value
        case "-", [Decimal() as value]:
            return -value
        case "==", [left, right]:
            return _same(left, right)
        case "!=", [left, right]:
            return not _same(left, right)
        case _, [Decimal() as left, Decimal() as right] if operator in ARITHMETIC:
            return ARITHMETIC[operator](left, right)
        case _:
            return UNKNOWN


def _same(left: Worth, right: Worth) -> bool:
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _all_known(values: Sequence[Worth], make: Callable[[], Worth]) -> Worth:
    return make() if all(isinstance(value, bool) for value in values) else UNKNOWN


def _has_unknown(value: Worth) -> bool:
    if isinstance(value, list):
        return any(map(_has_unknown, value))
    if isinstance(value, dict):
        return any(map(_has_unknown, value.values()))
    return value is UNKNOWN


ARITHMETIC: Mapping[str, Callable[[Decimal, Decimal], Worth]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _call(function: str, values: list[Worth], expands: bool) -> Worth:
    make = FUNCTIONS.get(function)
    if expands and values and isinstance(values[-1], list):
        values = [*values[:-1], *values[-1]]
    elif expands:
        return UNKNOWN
    if make is None or any(value is UNKNOWN for value in values):
        return UNKNOWN
    try:
        return make(*values)
    except (TypeError, ValueError, AttributeError, KeyError, IndexError, StopIteration):
        return UNKNOWN  # Terraform would say an error; it is not ours to say here


def _flat(values: list[Worth]) -> list[Worth]:
    return [inner for value in values for inner in (_flat(value) if isinstance(value, list) else [value])]


def _distinct(values: Sequence[Worth] | Mapping[str, Worth]) -> Worth:
    found: list[Worth] = []
    if any(map(_has_unknown, values)):
        return UNKNOWN
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _merged(*maps: Worth) -> Worth:
    return {name: value for map_ in maps for name, value in (map_ or {}).items()}


FUNCTIONS: Mapping[str, Callable[..., Worth]] = {
    "length": lambda value: Decimal(len(value)),
    "toset": _distinct,
    "distinct": _distinct,
    "tolist": list,
    "tomap": dict,
    "tobool": lambda value: {"true": True, "false": False}.get(value, value) if value is not None else None,
    "concat": lambda *lists: [item for values in lists for item in values],
    "merge": _merged,
    "keys": sorted,
    "values": lambda value: [value[name] for name in sorted(value)],
    "flatten": _flat,
    "compact": lambda values: [v for v in values if v not in (None, "")],
    "contains": lambda values, wanted: UNKNOWN if _has_unknown(values) else any(_same(v, wanted) for v in values),
    "coalesce": lambda *values: next(v for v in values if v not in (None, "")),
    "lookup": lambda map_, name, *otherwise: map_.get(name, *otherwise),
    "min": min,
    "max": max,
    "anytrue": lambda values: UNKNOWN if _has_unknown(values) else True in values,
    "alltrue": lambda values: UNKNOWN if _has_unknown(values) else all(v is True for v in values),
}


def _repeat(loop: For, scope: Defaults, names: Mapping[str, Worth]) -> Worth:
    source = _worth(loop.source, scope, names)
    if not isinstance(source, list | dict):
        return UNKNOWN
    pairs = source.items() if isinstance(source, dict) else ((Decimal(i), v) for i, v in enumerate(source))
    found: list[tuple[Worth, Worth]] = []
    for key, value in pairs:
        bound = {**names, loop.names[-1]: value, **({loop.names[0]: key} if len(loop.names) > 1 else {})}
        test = True if loop.test is None else _worth(loop.test, scope, bound)
        if test is UNKNOWN:
            return UNKNOWN
        if test is True:
            made = _worth(loop.key, scope, bound) if loop.key is not None else None
            found.append((made, _worth(loop.value, scope, bound)))
    if loop.key is None:
        return [value for _, value in found]
    if any(key is UNKNOWN for key, _ in found):
        return UNKNOWN
    return {_text(key): value for key, value in found}

"""Whether conditions became stricter: what one condition implies, as far as its form tells.

Fails closed: a condition that changed in a way not known here counts as stricter, because a value that was
accepted may be refused.
"""

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum

from pipeline.domain.interface.elements import Validation
from pipeline.domain.interface.syntax import Call, Expression, Items, Literal, Operation


class Strictness(Enum):
    """How the validations of one input changed."""

    SAME = "same"
    ADDED = "added"
    TIGHTENED = "tightened"
    LOOSENED = "loosened"


def compare_validations(old: Sequence[Validation], new: Sequence[Validation]) -> tuple[Strictness, tuple[str, ...]]:
    """How they changed, and the texts that show it: the new conditions, or (loosened) the old ones."""
    before = [part for validation in old for part in conjuncts(validation.condition)]
    after = [part for validation in new for part in conjuncts(validation.condition)]
    unmet = [part for part in after if not any(implies(known, part) for known in before)]
    if unmet:
        texts = tuple(v.text for v in new if any(part in unmet for part in conjuncts(v.condition)))
        return (Strictness.TIGHTENED if before else Strictness.ADDED), texts
    lost = [part for part in before if not any(implies(known, part) for known in after)]
    if lost:
        return Strictness.LOOSENED, tuple(v.text for v in old if any(part in lost for part in conjuncts(v.condition)))
    return Strictness.SAME, ()


def conjuncts(condition: Expression) -> list[Expression]:
    """The conditions that must all hold."""
    return _flat(condition, "&&")


def _flat(condition: Expression, operator: str) -> list[Expression]:
    if isinstance(condition, Operation) and condition.operator == operator:
        return [part for operand in condition.operands for part in _flat(operand, operator)]
    return [condition]


def implies(old: Expression, new: Expression) -> bool:
    """Whether every value that meets `old` meets `new`; False where the form does not tell."""
    if old == new:
        return True
    either, other = _flat(old, "||"), _flat(new, "||")
    if len(either) > 1:
        return all(any(implies(part, goal) for goal in other) for part in either)
    if len(other) > 1:
        return any(implies(old, goal) for goal in other)
    match old, new:
        case Call("contains", (Items(few), left)), Call("contains", (Items(many), right)):
            return left == right and set(few) <= set(many)
        case Operation(), Operation():
            return _compares(old, new)
        case _:
            return False


_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}


def _compares(old: Operation, new: Operation) -> bool:  # noqa: PLR0911 - one return for each pair of operators
    """Comparisons of one thing with numbers."""
    first, second = _bound(old), _bound(new)
    if first is None or second is None or first[0] != second[0]:
        return False
    (_, was, low), (_, now, high) = first, second
    match was, now:
        case ((">=" | ">" | "=="), ">="):
            return low >= high
        case ">", ">":
            return low >= high
        case ((">=" | "=="), ">"):
            return low > high
        case (("<=" | "<" | "=="), "<="):
            return low <= high
        case "<", "<":
            return low <= high
        case (("<=" | "=="), "<"):
            return low < high
        case _:
            return False


def _bound(operation: Operation) -> tuple[Expression, str, Decimal] | None:
    match operation:
        case Operation(operator, (left, Literal(Decimal() as number))) if operator in _TURNED:
            return left, operator, number
        case Operation(operator, (Literal(Decimal() as number), right)) if operator in _TURNED:
            return right, _TURNED[operator], number
        case _:
            return None

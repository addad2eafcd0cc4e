"""What a policy rule is: a row with an id, a sentence, a remedy and a function over a plan that yields hits."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipeline.domain.policy.planned import Planned, Resource


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One place that breaks the rule or, with `unknown`, one that keeps it from being decided.

    `says` never holds a value of the plan except ports, address ranges, protocols and tag names: values may be
    secrets.
    """

    address: str
    attribute: str
    says: str
    unknown: bool = False


Find = Callable[[Planned], Iterable[Hit]]


@dataclass(frozen=True, kw_only=True)
class PolicyRule:
    """`id` is also the name of the rule's fixture folder; `says` is what must hold; `remedy` mends a hit."""

    id: str
    says: str
    remedy: str
    find: Find


@dataclass(frozen=True, kw_only=True)
class PolicyOptions:
    """What a repository may choose. `tags`: the names every taggable resource needs; none named: any one tag."""

    tags: tuple[str, ...] = ()
    encrypted_logs: bool = False


def hit(resource: Resource, attribute: str, says: str) -> Hit:
    """The rule is broken here."""
    return Hit(address=resource.address, attribute=attribute, says=says)


def unsure(resource: Resource, attribute: str, says: str = "is known only after the apply") -> Hit:
    """It could not be found out here."""
    return Hit(address=resource.address, attribute=attribute, says=says, unknown=True)

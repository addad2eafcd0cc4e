"""Noise: differences that a provider or the cloud makes by itself, named in modferry.toml and never hidden.

Only an update can be noise, and only when every attribute that it changes is covered by a rule for that address:
what is created, destroyed, replaced or moved is never noise, nor is an update that changes one attribute more.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from pipeline.domain.plan_differences import Difference
from pipeline.domain.settings import NoiseSettings


@dataclass(frozen=True, kw_only=True)
class Ignored:
    """A difference that does not count, with the reasons that the rules give."""

    difference: Difference
    reasons: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        found = self.difference
        return {"address": found.address, "attributes": list(found.attributes), "reasons": list(self.reasons)}

    def __str__(self) -> str:
        found = self.difference
        return f"ignored: {found.address} {', '.join(found.attributes)} ({'; '.join(self.reasons)})"


def join_ignored(*found: Iterable[Ignored]) -> tuple[Ignored, ...]:
    """One for each address: what a plan and its refresh leave out of the same object are named together."""
    joined: dict[str, Ignored] = {}
    for one in chain(*found):
        was = joined.setdefault(one.difference.address, one)
        attributes = sorted({*was.difference.attributes, *one.difference.attributes})
        joined[one.difference.address] = Ignored(
            difference=replace(was.difference, attributes=tuple(attributes)),
            reasons=tuple(dict.fromkeys((*was.reasons, *one.reasons))),
        )
    return tuple(joined.values())


def split_noise(
    differences: Iterable[Difference], rules: Iterable[NoiseSettings], environment: str
) -> tuple[tuple[Difference, ...], tuple[Ignored, ...]]:
    """What counts, and what the rules of this environment cover."""
    here = [rule for rule in rules if rule.environment in ("", environment)]
    real: list[Difference] = []
    ignored: list[Ignored] = []
    for one in differences:
        reasons = _covered(one, here)
        if reasons:
            ignored.append(Ignored(difference=one, reasons=reasons))
        else:
            real.append(one)
    return tuple(real), tuple(ignored)


def _covered(one: Difference, rules: Iterable[NoiseSettings]) -> tuple[str, ...]:
    """The reasons, where every attribute is covered.

    Fails closed: an update that names no attribute could be about anything.
    """
    if not (one.is_update and one.attributes):
        return ()
    mine = [rule for rule in rules if _glob(rule.address).fullmatch(one.address)]
    reasons: dict[str, None] = {}
    for attribute in one.attributes:
        by = next((rule for rule in mine if any(_is_within(attribute, name) for name in rule.attributes)), None)
        if by is None:
            return ()
        reasons[by.reason] = None
    return tuple(reasons)


def _is_within(attribute: str, name: str) -> bool:
    """`tags` covers `tags`, `tags.a` and `tags[0].b`, not `tags_all`."""
    return re.fullmatch(f"{_glob(name).pattern}(?:[.\\[].*)?", attribute, re.DOTALL) is not None


def _glob(text: str) -> re.Pattern[str]:
    """`*` any run of characters, `?` one; brackets are literal, for addresses have them."""
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(char) or re.escape(char) for char in text), re.DOTALL)

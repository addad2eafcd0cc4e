"""Values of a plan without their secrets: a canonical form for hashing, a masked form for people.

Secret is what Terraform marks sensitive, before or after, and every text that holds a secret found so
(providers copy sensitive inputs to attributes without a mark: `terraform_data.output` does).
"""

import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from pipeline.domain.plan_changes import Values
from pipeline.domain.shapes import as_list, as_mapping

SENSITIVE = "(sensitive)"
UNKNOWN = "(known after apply)"
_SHORT, _LONG = 4, 8
"""A secret shorter than _SHORT is masked where it is marked only; from _LONG on it is looked for inside texts."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One value with its marks, and where it is."""

    value: object
    sensitive: object = False
    unknown: object = False
    path: tuple[str, ...] = ()

    def children(self) -> dict[str, "Place"]:
        """The members of a mapping or a list, those too that only the unknown marks name."""
        if isinstance(self.value, Mapping) or isinstance(self.unknown, Mapping):
            values, unknown, marks = (as_mapping(part) for part in (self.value, self.unknown, self.sensitive))
            keys = [*values, *(key for key, mark in unknown.items() if key not in values and _any(mark))]
            return {k: self._child(k, values.get(k), marks.get(k), unknown.get(k)) for k in keys}
        lists = [as_list(part) for part in (self.value, self.sensitive, self.unknown)]
        count = max(len(lists[0]), len(lists[2]))
        padded = [[*part, *[None] * (count - len(part))] for part in lists]
        return {str(i): self._child(str(i), padded[0][i], padded[1][i], padded[2][i]) for i in range(count)}

    @property
    def is_list(self) -> bool:
        """Whether the members are counted, not named."""
        return isinstance(self.value, list | tuple) or isinstance(self.unknown, list | tuple)

    @property
    def is_leaf(self) -> bool:
        """A scalar, or something that is marked as a whole."""
        nested = isinstance(self.value, Mapping) or isinstance(self.unknown, Mapping) or self.is_list
        return self.sensitive is True or self.unknown is True or not nested

    def _child(self, key: str, value: object, sensitive: object, unknown: object) -> "Place":
        return Place(value=value, sensitive=sensitive, unknown=unknown, path=(*self.path, key))


def sides(values: Values) -> tuple[Place, Place]:
    """Before and after. A place that either side marks sensitive is sensitive on both."""
    sensitive = _either(values.before_sensitive, values.after_sensitive)
    before = Place(value=values.before, sensitive=sensitive)
    return before, Place(value=values.after, sensitive=sensitive, unknown=values.after_unknown)


def differing(was: Place, will: Place) -> Iterator[tuple[Place, Place]]:
    """The smallest parts that differ, before and after; lists of different lengths differ as a whole."""
    if not was.is_leaf and not will.is_leaf and was.is_list == will.is_list:
        before, after = was.children(), will.children()
        if not was.is_list or len(before) == len(after):
            for name in sorted({*before, *after}):
                gone = Place(value=None, path=(*was.path, name))
                yield from differing(before.get(name, gone), after.get(name, gone))
            return
    if will.unknown is True or was.value != will.value:
        yield was, will


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """The secret texts of one plan, and the key that seals them; without a key they are only marked."""

    texts: frozenset[str]
    key: bytes | None = None

    @classmethod
    def of(cls, places: Iterator[Place], key: bytes | None = None) -> "Secrets":
        """All texts (and numbers) under a sensitive mark."""
        return cls(texts=frozenset(text for place in places for text in _marked_texts(place)), key=key)

    def holds(self, place: Place) -> bool:
        """Whether this leaf is a secret, by its mark or by what it says."""
        if place.sensitive is True:
            return True
        if isinstance(place.value, bool) or not isinstance(place.value, str | int | float):
            return False
        text = str(place.value)
        return text in self.texts or any(len(secret) >= _LONG and secret in text for secret in self.texts)

    def canonical(self, place: Place) -> list[object]:
        """Nested lists, each tagged with its kind, so that no value can pass for a mark."""
        if place.unknown is True:
            return ["unknown"]
        if not place.is_leaf:
            inner = place.children()
            if place.is_list:
                return ["list", [self.canonical(child) for child in inner.values()]]
            return ["map", {key: self.canonical(child) for key, child in inner.items()}]
        if place.value is None or not self.holds(place):
            return ["value", _number(place.value)]
        return ["secret", self._seal(place)]

    def masked(self, place: Place) -> object:
        """The same value for people, with words where it is secret or unknown."""
        if place.unknown is True:
            return UNKNOWN
        if not place.is_leaf:
            inner = {key: self.masked(child) for key, child in place.children().items()}
            return list(inner.values()) if place.is_list else inner
        return SENSITIVE if place.value is not None and self.holds(place) else place.value

    def changed(self, values: Values) -> bool:
        """Whether a known secret comes in that was not at the same place before."""
        before, after = (dict(self._leaves(side)) for side in sides(values))
        return any(path not in before or before[path] != value for path, value in after.items())

    def _leaves(self, place: Place) -> Iterator[tuple[tuple[str, ...], str]]:
        if place.unknown is True:
            return
        if not place.is_leaf:
            for child in place.children().values():
                yield from self._leaves(child)
        elif place.value is not None and self.holds(place):
            yield place.path, encode(place.value)

    def _seal(self, place: Place) -> str:
        if self.key is None:
            return "unkeyed"
        return hmac.new(self.key, encode(place.value).encode(), sha256).hexdigest()


def encode(value: object) -> str:
    """JSON with one spelling for one value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _marked_texts(place: Place, inside: bool = False) -> Iterator[str]:
    marked = inside or place.sensitive is True
    if isinstance(place.value, Mapping | list | tuple):
        for child in replace(place, unknown=False).children().values():
            yield from _marked_texts(child, marked)
    elif marked and isinstance(place.value, str | int | float) and not isinstance(place.value, bool):
        text = str(place.value)
        if len(text) >= _SHORT:
            yield text
            yield json.dumps(text)[1:-1]


def _either(one: object, other: object) -> object:
    if one is True or other is True:
        return True
    if isinstance(one, Mapping) or isinstance(other, Mapping):
        left, right = as_mapping(one), as_mapping(other)
        return {key: _either(left.get(key), right.get(key)) for key in {*left, *right}}
    left_list, right_list = as_list(one), as_list(other)
    count = max(len(left_list), len(right_list))
    padded = [[*part, *[False] * (count - len(part))] for part in (left_list, right_list)]
    return [_either(padded[0][i], padded[1][i]) for i in range(count)]


def _any(mark: object) -> bool:
    if isinstance(mark, Mapping):
        return any(_any(inner) for inner in mark.values())
    return mark is True or any(_any(inner) for inner in as_list(mark))


def _number(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value

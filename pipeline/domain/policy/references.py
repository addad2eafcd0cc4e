"""Where a value comes from: follows the `references` of a plan's `configuration` section through modules.

The section (https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation)
names what an expression mentions, not what it computes. It holds no `locals` and nothing of dynamic blocks.
What cannot be followed is kept in `lost`, so that a rule can say "could not find out" instead of guessing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.domain.shapes import as_list, as_mapping

Module = tuple[str, ...]
"""A module of the configuration: the names of the calls that lead to it, without instance keys."""

_INDEX = re.compile(r'\[("(?:[^"\\]|\\.)*"|\d+)\]')
_NOTHING_THERE = {"count", "path", "self", "terraform"}
_NO_RESOURCE = {"each", "local", "module", "var"}


def without_indexes(address: str) -> str:
    """`module.a["x.y"].aws_vpc.this[0]` → `module.a.aws_vpc.this`."""
    return _INDEX.sub("", address)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A resource that an expression mentions; `key` is its instance key as written, None where not constant.

    `same_key`: the instance with the key of the object that mentions it (`[each.key]`, `[count.index]`).
    """

    module: Module
    name: str
    key: str | None = None
    same_key: bool = False


@dataclass(frozen=True, kw_only=True)
class Trace:
    """All resources an expression leads to, and the references at which the trail ends."""

    origins: frozenset[Origin] = frozenset()
    lost: frozenset[str] = frozenset()

    def __or__(self, other: "Trace") -> "Trace":
        return Trace(origins=self.origins | other.origins, lost=self.lost | other.lost)


def mentions(expression: object) -> tuple[str, ...]:
    """All references anywhere inside an expression, a block or a list of blocks."""
    if isinstance(expression, Mapping):
        own = expression.get("references")
        if isinstance(own, Sequence) and not isinstance(own, str):
            return tuple(str(reference) for reference in own)
        return tuple(found for value in expression.values() for found in mentions(value))
    if isinstance(expression, Sequence) and not isinstance(expression, str):
        return tuple(found for value in expression for found in mentions(value))
    return ()


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """The `configuration` section, flat: modules by path, resources by path and `type.name`."""

    modules: Mapping[Module, Mapping[str, object]] = field(default_factory=dict)
    resources: Mapping[tuple[Module, str], Mapping[str, object]] = field(default_factory=dict)

    @classmethod
    def of(cls, section: object) -> "Configuration":
        """Reads the section; anything but a mapping gives an empty configuration."""
        modules: dict[Module, Mapping[str, object]] = {}
        resources: dict[tuple[Module, str], Mapping[str, object]] = {}
        waiting: list[tuple[Module, object]] = [((), as_mapping(section).get("root_module"))]
        while waiting:
            path, found = waiting.pop()
            module = as_mapping(found)
            modules[path] = module
            for entry in as_list(module.get("resources")):
                resource = as_mapping(entry)
                resources[path, str(resource.get("address"))] = resource
            for name, call in as_mapping(module.get("module_calls")).items():
                waiting.append(((*path, name), as_mapping(call).get("module")))
        return cls(modules=modules, resources=resources)

    def trace(self, module: Module, expression: object, *, within: Mapping[str, object] | None = None) -> Trace:
        """Follows an expression of `module`; `within` is the resource or call whose for_each gives `each`.

        `a.b[each.value.c].id` is listed as `a.b` and `each.value.c`. Where a resource stands without attribute,
        `each` and `count` are taken for what picks its instance and are not followed; an expression that chooses
        between such an instance and a value of `each` itself is read as the instance.
        """
        return self._follow(module, mentions(expression), _Step(within=within or {}, own=True))

    def _follow(self, module: Module, references: Iterable[str], step: "_Step") -> Trace:
        every = _longest(references)
        picks = {reference for reference in every if reference.startswith(("each.", "count."))}
        bare = {reference for reference in every if _is_bare(reference)}
        same_key = step.own and len(picks) == 1 and picks <= {"each.key", "count.index"}
        trace = Trace()
        for reference in every:
            if (module, reference) in step.seen or (bare and reference in picks):
                continue
            after = replace(step, seen=step.seen | {(module, reference)}, same_key=step.same_key or same_key)
            trace |= self._one(module, reference, after)
        return trace

    def _one(self, module: Module, reference: str, step: "_Step") -> Trace:
        parts = without_indexes(reference).split(".")
        elsewhere = replace(step, within={}, own=False, same_key=False)
        found = Trace()
        match parts:
            case [first, *_] if first in _NOTHING_THERE:
                pass
            case ["each", *_]:
                over = mentions(step.within.get("for_each_expression"))
                chained = step.own and len(_longest(over)) == 1
                found = self._follow(module, over, replace(elsewhere, same_key=chained))
            case ["var", name, *_] if module:
                call = self._call(module)
                given = as_mapping(call.get("expressions")).get(name)
                found = self._follow(module[:-1], mentions(given), replace(elsewhere, within=call))
            case ["var", *_]:
                pass
            case ["module", name, output, *_] if output in self._outputs((*module, name)):
                given = self._outputs((*module, name))[output]
                found = self._follow((*module, name), mentions(given), elsewhere)
            case ["data", kind, name, *_]:
                found = _origin(module, f"data.{kind}.{name}", reference, step)
            case [kind, name, *_] if kind not in {"local", "module"}:
                found = _origin(module, f"{kind}.{name}", reference, step)
            case _:
                found = Trace(lost=frozenset({reference}))
        return found

    def _outputs(self, module: Module) -> Mapping[str, object]:
        return as_mapping(self.modules.get(module, {}).get("outputs"))

    def _call(self, module: Module) -> Mapping[str, object]:
        calls = as_mapping(self.modules.get(module[:-1], {}).get("module_calls"))
        return as_mapping(calls.get(module[-1]))


def _longest(references: Iterable[str]) -> tuple[str, ...]:
    """Terraform lists `a.b["k"].id`, `a.b["k"]` and `a.b` for one mention: only the first says all."""
    every = tuple(dict.fromkeys(references))
    return tuple(r for r in every if not any(o != r and o.startswith((r + ".", r + "[")) for o in every))


def _is_bare(reference: str) -> bool:
    """Whether a resource stands here without attribute and without key, so that something picks an instance."""
    parts = reference.removeprefix("data.").split(".")
    return len(parts) == 2 and "[" not in reference and parts[0] not in {*_NOTHING_THERE, *_NO_RESOURCE}


def _origin(module: Module, name: str, reference: str, step: "_Step") -> Trace:
    """The instance key stands directly behind the resource's name."""
    found = _INDEX.match(reference, len(name)) if reference.startswith(name) else None
    key = found.group(1) if found else None
    same_key = step.same_key and _is_bare(reference)
    return Trace(origins=frozenset({Origin(module=module, name=name, key=key, same_key=same_key)}))


@dataclass(frozen=True, kw_only=True)
class _Step:
    """Where a trail stands: what gives `each`, whether still in the object's own expression, what was seen."""

    within: Mapping[str, object]
    own: bool = False
    same_key: bool = False
    seen: frozenset[tuple[Module, str]] = frozenset()

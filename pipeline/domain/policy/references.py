"""Where a value comes from: follows the `references` of a plan's `configuration` section through modules.

The section (https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation)
names what an expression mentions, not what it computes. It holds no `locals` and nothing of dynamic blocks.
What cannot be followed is kept in `lost`, so that a rule can say "could not find out" instead of guessing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.domain.shapes import as_list, as_mapping

Module = tuple[str, ...]
"""A module of the configuration: the names of the calls that lead to it, without instance keys."""

_INDEX = re.compile(r'\[("(?:[^"\\]|\\.)*"|\d+)\]')
_NOTHING_THERE = {"count", "path", "self", "terraform"}


def without_indexes(address: str) -> str:
    """`module.a["x.y"].aws_vpc.this[0]` → `module.a.aws_vpc.this`."""
    return _INDEX.sub("", address)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A resource that an expression mentions; `key` is its instance key as written, None where not constant."""

    module: Module
    name: str
    key: str | None = None


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
        """Follows an expression of `module`; `within` is the resource or call whose for_each gives `each`."""
        return self._follow(module, mentions(expression), within or {}, frozenset())

    def _follow(
        self,
        module: Module,
        references: Iterable[str],
        within: Mapping[str, object],
        seen: frozenset[tuple[Module, str]],
    ) -> Trace:
        trace = Trace()
        for reference in _longest(references):
            step = (module, reference)
            if step not in seen:
                trace |= self._step(module, reference, within, seen | {step})
        return trace

    def _step(  # noqa: PLR0911  one return for each kind of reference
        self,
        module: Module,
        reference: str,
        within: Mapping[str, object],
        seen: frozenset[tuple[Module, str]],
    ) -> Trace:
        parts = without_indexes(reference).split(".")
        match parts:
            case [first, *_] if first in _NOTHING_THERE:
                return Trace()
            case ["each", *_]:
                return self._follow(module, mentions(within.get("for_each_expression")), {}, seen)
            case ["var", name, *_]:
                if not module:
                    return Trace()
                call = self._call(module)
                given = as_mapping(call.get("expressions")).get(name)
                return self._follow(module[:-1], mentions(given), call, seen)
            case ["module", call_name, output, *_]:
                child = (*module, call_name)
                outputs = as_mapping(self.modules.get(child, {}).get("outputs"))
                if output not in outputs:
                    return Trace(lost=frozenset({reference}))
                return self._follow(child, mentions(outputs[output]), {}, seen)
            case ["data", kind, name, *_]:
                return Trace(origins=frozenset({_origin(module, f"data.{kind}.{name}", reference)}))
            case [kind, name, *_] if kind not in {"local", "module"}:
                return Trace(origins=frozenset({_origin(module, f"{kind}.{name}", reference)}))
            case _:
                return Trace(lost=frozenset({reference}))

    def _call(self, module: Module) -> Mapping[str, object]:
        calls = as_mapping(self.modules.get(module[:-1], {}).get("module_calls"))
        return as_mapping(calls.get(module[-1]))


def _longest(references: Iterable[str]) -> tuple[str, ...]:
    """Terraform lists `a.b["k"].id`, `a.b["k"]` and `a.b` for one mention: only the first says all."""
    every = tuple(dict.fromkeys(references))
    return tuple(r for r in every if not any(o != r and o.startswith((r + ".", r + "[")) for o in every))


def _origin(module: Module, name: str, reference: str) -> Origin:
    """The instance key stands directly behind the resource's name."""
    found = _INDEX.match(reference, len(name)) if reference.startswith(name) else None
    return Origin(module=module, name=name, key=found.group(1) if found else None)

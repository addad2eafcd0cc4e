"""A plan as the rules read it: each planned object beside what is unknown in it and where it was written.

An attribute has three states: a value, not set (None), or UNKNOWN. Terraform marks an optional attribute that
nobody set and that the provider fills in as unknown, too; the configuration tells them apart: unknown and
not written is *not set*. In a dynamic block, which the configuration does not show, it stays UNKNOWN.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final

from pipeline.domain.policy.references import Configuration, Module, Trace, without_indexes
from pipeline.domain.shapes import as_list, as_mapping


class Mark(Enum):
    """What stands where no value stands."""

    UNKNOWN = "known after apply"
    HIDDEN = "written where the configuration section does not show it"


UNKNOWN: Final = Mark.UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Node:
    """One place in a planned object: its value, its unknown marks and its expression."""

    value: object
    unknown: object
    expression: object

    def at(self, key: str) -> "Node":
        """The attribute of this name."""
        unknown = True if self.unknown is True else as_mapping(self.unknown).get(key, False)
        whole = self.unknown is True and self.expression is not None
        hidden = self.expression is Mark.HIDDEN or whole
        expression = Mark.HIDDEN if hidden else as_mapping(self.expression).get(key)
        return Node(value=as_mapping(self.value).get(key), unknown=unknown, expression=expression)

    def blocks(self) -> tuple["Node", ...]:
        """The blocks or list members here; none where it is unknown or not set."""
        values, unknowns, written = as_list(self.value), as_list(self.unknown), as_list(self.expression)
        count = max(len(values), len(unknowns))
        shown = len(written) == count
        return tuple(
            Node(
                value=values[i] if i < len(values) else None,
                unknown=unknowns[i] if i < len(unknowns) else False,
                expression=written[i] if shown else Mark.HIDDEN,
            )
            for i in range(count)
        )

    def block(self, name: str) -> "Node":
        """The only block of this name; without one, a place where nothing is set."""
        outer = self.at(name)
        inner = outer.blocks()
        if inner:
            return inner[0]
        return Node(value=None, unknown=outer.setting is UNKNOWN, expression=outer.expression)

    @property
    def setting(self) -> object:
        """The value, None where nobody set one, UNKNOWN where it could not be found out."""
        if self.unknown is True:
            return None if self.expression is None else UNKNOWN
        return self.value

    @property
    def hides(self) -> bool:
        """Whether anything here or below is unknown."""
        return _any_true(self.unknown)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One object of the plan as it will be after the apply (managed, or a data source read during it)."""

    address: str
    module_address: str
    mode: str
    type: str
    name: str
    index: str | None
    root: Node
    config: Mapping[str, object]

    @property
    def module(self) -> Module:
        """The calls that lead here, without instance keys."""
        return tuple(without_indexes(self.module_address).split(".")[1::2]) if self.module_address else ()

    @property
    def static_name(self) -> str:
        """`aws_vpc.this`, or `data.aws_vpc.this`."""
        return f"{'data.' if self.mode == 'data' else ''}{self.type}.{self.name}"

    def setting(self, *path: str) -> object:
        """The setting at a path; every step but the last names a single block."""
        node = self.root
        for step in path[:-1]:
            node = node.block(step)
        return node.at(path[-1]).setting

    def expression(self, attribute: str) -> object:
        """What the configuration says for a top-level attribute, None where nothing."""
        return as_mapping(self.config.get("expressions")).get(attribute)


@dataclass(frozen=True)
class Planned:
    """All objects of one plan after its apply, the configuration that they come from, and what joins them."""

    resources: tuple[Resource, ...]
    configuration: Configuration
    configured: bool
    providers: Mapping[str, Mapping[str, object]]

    @classmethod
    def of(cls, plan: Mapping[str, object]) -> "Planned":
        """Reads `resource_changes` (unchanged objects included, destroyed ones left out) and `configuration`."""
        configuration = Configuration.of(plan.get("configuration"))
        section = as_mapping(plan.get("configuration"))
        providers = {key: as_mapping(p) for key, p in as_mapping(section.get("provider_config")).items()}
        resources = tuple(_resources(plan, configuration))
        return cls(resources, configuration, "root_module" in section, providers)

    def of_type(self, *types: str) -> tuple[Resource, ...]:
        """The managed objects of these types, in plan order."""
        return tuple(r for kind in types for r in self._by_type.get(("managed", kind), ()))

    @cached_property
    def _by_type(self) -> Mapping[tuple[str, str], tuple[Resource, ...]]:
        found: dict[tuple[str, str], list[Resource]] = {}
        for resource in self.resources:
            found.setdefault((resource.mode, resource.type), []).append(resource)
        return {kind: tuple(each) for kind, each in found.items()}

    def instances(self, of: Resource) -> tuple[Resource, ...]:
        """All planned instances of a resource in its module instance, itself included."""
        where = (of.module_address, of.static_name)
        alike = self._by_type.get((of.mode, of.type), ())
        return tuple(r for r in alike if (r.module_address, r.static_name) == where)

    def provider(self, config: Mapping[str, object]) -> Mapping[str, object]:
        """The provider configuration of a resource of the configuration; empty where the plan shows none."""
        return self.providers.get(str(config.get("provider_config_key")), {})

    def trace(self, resource: Resource, *attributes: str) -> Trace:
        """Where these top-level attributes of a resource come from."""
        trace = Trace()
        for attribute in attributes:
            expression = resource.expression(attribute)
            trace |= self.configuration.trace(resource.module, expression, within=resource.config)
        return trace


def _resources(plan: Mapping[str, object], configuration: Configuration) -> Iterator[Resource]:
    for entry in as_list(plan.get("resource_changes")):
        row = as_mapping(entry)
        change = as_mapping(row.get("change"))
        if change.get("after") is None:
            continue
        mode, kind, name = str(row.get("mode", "managed")), str(row.get("type")), str(row.get("name"))
        index = row.get("index")
        module_address = str(row.get("module_address") or "")
        path = tuple(without_indexes(module_address).split(".")[1::2]) if module_address else ()
        static = f"{'data.' if mode == 'data' else ''}{kind}.{name}"
        config = configuration.resources.get((path, static))
        yield Resource(
            address=str(row.get("address")),
            module_address=module_address,
            mode=mode,
            type=kind,
            name=name,
            index=None if index is None else f'"{index}"' if isinstance(index, str) else str(index),
            root=Node(
                value=change.get("after"),
                unknown=change.get("after_unknown"),
                expression=Mark.HIDDEN if config is None else config.get("expressions", {}),
            ),
            config=config or {},
        )


def _any_true(marks: object) -> bool:
    if isinstance(marks, Mapping):
        return any(_any_true(mark) for mark in marks.values())
    return marks is True or any(_any_true(mark) for mark in as_list(marks))

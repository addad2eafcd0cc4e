"""Addresses of a module and of the local modules that it calls, and where `moved` blocks take them.

Source: Terraform "Refactoring": a `moved` of a module moves all that is inside; a chain is followed to its
end; a resource that gains or loses `count` is moved to or from [0] by itself, a module call is not
(tried with Terraform 1.11.4).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

from pipeline.domain.interface.elements import Interface, Mode, ModuleCall, Moved, Repetition, Requirement, Resource
from pipeline.domain.interface.evaluate import Defaults, Given
from pipeline.domain.interface.record import Record
from pipeline.domain.interface.syntax import Place

Steps = tuple[str, ...]
"""`module.net`, `aws_vpc.this`: an address by its steps, without instance keys."""
_STEP = re.compile(
    r'(module\.[^.\[]+|data\.[^.\[]+\.[^.\[]+|[^.\[]+\.[^.\[]+)(\[(?:"(?:[^"\\]|\\.)*"|[^\]]*)\])?(?:\.|$)'
)
CHAIN = 50


class Package(Record):
    """A module and the local modules that it calls (by call name; a call of a remote module is not in it)."""

    interface: Interface
    calls: "Mapping[str, Package]" = MappingProxyType({})

    @cached_property
    def addresses(self) -> "Addresses":
        """All its addresses, worked out once: in a history it is the newer version, then the older one."""
        return Addresses(self)

    @cached_property
    def requirements(self) -> "Mapping[str, Requirement]":
        """Providers that the module and what it calls want; constraints of all hold at once."""
        found = dict(self.interface.requirements)
        for inner in self.calls.values():
            for name, wanted in inner.requirements.items():
                found[name] = _both(found[name], wanted) if name in found else _handed_in(wanted)
        return found

    @cached_property
    def required_version(self) -> str:
        """The Terraform that the module and what it calls want."""
        inner = [call.required_version for call in self.calls.values()]
        return _joined([self.interface.required_version, *inner])

    @property
    def required_version_at(self) -> Place:
        """Where it says so first; the first line of nowhere if it does not."""
        return _versions_at(self) or Place(".", 1, 1)


class Node(Record):
    """One address: a resource or a module call; `scope` is the module around it, `outer` the call of that."""

    steps: Steps
    element: Resource | ModuleCall
    scope: Defaults
    outer: "Node | None" = None

    @cached_property
    def instances(self) -> int | None:
        """How many there are with every variable at its default; None where it cannot be told."""
        own = self.scope.instances(self.element.repetition, self.element.many)
        around = self.outer.instances if self.outer else 1
        if 0 in (own, around):
            return 0
        return None if own is None or around is None else own * around

    @property
    def address(self) -> str:
        """As Terraform writes it, without instance keys."""
        return ".".join(self.steps)

    @property
    def at(self) -> Place:
        """Where it is declared."""
        return self.element.at

    @property
    def kind(self) -> str:
        """`module`, or the resource's mode."""
        return "module" if isinstance(self.element, ModuleCall) else self.element.mode.value

    @property
    def repetition(self) -> Repetition:
        """Its own count or for_each."""
        return self.element.repetition


def _versions_at(package: Package) -> Place | None:
    return package.interface.required_version_at or next(
        (at for call in package.calls.values() if (at := _versions_at(call))), None
    )


def _both(outer: Requirement, inner: Requirement) -> Requirement:
    constraint = _joined([outer.constraint, inner.constraint])
    if constraint == outer.constraint:
        return outer
    return Requirement(name=outer.name, at=outer.at, source=outer.source, constraint=constraint, aliases=outer.aliases)


def _handed_in(inner: Requirement) -> Requirement:
    """A called module's requirement: its aliases are the business of the module that calls it."""
    return Requirement(name=inner.name, at=inner.at, source=inner.source, constraint=inner.constraint)


def _joined(constraints: Sequence[str]) -> str:
    parts = [part.strip() for constraint in constraints for part in constraint.split(",") if part.strip()]
    return ", ".join(dict.fromkeys(parts))


def parse_address(text: str) -> tuple[Steps, tuple[str, ...]]:
    """Steps and, for each, its instance key as written (or nothing)."""
    found = _STEP.findall(text)
    return tuple(step for step, _ in found), tuple(key for _, key in found)


class Move(Record):
    """A `moved` block seen from the outermost module; `keyed`: it is about single instances of its last step."""

    source: Steps
    target: Steps
    keyed: bool
    block: Moved


class Addresses:
    """All addresses of one version, outermost first."""

    def __init__(self, package: Package) -> None:
        self.package = package

    @cached_property
    def nodes(self) -> Mapping[Steps, Node]:
        """Every address, module calls before what is inside them."""
        return {node.steps: node for node in _walk(self.package, (), Defaults(self.package.interface), None)}

    @cached_property
    def moves(self) -> tuple[Move, ...]:
        """Every `moved` block."""
        return tuple(_moves(self.package, ()))

    @cached_property
    def removed(self) -> Mapping[Steps, bool]:
        """Addresses that `removed` blocks name → whether they are destroyed."""
        return {
            prefix + parse_address(block.source)[0]: block.destroy
            for prefix, interface in _interfaces(self.package, ())
            for block in interface.removed
        }

    @cached_property
    def _by_source(self) -> Mapping[Steps, tuple[Move, ...]]:
        found: dict[Steps, tuple[Move, ...]] = {}
        for move in self.moves:
            found[move.source] = (*found.get(move.source, ()), move)
        return found

    def follow(self, steps: Steps) -> tuple[Steps, bool]:
        """Where `moved` blocks take an address, and whether one of them was about its single instances."""
        keyed = False
        seen = {steps}
        for _ in range(CHAIN):
            move, rest = self._move_of(steps)
            if move is None:
                break
            keyed = keyed or (move.keyed and not rest)
            steps = move.target + rest
            if steps in seen:
                break
            seen.add(steps)
        return steps, keyed

    def _move_of(self, steps: Steps) -> tuple[Move | None, Steps]:
        for length in range(len(steps), 0, -1):
            moves = self._by_source.get(steps[:length])
            if moves:
                return moves[0], steps[length:]
        return None, ()


def _walk(package: Package, prefix: Steps, scope: Defaults, outer: Node | None) -> Iterator[Node]:
    for resource in package.interface.resources.values():
        yield Node(steps=(*prefix, resource.address), element=resource, scope=scope, outer=outer)
    for call in package.interface.modules.values():
        node = Node(steps=(*prefix, call.address), element=call, scope=scope, outer=outer)
        yield node
        inner = package.calls.get(call.name)
        if inner is not None:
            yield from _walk(inner, node.steps, Defaults(inner.interface, Given(scope, call.arguments)), node)


def _interfaces(package: Package, prefix: Steps) -> Iterator[tuple[Steps, Interface]]:
    yield prefix, package.interface
    for name, inner in package.calls.items():
        yield from _interfaces(inner, (*prefix, f"module.{name}"))


def _moves(package: Package, prefix: Steps) -> Iterator[Move]:
    for outer, interface in _interfaces(package, prefix):
        for block in interface.moved:
            source, source_keys = parse_address(block.source)
            target, target_keys = parse_address(block.target)
            if source and target:
                keyed = bool(source_keys[-1] or target_keys[-1])
                yield Move(source=outer + source, target=outer + target, keyed=keyed, block=block)


def moved_block(source: str, target: str) -> str:
    """The block that keeps what exists at `source`."""
    return f"moved {{\n  from = {source}\n  to   = {target}\n}}"


def first_key(repetition: Repetition) -> str:
    """The instance key of a first instance, to be completed by a person for `for_each`."""
    return {Repetition.NONE: "", Repetition.COUNT: "[0]", Repetition.FOR_EACH: '["KEY"]'}[repetition]


def is_stateful_mode(node: Node) -> bool:
    """Whether its address is in anybody's state and can be moved."""
    return isinstance(node.element, ModuleCall) or node.element.mode is Mode.MANAGED


__all__ = [
    "Addresses",
    "Move",
    "Node",
    "Package",
    "Steps",
    "first_key",
    "is_stateful_mode",
    "moved_block",
    "parse_address",
]


def unique_pairs(left: Iterable[tuple[object, Steps]], right: Iterable[tuple[object, Steps]]) -> dict[Steps, Steps]:
    """Pairs whose keys are equal and occur once on each side."""
    by_left: dict[object, list[Steps]] = {}
    by_right: dict[object, list[Steps]] = {}
    for key, steps in left:
        by_left.setdefault(key, []).append(steps)
    for key, steps in right:
        by_right.setdefault(key, []).append(steps)
    return {
        found[0]: by_right[key][0]
        for key, found in by_left.items()
        if len(found) == 1 and len(by_right.get(key, ())) == 1
    }

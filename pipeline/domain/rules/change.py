"""Two versions of a module, matched: what is the same thing under another name, what came, what went."""

import re
from collections.abc import Mapping
from functools import cached_property

from pipeline.domain.interface.elements import Interface, ModuleCall, Output, Repetition, Variable
from pipeline.domain.interface.syntax import Expression, Literal
from pipeline.domain.rules.addresses import Node, Package, Steps, is_stateful_mode, unique_pairs

ALIKE = 0.6
"""How alike two names must be (difflib's ratio) to be one input where nothing else tells."""
SAME_THING = 0.8
"""How alike two bodies must be, word by word, to be one resource renamed and touched up."""
_COMMENT = re.compile(r"^\s*(?:#|//).*$", re.MULTILINE)


def bare(body: str) -> str:
    """A body without comment lines and layout."""
    return " ".join(_COMMENT.sub("", body).split())


class Change:
    """From one version to another. Everything derived is worked out once, when first asked for."""

    def __init__(self, old: Package, new: Package) -> None:
        self.before, self.after = old.addresses, new.addresses

    @property
    def old(self) -> Interface:
        """What the module showed."""
        return self.before.package.interface

    @property
    def new(self) -> Interface:
        """What it shows."""
        return self.after.package.interface

    # -- inputs and outputs -------------------------------------------------------------------------

    @cached_property
    def variables(self) -> tuple[tuple[Variable, Variable], ...]:
        """Inputs in both versions that are not the very same text."""
        return tuple(
            (was, self.new.variables[name])
            for name, was in self.old.variables.items()
            if name in self.new.variables and was is not self.new.variables[name]
        )

    @cached_property
    def outputs(self) -> tuple[tuple[Output, Output], ...]:
        """Outputs in both versions."""
        return tuple(
            (was, self.new.outputs[name]) for name, was in self.old.outputs.items() if name in self.new.outputs
        )

    @cached_property
    def renamed_variables(self) -> Mapping[str, str]:
        """Old name → new name of inputs that are probably one: same type, default and rules, and the same
        description or a name alike."""
        gone = [v for n, v in self.old.variables.items() if n not in self.new.variables]
        came = [v for n, v in self.new.variables.items() if n not in self.old.variables]
        found: dict[str, str] = {}
        for was in gone:
            like = [now for now in came if _is_same_input(was, now)]
            if len(like) == 1 and like[0].name not in found.values():
                found[was.name] = like[0].name
        return found

    @cached_property
    def renamed_outputs(self) -> Mapping[str, str]:
        """Old name → new name of outputs with one and the same value."""
        gone = [o for n, o in self.old.outputs.items() if n not in self.new.outputs]
        came = [o for n, o in self.new.outputs.items() if n not in self.old.outputs]
        pairs = unique_pairs(
            ((_output_key(o), (o.name,)) for o in gone if not isinstance(o.value, Literal)),
            ((_output_key(o), (o.name,)) for o in came),
        )
        return {was[0]: now[0] for was, now in pairs.items()}

    # -- addresses ----------------------------------------------------------------------------------

    @cached_property
    def stayed(self) -> tuple[tuple[Node, Node, bool], ...]:
        """(before, after, whether single instances were moved) of what is still there, perhaps elsewhere."""
        found = []
        for steps, node in self.before.nodes.items():
            target, keyed = self.after.follow(steps)
            there = self.after.nodes.get(target) or self.after.nodes.get(steps)
            if there is not None and there.kind == node.kind:
                found.append((node, there, keyed))
        return tuple(found)

    @cached_property
    def same_defaults(self) -> bool:
        """Whether every default and local is the very same: then what was off by default still is."""
        return _same_world(self.before.package, self.after.package)

    @cached_property
    def gone(self) -> tuple[Node, ...]:
        """What has no place any more; of a module call that went, the call alone."""
        kept = {node.steps for node, _, _ in self.stayed}
        lost = [node for steps, node in self.before.nodes.items() if steps not in kept]
        return _outermost(lost)

    @cached_property
    def came(self) -> tuple[Node, ...]:
        """What nothing moved to; of a new module call, the call alone."""
        taken = {node.steps for _, node, _ in self.stayed}
        return _outermost([node for steps, node in self.after.nodes.items() if steps not in taken])

    @cached_property
    def renamed(self) -> Mapping[Steps, Steps]:
        """Old → new address of what went and came: probably one thing, without `moved`. Same body, or else the
        only pair of one type whose bodies are alike."""
        gone = [n for n in self.gone if is_stateful_mode(n) and bare(n.element.body)]
        found = unique_pairs(((_node_key(n), n.steps) for n in gone), ((_node_key(n), n.steps) for n in self.came))
        left = [n for n in gone if n.steps not in found]
        free = [n for n in self.came if n.steps not in found.values() and bare(n.element.body)]
        for was in left:
            kin = [now for now in free if _sort(now) == _sort(was)]
            rivals = [other for other in left if _sort(other) == _sort(was)]
            if len(kin) == 1 and len(rivals) == 1 and _alike(was, kin[0]):
                found[was.steps] = kin[0].steps
        return found


def _same_world(old: Package, new: Package) -> bool:
    before, after = old.interface, new.interface
    if before is after:
        return all(_same_world(call, new.calls[name]) for name, call in old.calls.items() if name in new.calls)
    defaults = [(name, v.default, v.type) for name, v in before.variables.items()]
    return (
        defaults == [(name, v.default, v.type) for name, v in after.variables.items()]
        and before.locals == after.locals
        and before.modules == after.modules
        and old.calls.keys() == new.calls.keys()
        and all(_same_world(call, new.calls[name]) for name, call in old.calls.items())
    )


def _outermost(nodes: list[Node]) -> tuple[Node, ...]:
    calls = {node.steps for node in nodes if isinstance(node.element, ModuleCall)}
    return tuple(node for node in nodes if not any(node.steps[:n] in calls for n in range(1, len(node.steps))))


def _is_same_input(was: Variable, now: Variable) -> bool:
    if (was.type, was.default, was.nullable) != (now.type, now.default, now.nullable):
        return False
    from difflib import SequenceMatcher

    rules = [v.text.replace(f"var.{was.name}", f"var.{now.name}") for v in was.validations]
    if rules != [v.text for v in now.validations]:
        return False
    alike = SequenceMatcher(None, was.name, now.name).ratio() >= ALIKE
    return alike or bool(was.description and was.description == now.description)


def _output_key(output: Output) -> Expression | None:
    return output.value


def _sort(node: Node) -> object:
    """What must be equal of two addresses before their bodies are compared."""
    element = node.element
    own = element.source if isinstance(element, ModuleCall) else (element.mode, element.type)
    return (node.steps[:-1], node.kind, own)


def _alike(was: Node, now: Node) -> bool:
    from difflib import SequenceMatcher

    first, second = bare(was.element.body).split(), bare(now.element.body).split()
    return SequenceMatcher(None, first, second).ratio() >= SAME_THING


def _node_key(node: Node) -> object:
    element = node.element
    if isinstance(element, ModuleCall):
        return ("module", node.steps[:-1], element.source, bare(element.body))
    return (element.mode, element.type, node.steps[:-1], bare(element.body))


def repetition_moves_itself(before: Node, after: Node) -> bool:
    """Whether Terraform finds the instances again: nothing changed, or a resource gained or lost `count`."""
    if before.repetition is after.repetition:
        return True
    pair = {before.repetition, after.repetition}
    return not isinstance(after.element, ModuleCall) and pair == {Repetition.NONE, Repetition.COUNT}

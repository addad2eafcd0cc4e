"""Who carries a security group: the honest test for "this opening is a load balancer's listener".

No tag and no name makes a group a balancer's. It is one when a load balancer of the plan carries it (known ids,
or the configuration leads there), nothing else does, and the open ports are ports of that balancer's listeners.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.domain.policy.joins import Joined, joined, leads_to, points_at
from pipeline.domain.policy.listeners import LISTENERS
from pipeline.domain.policy.openings import GROUPS, Opening
from pipeline.domain.policy.planned import UNKNOWN, Planned, Resource
from pipeline.domain.policy.references import Trace
from pipeline.domain.shapes import as_list, as_mapping

BALANCERS = ("aws_lb", "aws_alb", "aws_elb")
_CARRYING = {
    "additional_security_group_ids",
    "security_group_id",
    "security_group_ids",
    "security_groups",
    "vpc_security_group_ids",
}


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The ports that a balancer listens on; `complete` is false where one could not be found out."""

    numbers: frozenset[int]
    complete: bool


def owner(plan: Planned, opening: Opening) -> Resource | None:
    """The security group that a rule belongs to; None where it is not in the plan or cannot be told."""
    rule = opening.resource
    if rule.type in GROUPS:
        return rule
    found = [g for g in plan.of_type(*GROUPS) if points_at(plan, rule, "security_group_id", g)]
    return found[0] if len(found) == 1 else None


def balancers(plan: Planned, group: Resource) -> Joined:
    """The load balancers that carry a group, for certain or possibly."""
    return joined(plan, group, plan.of_type(*BALANCERS), "security_groups")


def others(plan: Planned, group: Resource) -> Joined:
    """Everything else that carries a group: instances, launch templates, endpoints, clusters, databases."""
    certain, possible = [], []
    for resource in plan.resources:
        if resource.mode != "managed" or resource.type in (*BALANCERS, *GROUPS):
            continue
        if resource.type.endswith("_rule"):
            continue
        trace = _carried(plan, resource)
        known = set(_known(resource.root.value))
        led = leads_to(plan, trace, resource, group)
        if led or group.root.at("id").value in known:
            certain.append(resource)
        elif (led is None or trace.lost or _in_dynamic_block(resource)) and group.root.at("id").value is None:
            possible.append(resource)
    return Joined(certain=tuple(certain), possible=tuple(possible))


def listener_ports(plan: Planned, carriers: Iterable[Resource]) -> Ports:
    """The ports of all listeners of these balancers."""
    numbers: set[int] = set()
    complete = True
    for balancer in carriers:
        settings = [block.at("lb_port").setting for block in balancer.root.at("listener").blocks()]
        found = joined(plan, balancer, plan.of_type(*LISTENERS), "load_balancer_arn")
        settings += [listener.setting("port") for listener in found.certain]
        numbers |= {port for port in settings if isinstance(port, int)}
        complete = complete and not found.possible and UNKNOWN not in settings
    return Ports(numbers=frozenset(numbers), complete=complete)


def _carried(plan: Planned, resource: Resource) -> Trace:
    trace = Trace()
    for expression in _carrying(resource.config.get("expressions")):
        trace |= plan.configuration.trace(resource.module, expression, within=resource.config)
    return trace


def _carrying(expression: object) -> Iterator[object]:
    for name, inner in as_mapping(expression).items():
        if name in _CARRYING:
            yield inner
        else:
            yield from _carrying(inner)
    for inner in as_list(expression):
        yield from _carrying(inner)


def _in_dynamic_block(resource: Resource) -> bool:
    """Whether a block carries unknown groups that the configuration section does not show."""
    shown = any(_carrying(resource.config.get("expressions")))
    marks = as_mapping(resource.root.unknown).values()
    return not shown and any(name in _CARRYING for mark in marks for name in _unknown_names(mark))


def _unknown_names(marks: object) -> Iterator[str]:
    for name, inner in as_mapping(marks).items():
        if inner is True or True in as_list(inner):
            yield name
        yield from _unknown_names(inner)
    for inner in as_list(marks):
        yield from _unknown_names(inner)


def _known(value: object) -> Iterator[str]:
    for name, inner in as_mapping(value).items():
        if name in _CARRYING:
            yield from (str(member) for member in (as_list(inner) or (inner,)))
        else:
            yield from _known(inner)
    for inner in as_list(value):
        yield from _known(inner)

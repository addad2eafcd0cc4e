"""Ingress from the whole internet: which security group rules open which ports, and to whom they belong.

Read are security groups with inline rules and both kinds of rule resources. Not read: network ACLs (stateless,
open by design beside security groups) and the contents of prefix lists.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.domain.policy.planned import UNKNOWN, Mark, Node, Planned, Resource
from pipeline.domain.shapes import as_list

GROUPS = ("aws_security_group", "aws_default_security_group")
_WIDE = {4: 7, 6: 15}
"""Prefixes this short or shorter count as everybody: two halves of the internet are the internet."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """An ingress rule for everybody; `ports` is (first, last), None for all; `group` the resource that holds it.

    With `unknown`, whether it is for everybody, or for which ports, could not be found out.
    """

    resource: Resource
    attribute: str
    ports: tuple[int, int] | None = None
    unknown: bool = False

    @property
    def spelled(self) -> str:
        """The ports for a sentence."""
        if self.ports is None:
            return "all ports"
        first, last = self.ports
        return f"port {first}" if first == last else f"ports {first}-{last}"

    def reaches(self, port: int) -> bool:
        """Whether it opens this port."""
        return self.ports is None or self.ports[0] <= port <= self.ports[1]


def openings(plan: Planned) -> Iterator[Opening]:
    """All rules that let the whole internet in, or may."""
    for group in plan.of_type(*GROUPS):
        ingress = group.root.at("ingress")
        if ingress.setting is UNKNOWN:
            yield Opening(resource=group, attribute="ingress", unknown=True)
        for block in ingress.blocks():
            yield from _opening(group, block, "ingress", ("cidr_blocks", "ipv6_cidr_blocks"), "protocol")
    for rule in plan.of_type("aws_security_group_rule"):
        kind = rule.setting("type")
        if kind == "ingress" or kind is UNKNOWN:
            yield from _opening(rule, rule.root, "", ("cidr_blocks", "ipv6_cidr_blocks"), "protocol")
    for rule in plan.of_type("aws_vpc_security_group_ingress_rule"):
        yield from _opening(rule, rule.root, "", ("cidr_ipv4", "cidr_ipv6"), "ip_protocol")


def everybody(cidr: object) -> bool:
    """Whether an address range is (about) all of the internet. What is no range at all is not."""
    try:
        network = ipaddress.ip_network(str(cidr), strict=False)
    except ValueError:
        return False
    return network.prefixlen <= _WIDE[network.version]


def _opening(resource: Resource, node: Node, prefix: str, ranges: tuple[str, ...], spoken: str) -> Iterator[Opening]:
    for name in ranges:
        attribute = f"{prefix}.{name}" if prefix else name
        found = node.at(name)
        members = as_list(found.value) if not isinstance(found.value, str) else (found.value,)
        if any(everybody(member) for member in members):
            yield _with_ports(resource, node, attribute, spoken)
        elif found.hides and found.setting is not None:
            yield Opening(resource=resource, attribute=attribute, unknown=True)


def _with_ports(resource: Resource, node: Node, attribute: str, spoken: str) -> Opening:
    protocol, first, last = (node.at(name).setting for name in (spoken, "from_port", "to_port"))
    if protocol in ("-1", "all"):
        return Opening(resource=resource, attribute=attribute)
    if protocol in ("icmp", "icmpv6", "1", "58"):
        return Opening(resource=resource, attribute=attribute, ports=(-1, -1))
    if any(isinstance(value, Mark) for value in (protocol, first, last)):
        return Opening(resource=resource, attribute=attribute, unknown=True)
    if not isinstance(first, int) or not isinstance(last, int):
        return Opening(resource=resource, attribute=attribute)
    return Opening(resource=resource, attribute=attribute, ports=(first, last))

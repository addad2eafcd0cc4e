"""Rules about load balancer listeners: nothing in plain text but a redirect, no outdated TLS policy.

A TCP listener of a network balancer passes bytes through: only port 80 is taken for plain text.
"""

from collections.abc import Iterator

from pipeline.domain.policy.joins import joined
from pipeline.domain.policy.planned import UNKNOWN, Node, Planned, Resource
from pipeline.domain.policy.rule import Hit, hit, unsure

LISTENERS = ("aws_lb_listener", "aws_alb_listener")
_RULES = ("aws_lb_listener_rule", "aws_alb_listener_rule")
_MODERN = ("TLS13", "TLS-1-2", "FS-1-2")


def plaintext(plan: Planned) -> Iterator[Hit]:
    """A plaintext listener may only redirect to HTTPS, in its default action and in its rules."""
    for listener in plan.of_type(*LISTENERS):
        protocol, port = listener.setting("protocol"), listener.setting("port")
        if protocol in (None, UNKNOWN):
            yield unsure(listener, "protocol", "does not say its protocol")
        elif protocol in ("TCP", "TCP_UDP") and port in (80, UNKNOWN):
            yield (unsure(listener, "port") if port is UNKNOWN else _plain(listener, "protocol", protocol))
        elif protocol == "HTTP":
            yield from _redirects(listener, "default_action")
            rules = joined(plan, listener, plan.of_type(*_RULES), "listener_arn")
            for rule in (*rules.certain, *rules.possible):
                for found in _redirects(rule, "action"):
                    lost = found.unknown or rule in rules.possible
                    yield Hit(address=found.address, attribute="action", says=found.says, unknown=lost)
    for balancer in plan.of_type("aws_elb"):
        for block in balancer.root.at("listener").blocks():
            spoken = block.at("lb_protocol").setting
            if spoken is UNKNOWN:
                yield unsure(balancer, "listener.lb_protocol")
            elif str(spoken).lower() == "http":
                yield _plain(balancer, "listener.lb_protocol", "HTTP")


def tls_policy(plan: Planned) -> Iterator[Hit]:
    """TLS 1.2 or newer. Not set, AWS takes ELBSecurityPolicy-2016-08, which still speaks TLS 1.0."""
    for listener in plan.of_type(*LISTENERS):
        if listener.setting("protocol") not in ("HTTPS", "TLS"):
            continue
        policy = listener.setting("ssl_policy")
        if policy is UNKNOWN:
            yield unsure(listener, "ssl_policy")
        elif not any(mark in str(policy) for mark in _MODERN) or "TLS13-1-0" in str(policy):
            yield hit(listener, "ssl_policy", "still speaks TLS older than 1.2")
        elif "TLS13-1-1" in str(policy):
            yield hit(listener, "ssl_policy", "still speaks TLS 1.1")


def _redirects(resource: Resource, name: str) -> Iterator[Hit]:
    actions = resource.root.at(name)
    if actions.setting is UNKNOWN:
        yield unsure(resource, name)
    for action in actions.blocks():
        kind = action.at("type").setting
        if kind is UNKNOWN:
            yield unsure(resource, f"{name}.type")
        elif kind != "redirect":
            yield _plain(resource, name, "HTTP")
        else:
            yield from _to_https(resource, name, action)


def _to_https(resource: Resource, name: str, action: Node) -> Iterator[Hit]:
    protocol = action.block("redirect").at("protocol").setting
    if protocol is UNKNOWN:
        yield unsure(resource, f"{name}.redirect.protocol")
    elif protocol != "HTTPS":
        yield hit(resource, f"{name}.redirect.protocol", "redirects, but not to HTTPS")


def _plain(resource: Resource, attribute: str, protocol: object) -> Hit:
    return hit(resource, attribute, f"answers {protocol} in plain text")

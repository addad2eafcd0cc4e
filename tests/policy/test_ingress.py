"""The load balancer's exception: it is proved by what carries the group, never by a name."""

from datetime import date
from typing import Any

import pytest

from pipeline.domain.policy.check import check
from pipeline.domain.policy.openings import everybody
from pipeline.domain.policy.rule import PolicyOptions
from pipeline.domain.policy.rules import policy_rules
from tests.policy.plans import Json, plan, planned, ref, written

RULES = [rule for rule in policy_rules(PolicyOptions()) if rule.id == "open-ingress"]
OPEN = {"cidr_ipv4": "0.0.0.0/0", "ip_protocol": "tcp", "from_port": 443, "to_port": 443}
LATER = {"security_group_id": True}


def words(document: Json) -> list[tuple[str, bool]]:
    """Address and `unknown` of each finding."""
    found = check(document, RULES, (), date(2026, 11, 22)).findings
    return [(f.address, f.unknown) for f in found]


def balancer(*more_rows: Json, more: list[Json] | None = None, groups: Json | None = None, **rule: Any) -> Json:
    """A balancer with a listener on 443, its group, one rule, and what a test adds."""
    rows = [
        planned("aws_security_group.lb", unknown={"id": True}),
        planned("aws_vpc_security_group_ingress_rule.lb", OPEN | rule, unknown=LATER),
        planned("aws_lb.this", unknown={"security_groups": True, "arn": True}),
        planned("aws_lb_listener.this", {"port": 443}, unknown={"load_balancer_arn": True}),
        *more_rows,
    ]
    resources = [
        written("aws_security_group.lb"),
        written("aws_vpc_security_group_ingress_rule.lb", security_group_id=ref("aws_security_group.lb.id")),
        written("aws_lb.this", security_groups=groups or ref("aws_security_group.lb.id")),
        written("aws_lb_listener.this", load_balancer_arn=ref("aws_lb.this.arn")),
        *(more or []),
    ]
    return plan(rows, resources)


def test_the_listeners_port_is_excused() -> None:
    assert words(balancer()) == []


@pytest.mark.parametrize("ports", [(442, 443), (80, 80), (0, 65535)])
def test_other_ports_are_not(ports: tuple[int, int]) -> None:
    document = balancer(from_port=ports[0], to_port=ports[1])
    assert words(document) == [("aws_vpc_security_group_ingress_rule.lb", False)]


def test_all_protocols_are_not() -> None:
    assert words(balancer(ip_protocol="-1", from_port=None, to_port=None)) != []


def test_ping_is_not() -> None:
    assert words(balancer(ip_protocol="icmp", from_port=443, to_port=443)) != []


def test_a_name_is_no_proof() -> None:
    rows = [
        planned("aws_security_group.load_balancer", {"name": "alb", "tags": {"role": "lb"}}, unknown={"id": True}),
        planned("aws_vpc_security_group_ingress_rule.lb", OPEN, unknown=LATER),
    ]
    resources = [
        written("aws_security_group.load_balancer"),
        written("aws_vpc_security_group_ingress_rule.lb", security_group_id=ref("aws_security_group.load_balancer.id")),
    ]
    assert words(plan(rows, resources)) == [("aws_vpc_security_group_ingress_rule.lb", False)]


def test_an_instance_that_carries_the_group_too_ends_the_excuse() -> None:
    row = planned("aws_instance.web", unknown={"vpc_security_group_ids": True})
    config = written("aws_instance.web", vpc_security_group_ids=ref("aws_security_group.lb.id"))
    assert words(balancer(row, more=[config])) == [("aws_vpc_security_group_ingress_rule.lb", False)]


def test_a_group_attached_by_a_resource_of_its_own_ends_it_too() -> None:
    row = planned("aws_network_interface_sg_attachment.web", unknown={"security_group_id": True})
    config = written("aws_network_interface_sg_attachment.web", security_group_id=ref("aws_security_group.lb.id"))
    assert words(balancer(row, more=[config])) == [("aws_vpc_security_group_ingress_rule.lb", False)]


def test_a_dynamic_block_that_may_carry_it_leaves_it_open() -> None:
    row = planned("aws_launch_template.web", unknown={"network_interfaces": [{"security_groups": [True]}]})
    document = balancer(row, more=[written("aws_launch_template.web")])
    assert words(document) == [("aws_vpc_security_group_ingress_rule.lb", True)]


def test_a_balancer_whose_groups_hide_behind_a_local_leaves_it_open() -> None:
    assert words(balancer(groups=ref("local.groups"))) == [("aws_vpc_security_group_ingress_rule.lb", True)]


def test_a_listener_whose_port_is_unknown_leaves_it_open() -> None:
    row = planned("aws_lb_listener.more", unknown={"load_balancer_arn": True, "port": True})
    config = written("aws_lb_listener.more", load_balancer_arn=ref("aws_lb.this.arn"), port=ref("local.port"))
    document = balancer(row, more=[config], from_port=8443, to_port=8443)
    assert words(document) == [("aws_vpc_security_group_ingress_rule.lb", True)]


def test_known_ids_need_no_configuration() -> None:
    rows = [
        planned("aws_security_group.lb", {"id": "sg-1"}),
        planned("aws_vpc_security_group_ingress_rule.lb", OPEN | {"security_group_id": "sg-1"}),
        planned("aws_lb.this", {"security_groups": ["sg-1"], "arn": "arn:lb"}),
        planned("aws_lb_listener.this", {"port": 443, "load_balancer_arn": "arn:lb"}),
    ]
    assert words(plan(rows, [])) == []
    web = planned("aws_launch_template.web", {"network_interfaces": [{"security_groups": ["sg-1"]}]})
    assert words(plan([*rows, web], [])) == [("aws_vpc_security_group_ingress_rule.lb", False)]


def test_a_group_of_one_module_instance_is_not_the_balancers_of_another() -> None:
    def instance(key: str, *, lb: bool) -> list[Json]:
        module = f'module.servers["{key}"]'
        rows = [
            planned("aws_security_group.lb", unknown={"id": True}, module=module),
            planned("aws_vpc_security_group_ingress_rule.lb", OPEN, unknown=LATER, module=module),
        ]
        parts = [
            planned("aws_lb.this", unknown={"security_groups": True}, module=module, index=0),
            planned("aws_lb_listener.this", {"port": 443}, unknown={"load_balancer_arn": True}, module=module),
        ]
        return rows + (parts if lb else [])

    inner = {
        "resources": [
            written("aws_security_group.lb"),
            written("aws_vpc_security_group_ingress_rule.lb", security_group_id=ref("aws_security_group.lb.id")),
            written("aws_lb.this", security_groups=ref("aws_security_group.lb.id", "aws_security_group.lb")),
            written("aws_lb_listener.this", load_balancer_arn=ref("aws_lb.this[0].arn", "aws_lb.this[0]")),
        ]
    }
    rows = instance("a", lb=True) + instance("b", lb=False)
    document = plan(rows, [], {"servers": {"source": "./servers", "module": inner}})
    assert words(document) == [('module.servers["b"].aws_vpc_security_group_ingress_rule.lb', False)]


@pytest.mark.parametrize(
    ("cidr", "open_to_all"),
    [("0.0.0.0/0", True), ("::/0", True), ("128.0.0.0/1", True), ("10.0.0.0/8", False), ("2001:db8::/32", False)],
)
def test_everybody(cidr: str, open_to_all: bool) -> None:
    assert everybody(cidr) is open_to_all

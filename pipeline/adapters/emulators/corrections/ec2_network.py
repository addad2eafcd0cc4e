"""EC2: what network interfaces, gateway endpoints and security group rules say of what they join."""

from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.instances import Instance
from moto.ec2.models.security_groups import SecurityGroupRule

from pipeline.adapters.emulators.corrections.patching import wrap


def instance_groups_of_interface() -> None:
    """An instance has the security groups of its primary network interface.

    Provider: aws_instance with associate_public_ip_address sends them there; without them each plan adds them.
    AWS: EC2 API Reference, RunInstances, NetworkInterface.N, and Instance: groupSet.
    Until: needed on 5.2.5; ends when DescribeInstances answers them.
    """

    def prep_nics(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        primary = self.nics.get(0)
        if primary is not None and not self.security_groups:
            self.security_groups = list(primary.group_set)

    wrap(Instance, "prep_nics", prep_nics)


def gateway_endpoint_routes() -> None:
    """A gateway endpoint's routes follow when its route tables change.

    Provider: aws_vpc_endpoint, changed in place; without the routes its destroy fails with InvalidRoute.NotFound.
    AWS: AWS PrivateLink Guide, Gateway endpoints, Routing: the route is added and removed with the table.
    Until: needed on 5.2.5; ends when ModifyVpcEndpoint does so.
    """

    def modify_vpc_endpoint(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        name = kwargs.get("vpc_id") or args[0]
        endpoint = self.vpc_end_points[name]
        prefix_list = endpoint.destination_prefix_list_id
        before = set(endpoint.route_table_ids or ())
        original(self, *args, **kwargs)
        after = set(endpoint.route_table_ids or ())
        if not prefix_list:
            return
        for table in sorted(after - before):
            self.create_route(table, None, gateway_id=name, destination_prefix_list_id=prefix_list)
        for table in sorted(before - after):
            self.delete_route(table, prefix_list)

    wrap(EC2Backend, "modify_vpc_endpoint", modify_vpc_endpoint)


def group_rule_description() -> None:
    """A rule that names a security group or a prefix list has its description too.

    Provider: aws_vpc_security_group_ingress_rule and _egress_rule; without it each plan writes it again.
    AWS: EC2 API Reference, UserIdGroupPair, PrefixListId and SecurityGroupRule: description.
    Until: needed on 5.2.5; ends when DescribeSecurityGroupRules answers it.
    """

    def description(self: Any) -> str | None:
        places = (self.ip_range, self.source_group, self.prefix_list_id)
        return next((place["Description"] for place in places if place and "Description" in place), None)

    SecurityGroupRule.description = property(description)  # type: ignore[assignment,method-assign]


CORRECTIONS = (instance_groups_of_interface, gateway_endpoint_routes, group_rule_description)

"""EC2: flow logs, launch templates, subnets, DHCP options, customer gateways, instances."""

from typing import Any

from moto.ec2.models.instances import Instance
from moto.ec2.models.launch_templates import LaunchTemplateVersion
from moto.ec2.models.subnets import Subnet
from moto.ec2.responses.customer_gateways import CustomerGateways
from moto.ec2.responses.dhcp_options import DHCPOptions
from moto.ec2.responses.flow_logs import FlowLogs
from moto.ec2.responses.subnets import Subnets

from pipeline.adapters.emulators.corrections.patching import as_bool, wrap


def flow_log_destination_options() -> None:
    """DescribeFlowLogs answers the destination options that were set.

    Provider: aws_flow_log with destination_options; without them each plan replaces the flow log.
    AWS: EC2 API Reference, FlowLog and DestinationOptionsResponse.
    Until: needed on 5.2.5; ends when moto keeps DestinationOptions.
    """

    def create_flow_logs(original: Any, self: Any) -> Any:
        answer = original(self)
        if options := self._get_param("DestinationOptions"):
            kept = {
                "FileFormat": options.get("FileFormat", "plain-text"),
                "HiveCompatiblePartitions": as_bool(options.get("HiveCompatiblePartitions", False)),
                "PerHourPartition": as_bool(options.get("PerHourPartition", False)),
            }
            for name in answer.result["FlowLogIds"]:
                self.ec2_backend.flow_logs[name].destination_options = kept
        return answer

    wrap(FlowLogs, "create_flow_logs", create_flow_logs)


def launch_template_tags() -> None:
    """A template's own tags are not part of its data.

    Provider: aws_launch_template reads tag_specifications from the data; the tags of the template itself show
    up there as a difference.
    AWS: EC2 API Reference, CreateLaunchTemplate: TagSpecification (the template) and LaunchTemplateData (what it
    launches) are two things.
    Until: needed on 5.2.5; ends when moto keeps them apart.
    """

    def init(original: Any, self: Any, template: Any, number: int, data: dict[str, Any], description: str) -> None:
        if data and data.get("TagSpecifications"):
            kept = [one for one in data["TagSpecifications"] if one.get("ResourceType") != "launch-template"]
            data = {key: value for key, value in data.items() if key != "TagSpecifications"}
            data |= {"TagSpecifications": kept} if kept else {}
        original(self, template, number, data, description)

    wrap(LaunchTemplateVersion, "__init__", init)


def subnet_attributes() -> None:
    """ModifySubnetAttribute keeps DNS64, AAAA records and the host name type.

    Provider: aws_subnet sets them one by one and waits up to five minutes for each to be read back.
    AWS: EC2 API Reference, ModifySubnetAttribute and Subnet.
    Until: needed on 5.2.5; ends when moto keeps these three.
    """

    def modify_subnet_attribute(original: Any, self: Any) -> Any:
        subnet = self.ec2_backend.get_subnet(self._get_param("SubnetId"))
        options = subnet.private_dns_name_options_on_launch
        if (dns64 := self._get_param("EnableDns64.Value")) is not None:
            subnet.enable_dns64 = as_bool(dns64)
        if (aaaa := self._get_param("EnableResourceNameDnsAAAARecordOnLaunch.Value")) is not None:
            options["EnableResourceNameDnsAAAARecord"] = as_bool(aaaa)
        if kind := self._get_param("PrivateDnsHostnameTypeOnLaunch"):
            options["HostnameType"] = kind
        return original(self)

    wrap(Subnets, "modify_subnet_attribute", modify_subnet_attribute)


def subnet_ipv6_state() -> None:
    """The state of a subnet's IPv6 block is one level deep.

    Provider: aws_subnet with ipv6_cidr_block waits for the state `associated`.
    AWS: EC2 API Reference, SubnetIpv6CidrBlockAssociation and SubnetCidrBlockState.
    Until: needed on 5.2.5; ends when DescribeSubnets answers the state as text.
    """

    def associations(self: Any) -> list[dict[str, Any]]:
        return [
            {
                "ipv6CidrBlock": one["ipv6CidrBlock"],
                "associationId": one["associationId"],
                "ipv6CidrBlockState": {"state": one["ipv6CidrBlockState"]["State"]},
            }
            for one in self.ipv6_cidr_block_associations.values()
            if one["ipv6CidrBlockState"]["State"] == "associated"
        ]

    Subnet.ipv6_cidr_block_association_set = property(associations)  # type: ignore[assignment,method-assign]


def dhcp_options_tags() -> None:
    """CreateDhcpOptions keeps the tags of the request.

    Provider: aws_vpc_dhcp_options; without them the second plan adds the tags.
    AWS: EC2 API Reference, CreateDhcpOptions, TagSpecification.
    Until: needed on 5.2.5; ends when moto keeps them.
    """

    def create_dhcp_options(original: Any, self: Any) -> Any:
        answer = original(self)
        if tags := self._parse_tag_specification().get("dhcp-options"):
            answer.result["DhcpOptions"].add_tags(tags)
        return answer

    wrap(DHCPOptions, "create_dhcp_options", create_dhcp_options)


def customer_gateway_device_name() -> None:
    """CreateCustomerGateway keeps the device's name.

    Provider: aws_customer_gateway; without it each plan replaces the gateway.
    AWS: EC2 API Reference, CustomerGateway.
    Until: needed on 5.2.5; ends when moto keeps DeviceName.
    """

    def create_customer_gateway(original: Any, self: Any) -> Any:
        answer = original(self)
        if name := self._get_param("DeviceName"):
            answer.result["CustomerGateway"].device_name = name
        return answer

    wrap(CustomerGateways, "create_customer_gateway", create_customer_gateway)


def instance_security_groups() -> None:
    """An instance has the security groups of its primary network interface.

    Provider: aws_instance with associate_public_ip_address sends vpc_security_group_ids with the interface and
    reads them from the instance; without them each plan adds them again.
    AWS: EC2 API Reference, Instance: "The security groups for the instance".
    Until: needed on 5.2.5; ends when RunInstances with NetworkInterfaces keeps their Groups.
    """

    def init(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if not self.security_groups and 0 in self.nics:
            self.security_groups = list(self.nics[0].group_set)

    wrap(Instance, "__init__", init)


CORRECTIONS = (
    flow_log_destination_options,
    launch_template_tags,
    subnet_attributes,
    subnet_ipv6_state,
    dhcp_options_tags,
    customer_gateway_device_name,
    instance_security_groups,
)

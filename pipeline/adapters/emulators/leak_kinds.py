"""The kinds of objects that a leak check lists: one describe call each. A new kind is one more row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

GLOBAL = ("iam", "route53", "s3")
"""Services without regions; asked in us-east-1."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of object: the call that lists it, where the list is in the answer, and what names one.

    `gone` maps a path to the values that mean it is not there any more.
    """

    name: str
    service: str
    call: str
    path: str
    key: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    gone: Mapping[str, Sequence[str]] = field(default_factory=dict)


SELF = {"Owners": ["self"]}
KINDS = (
    Kind(name="vpc", service="ec2", call="describe_vpcs", path="Vpcs", key="VpcId"),
    Kind(name="subnet", service="ec2", call="describe_subnets", path="Subnets", key="SubnetId"),
    Kind(name="route-table", service="ec2", call="describe_route_tables", path="RouteTables", key="RouteTableId"),
    Kind(name="network-acl", service="ec2", call="describe_network_acls", path="NetworkAcls", key="NetworkAclId"),
    Kind(name="security-group", service="ec2", call="describe_security_groups", path="SecurityGroups", key="GroupId"),
    Kind(
        name="internet-gateway",
        service="ec2",
        call="describe_internet_gateways",
        path="InternetGateways",
        key="InternetGatewayId",
    ),
    Kind(
        name="egress-only-gateway",
        service="ec2",
        call="describe_egress_only_internet_gateways",
        path="EgressOnlyInternetGateways",
        key="EgressOnlyInternetGatewayId",
    ),
    Kind(
        name="nat-gateway",
        service="ec2",
        call="describe_nat_gateways",
        path="NatGateways",
        key="NatGatewayId",
        gone={"State": ("deleted", "deleting")},
    ),
    Kind(name="address", service="ec2", call="describe_addresses", path="Addresses", key="AllocationId"),
    Kind(
        name="network-interface",
        service="ec2",
        call="describe_network_interfaces",
        path="NetworkInterfaces",
        key="NetworkInterfaceId",
    ),
    Kind(
        name="vpc-endpoint",
        service="ec2",
        call="describe_vpc_endpoints",
        path="VpcEndpoints",
        key="VpcEndpointId",
        gone={"State": ("deleted", "deleting")},
    ),
    Kind(
        name="peering",
        service="ec2",
        call="describe_vpc_peering_connections",
        path="VpcPeeringConnections",
        key="VpcPeeringConnectionId",
    ),
    Kind(name="flow-log", service="ec2", call="describe_flow_logs", path="FlowLogs", key="FlowLogId"),
    Kind(name="dhcp-options", service="ec2", call="describe_dhcp_options", path="DhcpOptions", key="DhcpOptionsId"),
    Kind(
        name="instance",
        service="ec2",
        call="describe_instances",
        path="Reservations.Instances",
        key="InstanceId",
        gone={"State.Name": ("terminated", "shutting-down")},
    ),
    Kind(name="volume", service="ec2", call="describe_volumes", path="Volumes", key="VolumeId"),
    Kind(
        name="snapshot",
        service="ec2",
        call="describe_snapshots",
        path="Snapshots",
        key="SnapshotId",
        given={"OwnerIds": ["self"]},
    ),
    Kind(name="image", service="ec2", call="describe_images", path="Images", key="ImageId", given=SELF),
    Kind(name="key-pair", service="ec2", call="describe_key_pairs", path="KeyPairs", key="KeyPairId"),
    Kind(
        name="launch-template",
        service="ec2",
        call="describe_launch_templates",
        path="LaunchTemplates",
        key="LaunchTemplateId",
    ),
    Kind(
        name="prefix-list",
        service="ec2",
        call="describe_managed_prefix_lists",
        path="PrefixLists",
        key="PrefixListId",
    ),
    Kind(
        name="auto-scaling-group",
        service="autoscaling",
        call="describe_auto_scaling_groups",
        path="AutoScalingGroups",
        key="AutoScalingGroupARN",
    ),
    Kind(
        name="scaling-policy",
        service="autoscaling",
        call="describe_policies",
        path="ScalingPolicies",
        key="PolicyARN",
    ),
    Kind(
        name="load-balancer",
        service="elbv2",
        call="describe_load_balancers",
        path="LoadBalancers",
        key="LoadBalancerArn",
    ),
    Kind(
        name="target-group",
        service="elbv2",
        call="describe_target_groups",
        path="TargetGroups",
        key="TargetGroupArn",
    ),
    Kind(name="cluster", service="eks", call="list_clusters", path="clusters"),
    Kind(name="role", service="iam", call="list_roles", path="Roles", key="Arn"),
    Kind(name="policy", service="iam", call="list_policies", path="Policies", key="Arn", given={"Scope": "Local"}),
    Kind(
        name="instance-profile",
        service="iam",
        call="list_instance_profiles",
        path="InstanceProfiles",
        key="Arn",
    ),
    Kind(
        name="oidc-provider",
        service="iam",
        call="list_open_id_connect_providers",
        path="OpenIDConnectProviderList",
        key="Arn",
    ),
    Kind(name="user", service="iam", call="list_users", path="Users", key="Arn"),
    Kind(name="group", service="iam", call="list_groups", path="Groups", key="Arn"),
    Kind(name="key", service="kms", call="list_keys", path="Keys", key="KeyId"),
    Kind(name="key-alias", service="kms", call="list_aliases", path="Aliases", key="AliasArn"),
    Kind(name="bucket", service="s3", call="list_buckets", path="Buckets", key="Name"),
    Kind(name="log-group", service="logs", call="describe_log_groups", path="logGroups", key="arn"),
    Kind(name="alarm", service="cloudwatch", call="describe_alarms", path="MetricAlarms", key="AlarmArn"),
    Kind(
        name="certificate",
        service="acm",
        call="list_certificates",
        path="CertificateSummaryList",
        key="CertificateArn",
    ),
    Kind(name="parameter", service="ssm", call="describe_parameters", path="Parameters", key="Name"),
    Kind(name="secret", service="secretsmanager", call="list_secrets", path="SecretList", key="ARN"),
    Kind(name="queue", service="sqs", call="list_queues", path="QueueUrls"),
    Kind(name="topic", service="sns", call="list_topics", path="Topics", key="TopicArn"),
    Kind(name="zone", service="route53", call="list_hosted_zones", path="HostedZones", key="Id"),
    Kind(name="table", service="dynamodb", call="list_tables", path="TableNames"),
    Kind(name="event-rule", service="events", call="list_rules", path="Rules", key="Arn"),
)
"""Service-managed policies, images and prefix lists of AWS are in both snapshots and so in no difference."""

OF_A_VPC = ("network-acl", "network-interface")
"""AWS deletes no VPC that holds one of these; moto does, and keeps its default network ACL and the interfaces of
what was in it. Without a VPC they are the emulator's orphans, not the test's (probed on moto 5.2.5)."""

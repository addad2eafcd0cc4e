"""One probe for each correction: passes where moto answers as AWS does, fails on a stock moto."""

from collections.abc import Callable
from typing import Any

Client = Callable[[str], Any]
ROLE = "arn:aws:iam::123456789012:role/x"


def _vpc(client: Client, cidr: str = "10.9.0.0/16", **more: Any) -> str:
    return str(client("ec2").create_vpc(CidrBlock=cidr, **more)["Vpc"]["VpcId"])


def _subnet(client: Client) -> str:
    return str(client("ec2").create_subnet(VpcId=_vpc(client), CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"])


def _cluster(client: Client, name: str = "c", **more: Any) -> dict[str, Any]:
    network = {"subnetIds": [_subnet(client)]}
    made: dict[str, Any] = client("eks").create_cluster(
        name=name, roleArn=ROLE, version="1.31", resourcesVpcConfig=network, **more
    )["cluster"]
    return made


def _nodegroup(client: Client, **more: Any) -> dict[str, Any]:
    subnets = _cluster(client)["resourcesVpcConfig"]["subnetIds"]
    made: dict[str, Any] = client("eks").create_nodegroup(
        clusterName="c", nodegroupName="n", subnets=subnets, nodeRole=ROLE, **more
    )["nodegroup"]
    return made


def _group(client: Client) -> None:
    template = {"ImageId": "ami-0a1b2c3d4e5f60001", "InstanceType": "t3.micro"}
    client("ec2").create_launch_template(LaunchTemplateName="one", LaunchTemplateData=template)
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="g",
        MinSize=0,
        MaxSize=1,
        LaunchTemplate={"LaunchTemplateName": "one"},
        AvailabilityZones=["us-east-1a"],
    )


def instance_groups_of_interface(client: Client) -> None:
    ec2, subnet = client("ec2"), _subnet(client)
    vpc = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    interface = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group], "AssociatePublicIpAddress": True}
    made = ec2.run_instances(ImageId="ami-0a1b2c3d4e5f60001", MinCount=1, MaxCount=1, NetworkInterfaces=[interface])[
        "Instances"
    ][0]["InstanceId"]
    found = ec2.describe_instances(InstanceIds=[made])["Reservations"][0]["Instances"][0]
    assert [one["GroupId"] for one in found["SecurityGroups"]] == [group]


def gateway_endpoint_routes(client: Client) -> None:
    ec2, vpc = client("ec2"), _vpc(client)
    old, new = (ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[old])
    name = endpoint["VpcEndpoint"]["VpcEndpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=name, AddRouteTableIds=[new], RemoveRouteTableIds=[old])
    tables = ec2.describe_route_tables(RouteTableIds=[old, new])["RouteTables"]
    routed = {one["RouteTableId"] for one in tables if any(r.get("GatewayId") == name for r in one["Routes"])}
    assert routed == {new}


def group_rule_description(client: Client) -> None:
    ec2, vpc = client("ec2"), _vpc(client)
    one, other = (
        ec2.create_security_group(GroupName=name, Description="g", VpcId=vpc)["GroupId"] for name in ("one", "other")
    )
    pair = {"GroupId": other, "Description": "from the other"}
    permission = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [pair]}
    ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=[permission])
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [one]}])["SecurityGroupRules"]
    assert [rule.get("Description") for rule in rules if not rule["IsEgress"]] == ["from the other"]


def scaling_policy_enabled(client: Client) -> None:
    _group(client)
    client("autoscaling").put_scaling_policy(
        AutoScalingGroupName="g", PolicyName="p", AdjustmentType="ChangeInCapacity", ScalingAdjustment=1
    )
    policy = client("autoscaling").describe_policies(AutoScalingGroupName="g")["ScalingPolicies"][0]
    assert policy["Enabled"] is True
    assert "PredictiveScalingConfiguration" not in policy


def instance_refresh(client: Client) -> None:
    _group(client)
    started = client("autoscaling").start_instance_refresh(AutoScalingGroupName="g")["InstanceRefreshId"]
    found = client("autoscaling").describe_instance_refreshes(AutoScalingGroupName="g")["InstanceRefreshes"]
    assert [(one["InstanceRefreshId"], one["Status"]) for one in found] == [(started, "Successful")]


def instance_maintenance_policy(client: Client) -> None:
    _group(client)
    policy = {"MinHealthyPercentage": 90, "MaxHealthyPercentage": 120}
    change, look = client("autoscaling").update_auto_scaling_group, client("autoscaling").describe_auto_scaling_groups
    change(AutoScalingGroupName="g", InstanceMaintenancePolicy=policy)
    assert look()["AutoScalingGroups"][0]["InstanceMaintenancePolicy"] == policy
    change(AutoScalingGroupName="g", InstanceMaintenancePolicy={"MinHealthyPercentage": -1, "MaxHealthyPercentage": -1})
    assert "InstanceMaintenancePolicy" not in look()["AutoScalingGroups"][0]


def root_volume_ends_with_its_instance(client: Client) -> None:
    def volumes(ebs: dict[str, Any]) -> list[Any]:
        made = client("ec2").run_instances(
            ImageId="ami-0a1b2c3d4e5f60001",
            MinCount=1,
            MaxCount=1,
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 9, **ebs}}],
        )
        client("ec2").terminate_instances(InstanceIds=[made["Instances"][0]["InstanceId"]])
        return [one for one in client("ec2").describe_volumes()["Volumes"] if one["Size"] == 9]

    assert volumes({}) == []
    assert len(volumes({"DeleteOnTermination": False})) == 1


def flow_log_destination_options(client: Client) -> None:
    options = {"FileFormat": "parquet", "HiveCompatiblePartitions": True, "PerHourPartition": True}
    client("s3").create_bucket(Bucket=f"flow-{_vpc(client)}")
    bucket = client("s3").list_buckets()["Buckets"][0]["Name"]
    client("ec2").create_flow_logs(
        ResourceIds=[_vpc(client, "10.8.0.0/16")],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination=f"arn:aws:s3:::{bucket}",
        DestinationOptions=options,
    )
    assert client("ec2").describe_flow_logs()["FlowLogs"][0]["DestinationOptions"] == options


def launch_template_tags(client: Client) -> None:
    own = {"ResourceType": "launch-template", "Tags": [{"Key": "own", "Value": "1"}]}
    launched = {"ResourceType": "instance", "Tags": [{"Key": "launched", "Value": "1"}]}
    client("ec2").create_launch_template(
        LaunchTemplateName="one",
        TagSpecifications=[own],
        LaunchTemplateData={"InstanceType": "t3.micro", "TagSpecifications": [launched]},
    )
    version = client("ec2").describe_launch_template_versions(LaunchTemplateName="one")["LaunchTemplateVersions"][0]
    assert version["LaunchTemplateData"]["TagSpecifications"] == [launched]
    assert client("ec2").describe_launch_templates()["LaunchTemplates"][0]["Tags"] == own["Tags"]


def subnet_attributes(client: Client) -> None:
    subnet = _subnet(client)
    change = client("ec2").modify_subnet_attribute
    change(SubnetId=subnet, EnableDns64={"Value": True})
    change(SubnetId=subnet, EnableResourceNameDnsAAAARecordOnLaunch={"Value": True})
    change(SubnetId=subnet, PrivateDnsHostnameTypeOnLaunch="resource-name")
    found = client("ec2").describe_subnets(SubnetIds=[subnet])["Subnets"][0]
    options = found["PrivateDnsNameOptionsOnLaunch"]
    assert found["EnableDns64"] is True
    assert (options["HostnameType"], options["EnableResourceNameDnsAAAARecord"]) == ("resource-name", True)


def subnet_ipv6_state(client: Client) -> None:
    vpc = _vpc(client, AmazonProvidedIpv6CidrBlock=True)
    found = client("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"][0]
    block = found["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24", Ipv6CidrBlock=block)
    subnet = client("ec2").describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0]
    assert subnet["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlockState"] == {"State": "associated"}


def dhcp_options_tags(client: Client) -> None:
    tags = [{"Key": "Name", "Value": "x"}]
    client("ec2").create_dhcp_options(
        DhcpConfigurations=[{"Key": "domain-name", "Values": ["example.org"]}],
        TagSpecifications=[{"ResourceType": "dhcp-options", "Tags": tags}],
    )
    assert tags in [one["Tags"] for one in client("ec2").describe_dhcp_options()["DhcpOptions"]]


def customer_gateway_device_name(client: Client) -> None:
    client("ec2").create_customer_gateway(BgpAsn=65000, IpAddress="192.0.2.1", Type="ipsec.1", DeviceName="d")
    assert client("ec2").describe_customer_gateways()["CustomerGateways"][0]["DeviceName"] == "d"


def instance_security_groups(client: Client) -> None:
    vpc = _vpc(client)
    subnet = client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    group = client("ec2").create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    interface = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group], "AssociatePublicIpAddress": True}
    made = client("ec2").run_instances(
        ImageId="ami-0a1b2c3d4e5f60001", MinCount=1, MaxCount=1, NetworkInterfaces=[interface]
    )["Instances"][0]
    found = client("ec2").describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]["Instances"][0]
    assert [one["GroupId"] for one in found["SecurityGroups"]] == [group]


def operation_routes(client: Client) -> None:
    try:
        client("eks").list_insights(clusterName="c")
    except client("eks").exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "NotImplementedByEmulator"


def cluster_defaults(client: Client) -> None:
    first, second = _cluster(client, "first"), _cluster(client, "second")
    network = first["resourcesVpcConfig"]
    assert network["vpcId"].startswith("vpc-")
    assert network["clusterSecurityGroupId"].startswith("sg-")
    assert (network["endpointPublicAccess"], network["endpointPrivateAccess"]) == (True, False)
    assert first["accessConfig"] == {"authenticationMode": "CONFIG_MAP"}
    assert first["kubernetesNetworkConfig"]["ipFamily"] == "ipv4"
    assert first["identity"] != second["identity"]


def cluster_security_group_deleted(client: Client) -> None:
    group = _cluster(client)["resourcesVpcConfig"]["clusterSecurityGroupId"]
    client("eks").delete_cluster(name="c")
    assert group not in [one["GroupId"] for one in client("ec2").describe_security_groups()["SecurityGroups"]]


def cluster_updates(client: Client) -> None:
    before = _cluster(client)["resourcesVpcConfig"]
    eks = client("eks")
    for update in (
        eks.update_cluster_config(name="c", resourcesVpcConfig={"endpointPrivateAccess": True}),
        eks.update_cluster_version(name="c", version="1.32"),
    ):
        assert eks.describe_update(name="c", updateId=update["update"]["id"])["update"]["status"] == "Successful"
    after = eks.describe_cluster(name="c")["cluster"]
    assert after["resourcesVpcConfig"] == {**before, "endpointPrivateAccess": True}
    assert after["version"] == "1.32"


def nodegroup_details(client: Client) -> None:
    made = _nodegroup(client, instanceTypes=["m6i.large"])
    assert (made["version"], made["releaseVersion"].partition("-")[0]) == ("1.31", "1.31.0")
    assert "remoteAccess" not in made
    assert made["updateConfig"] == {"maxUnavailable": 1}


def nodegroup_update_config(client: Client) -> None:
    made = _nodegroup(client, updateConfig={"maxUnavailablePercentage": 33}, nodeRepairConfig={"enabled": True})
    assert made["updateConfig"] == {"maxUnavailablePercentage": 33}
    assert made["nodeRepairConfig"] == {"enabled": True}


def nodegroup_updates(client: Client) -> None:
    _nodegroup(client)
    eks = client("eks")
    for update in (
        eks.update_nodegroup_version(clusterName="c", nodegroupName="n", version="1.32"),
        eks.update_nodegroup_config(clusterName="c", nodegroupName="n", scalingConfig={"maxSize": 5}),
    ):
        found = eks.describe_update(name="c", nodegroupName="n", updateId=update["update"]["id"])["update"]
        assert found["status"] == "Successful"
    group = eks.describe_nodegroup(clusterName="c", nodegroupName="n")["nodegroup"]
    assert (group["version"], group["scalingConfig"]["maxSize"]) == ("1.32", 5)


def addons(client: Client) -> None:
    _cluster(client)
    eks = client("eks")
    made = eks.create_addon(clusterName="c", addonName="vpc-cni", configurationValues="{}", tags={"a": "b"})["addon"]
    assert (made["status"], made["tags"]) == ("ACTIVE", {"a": "b"})
    eks.update_addon(clusterName="c", addonName="vpc-cni", addonVersion="v2.0.0-eksbuild.1")
    found = eks.describe_addon(clusterName="c", addonName="vpc-cni")["addon"]
    assert (found["addonVersion"], found["configurationValues"]) == ("v2.0.0-eksbuild.1", "{}")
    eks.delete_addon(clusterName="c", addonName="vpc-cni")
    assert eks.list_addons(clusterName="c")["addons"] == []


def addon_versions(client: Client) -> None:
    found = client("eks").describe_addon_versions(addonName="coredns", kubernetesVersion="1.33")["addons"]
    assert found[0]["addonVersions"][0]["compatibilities"][0]["clusterVersion"] == "1.33"


def access_entries(client: Client) -> None:
    _cluster(client)
    eks = client("eks")
    made = eks.create_access_entry(clusterName="c", principalArn=ROLE)["accessEntry"]
    assert made["username"] == "arn:aws:sts::123456789012:assumed-role/x/{{SessionName}}"
    assert made["type"] == "STANDARD"
    found = eks.describe_access_entry(clusterName="c", principalArn=ROLE)["accessEntry"]
    assert found["accessEntryArn"] == made["accessEntryArn"]
    eks.delete_access_entry(clusterName="c", principalArn=ROLE)
    assert eks.list_access_entries(clusterName="c")["accessEntries"] == []


def access_policies(client: Client) -> None:
    _cluster(client)
    eks, policy = client("eks"), "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    eks.create_access_entry(clusterName="c", principalArn=ROLE)
    scope = {"type": "namespace", "namespaces": ["a"]}
    eks.associate_access_policy(clusterName="c", principalArn=ROLE, policyArn=policy, accessScope=scope)
    found = eks.list_associated_access_policies(clusterName="c", principalArn=ROLE)["associatedAccessPolicies"]
    assert [(one["policyArn"], one["accessScope"]) for one in found] == [(policy, scope)]
    eks.disassociate_access_policy(clusterName="c", principalArn=ROLE, policyArn=policy)
    assert not eks.list_associated_access_policies(clusterName="c", principalArn=ROLE)["associatedAccessPolicies"]


def pod_identities(client: Client) -> None:
    _cluster(client)
    eks, given = client("eks"), {"namespace": "n", "serviceAccount": "s"}
    made = eks.create_pod_identity_association(clusterName="c", roleArn=ROLE, **given)["association"]
    name = made["associationId"]
    found = eks.describe_pod_identity_association(clusterName="c", associationId=name)["association"]
    assert {key: found[key] for key in given} == given
    eks.delete_pod_identity_association(clusterName="c", associationId=name)
    assert eks.list_pod_identity_associations(clusterName="c")["associations"] == []


def tags_below_clusters(client: Client) -> None:
    arn = _nodegroup(client, tags={"old": "1"})["nodegroupArn"]
    eks = client("eks")
    eks.tag_resource(resourceArn=arn, tags={"new": "2", "newer": "3"})
    eks.untag_resource(resourceArn=arn, tagKeys=["old", "newer"])
    assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"new": "2"}


def unimplemented_operations(client: Client) -> None:
    granting = {"Arn": ROLE, "ServiceNamespaces": ["s3"]}
    for service, operation, given in (
        ("ec2", "describe_vpn_concentrators", {}),
        ("logs", "list_anomalies", {}),
        ("iam", "list_policies_granting_service_access", granting),
    ):
        try:
            getattr(client(service), operation)(**given)
        except client(service).exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "NotImplementedByEmulator"
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        else:
            raise AssertionError(f"moto implements it now: choose another operation of {service}")

"""The complete example, applied; what AWS says about it, asked with boto3."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

Aws = Callable[..., Any]


def document(value: Any) -> dict[str, Any]:
    """A policy document as IAM gives it: decoded by boto3, or still URL-encoded JSON."""
    decoded: dict[str, Any] = value if isinstance(value, dict) else json.loads(unquote(value))
    return decoded


def test_complete_cluster_is_what_aws_says(example: Any, aws: Aws) -> None:
    roles = example.output()["controller_role_arns"]
    assert_cluster(aws)
    assert_nodes(aws)
    assert_controllers(aws, roles)
    assert_access(aws)
    assert_addons(aws, roles)
    assert_a_resize_survives(example, aws)


def assert_cluster(aws: Aws) -> None:
    cluster = aws("eks").describe_cluster(name="complete")["cluster"]
    network = cluster["resourcesVpcConfig"]
    assert (network["endpointPrivateAccess"], network["endpointPublicAccess"]) == (True, True)
    assert network["publicAccessCidrs"] == ["198.51.100.0/24"]
    subnets = aws("ec2").describe_subnets(SubnetIds=network["subnetIds"])["Subnets"]
    assert {subnet["AvailabilityZone"] for subnet in subnets} == {"us-east-1a", "us-east-1b"}
    [encryption] = cluster["encryptionConfig"]
    key = aws("kms").describe_key(KeyId=encryption["provider"]["keyArn"])["KeyMetadata"]
    assert encryption["resources"] == ["secrets"]
    assert key["Enabled"]
    assert cluster["accessConfig"]["authenticationMode"] == "API"
    assert cluster["tags"] == {"Environment": "example", "Name": "complete", "Team": "platform"}
    [logs] = [row for row in cluster["logging"]["clusterLogging"] if row["enabled"]]
    assert sorted(logs["types"]) == ["api", "audit", "authenticator", "controllerManager", "scheduler"]
    [group] = aws("logs").describe_log_groups(logGroupNamePrefix="/aws/eks/complete/cluster")["logGroups"]
    assert group["retentionInDays"] == 30


def assert_nodes(aws: Aws) -> None:
    eks, ec2 = aws("eks"), aws("ec2")
    assert sorted(eks.list_nodegroups(clusterName="complete")["nodegroups"]) == ["batch", "general"]
    batch = eks.describe_nodegroup(clusterName="complete", nodegroupName="batch")["nodegroup"]
    assert batch["capacityType"] == "SPOT"
    assert batch["scalingConfig"] == {"desiredSize": 0, "maxSize": 10, "minSize": 0}
    assert batch["taints"] == [{"effect": "NO_SCHEDULE", "key": "batch", "value": "true"}]
    assert batch["labels"] == {"workload": "batch"}
    assert len(batch["subnets"]) == 1
    for name in ("batch", "general"):
        group = eks.describe_nodegroup(clusterName="complete", nodegroupName=name)["nodegroup"]
        template = group["launchTemplate"]
        [version] = ec2.describe_launch_template_versions(
            LaunchTemplateId=template["id"], Versions=[template["version"]]
        )["LaunchTemplateVersions"]
        data = version["LaunchTemplateData"]
        assert data["MetadataOptions"]["HttpTokens"] == "required"
        assert [disk["Ebs"]["Encrypted"] for disk in data["BlockDeviceMappings"]] == [True]
    attached = aws("iam").list_attached_role_policies(RoleName=batch["nodeRole"].rpartition("/")[2])
    assert len(attached["AttachedPolicies"]) == 4


def assert_controllers(aws: Aws, roles: dict[str, str]) -> None:
    iam = aws("iam")
    issuer = aws("eks").describe_cluster(name="complete")["cluster"]["identity"]["oidc"]["issuer"]
    [provider] = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    trusted = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
    assert trusted["ClientIDList"] == ["sts.amazonaws.com"]
    assert f"https://{trusted['Url'].removeprefix('https://')}" == issuer
    host = issuer.removeprefix("https://")
    accounts = {
        "cluster-autoscaler": "kube-system:cluster-autoscaler",
        "ebs-csi": "kube-system:ebs-csi-controller-sa",
        "external-dns": "external-dns:external-dns",
        "load-balancer-controller": "kube-system:aws-load-balancer-controller",
        "reports": "reports:reports",
    }
    assert sorted(roles) == sorted(accounts)
    for name, account in accounts.items():
        role = iam.get_role(RoleName=roles[name].rpartition("/")[2])["Role"]
        [statement] = document(role["AssumeRolePolicyDocument"])["Statement"]
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        assert statement["Principal"] == {"Federated": provider["Arn"]}
        assert statement["Condition"] == {
            "StringEquals": {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": f"system:serviceaccount:{account}"}
        }
    driver = iam.list_attached_role_policies(RoleName=roles["ebs-csi"].rpartition("/")[2])["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in driver] == ["AmazonEBSCSIDriverPolicy"]


def assert_access(aws: Aws) -> None:
    eks = aws("eks")
    entries = eks.list_access_entries(clusterName="complete")["accessEntries"]
    scopes = {}
    for principal in entries:
        rows = eks.list_associated_access_policies(clusterName="complete", principalArn=principal)
        [policy] = rows["associatedAccessPolicies"]
        scopes[principal.rpartition("/")[2]] = (policy["policyArn"].rpartition("/")[2], policy["accessScope"]["type"])
    assert scopes == {
        "eks-complete-developers": ("AmazonEKSViewPolicy", "namespace"),
        "eks-complete-operators": ("AmazonEKSClusterAdminPolicy", "cluster"),
    }


def assert_addons(aws: Aws, roles: dict[str, str]) -> None:
    eks = aws("eks")
    names = eks.list_addons(clusterName="complete")["addons"]
    assert sorted(names) == ["aws-ebs-csi-driver", "coredns", "kube-proxy", "vpc-cni"]
    driver = eks.describe_addon(clusterName="complete", addonName="aws-ebs-csi-driver")["addon"]
    assert driver["serviceAccountRoleArn"] == roles["ebs-csi"]


def assert_a_resize_survives(example: Any, aws: Aws) -> None:
    """The autoscaler makes a group larger; the next plan must leave it so."""
    aws("eks").update_nodegroup_config(
        clusterName="complete",
        nodegroupName="general",
        scalingConfig={"desiredSize": 3, "maxSize": 3, "minSize": 1},
    )
    assert example.plan_is_empty()

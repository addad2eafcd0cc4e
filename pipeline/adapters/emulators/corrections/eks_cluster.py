"""EKS clusters: what AWS fills in, and updates."""

from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.eks import urls
from moto.eks.responses import EKSResponse
from moto.moto_api._internal import mock_random

from pipeline.adapters.emulators.corrections.patching import AnswerError, add, wrap


def find_cluster(response: Any) -> Any:
    """The cluster that a request names; ResourceNotFoundException as moto answers it."""
    return response.eks_backend.describe_cluster(response._get_param("name") or response._get_param("clusterName"))


def not_found(message: str) -> AnswerError:
    """The answer for a part of a cluster that is not there."""
    return AnswerError("ResourceNotFoundException", message)


def record_update(cluster: Any, kind: str) -> ActionResult:
    """An update that is over: remembered for DescribeUpdate, and the answer of the call that started it."""
    update = {
        "id": str(mock_random.uuid4()),
        "status": "Successful",
        "type": kind,
        "params": [],
        "createdAt": utcnow(),
        "errors": [],
    }
    cluster.__dict__.setdefault("known_updates", {})[update["id"]] = update
    return ActionResult({"update": update})


def cluster_defaults() -> None:
    """CreateCluster fills in what AWS does: VPC, cluster security group, access, endpoints, its own issuer.

    Provider: aws_eks_cluster reads them as computed values; modules use the security group and the issuer
    (aws_iam_openid_connect_provider: one issuer for all clusters collides).
    AWS: EKS API Reference, VpcConfigResponse, AccessConfigResponse, UpgradePolicyResponse, OIDC.
    Until: needed on 5.2.5; ends when moto answers them.
    """

    def create_cluster(original: Any, self: Any) -> Any:
        answer = original(self)
        cluster = self.eks_backend.clusters[self._get_param("name")]
        ec2 = ec2_backends[self.current_account][self.region]
        network = cluster.resources_vpc_config
        network.setdefault("endpointPublicAccess", True)
        network.setdefault("endpointPrivateAccess", False)
        network.setdefault("publicAccessCidrs", ["0.0.0.0/0"])
        network.setdefault("securityGroupIds", [])
        subnets = network.get("subnetIds", [])
        if subnets:
            network["vpcId"] = ec2.get_subnet(subnets[0]).vpc_id
            group = ec2.create_security_group(
                f"eks-cluster-sg-{cluster.name}-{mock_random.get_random_string(8, lower_case=True)}",
                "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes",
                vpc_id=network["vpcId"],
            )
            network["clusterSecurityGroupId"] = group.id
        access = self._get_param("accessConfig") or {}
        cluster.access_config = {"authenticationMode": "CONFIG_MAP", **access}
        cluster.upgrade_policy = self._get_param("upgradePolicy") or {"supportType": "EXTENDED"}
        cluster.kubernetes_network_config = {
            "ipFamily": "ipv4",
            "serviceIpv4Cidr": "172.20.0.0/16",
            **cluster.kubernetes_network_config,
        }
        for attribute, parameter in (
            ("compute_config", "computeConfig"),
            ("storage_config", "storageConfig"),
            ("zonal_shift_config", "zonalShiftConfig"),
        ):
            if value := self._get_param(parameter):
                setattr(cluster, attribute, value)
        issuer = mock_random.get_random_hex(32).upper()
        cluster.identity = {"oidc": {"issuer": f"https://oidc.eks.{self.region}.amazonaws.com/id/{issuer}"}}
        return answer

    wrap(EKSResponse, "create_cluster", create_cluster)


def cluster_security_group_deleted() -> None:
    """DeleteCluster deletes the security group that CreateCluster made.

    Provider: aws_vpc cannot be destroyed while it is there; a leak check would name it.
    AWS: EKS User Guide, "View Amazon EKS security group requirements for clusters".
    Until: goes together with `cluster_defaults`.
    """

    def delete_cluster(original: Any, self: Any) -> Any:
        cluster = find_cluster(self)
        answer = original(self)
        group = cluster.resources_vpc_config.get("clusterSecurityGroupId")
        ec2 = ec2_backends[self.current_account][self.region]
        if group and ec2.get_security_group_from_id(group):
            ec2.delete_security_group(group_id=group)
        return answer

    wrap(EKSResponse, "delete_cluster", delete_cluster)


def cluster_updates() -> None:
    """UpdateClusterConfig merges, UpdateClusterVersion exists, both answer an update, DescribeUpdate finds it.

    Provider: aws_eks_cluster waits for the update's id to be Successful after each change.
    AWS: EKS API Reference, UpdateClusterConfig, UpdateClusterVersion, DescribeUpdate.
    Until: needed on 5.2.5 (answers the cluster, replaces the VPC configuration); ends with moto's own.
    """

    def update_cluster_config(self: Any) -> ActionResult:
        cluster = find_cluster(self)
        cluster.resources_vpc_config.update(self._get_param("resourcesVpcConfig") or {})
        cluster.access_config.update(self._get_param("accessConfig") or {})
        for attribute, parameter in (
            ("logging", "logging"),
            ("upgrade_policy", "upgradePolicy"),
            ("compute_config", "computeConfig"),
            ("storage_config", "storageConfig"),
            ("zonal_shift_config", "zonalShiftConfig"),
            ("remote_network_config", "remoteNetworkConfig"),
        ):
            if value := self._get_param(parameter):
                setattr(cluster, attribute, value)
        cluster.kubernetes_network_config.update(self._get_param("kubernetesNetworkConfig") or {})
        return record_update(cluster, "ConfigUpdate")

    def update_cluster_version(self: Any) -> ActionResult:
        cluster = find_cluster(self)
        cluster.version = self._get_param("version")
        return record_update(cluster, "VersionUpdate")

    def associate_encryption_config(self: Any) -> ActionResult:
        cluster = find_cluster(self)
        cluster.encryption_config = self._get_param("encryptionConfig")
        return record_update(cluster, "AssociateEncryptionConfig")

    def describe_update(self: Any) -> ActionResult:
        cluster, wanted = find_cluster(self), self._get_param("updateId")
        known = cluster.__dict__.get("known_updates", {})
        if wanted not in known:
            raise not_found(f"No update found for ID: {wanted}")
        return ActionResult({"update": known[wanted]})

    add(EKSResponse, update_cluster_config, update_cluster_version, associate_encryption_config, describe_update)


def operation_routes() -> None:
    """Every path reaches EKS's router, also those that moto lists no URL for.

    Provider: all EKS resources; a path without a URL answers an HTML 404, which reads as "not found".
    AWS: EKS API Reference, the request syntax of each operation.
    Until: needed on 5.2.5; ends when moto routes EKS by its service model alone.
    """
    urls.url_paths["{0}/(?P<anything>.+)$"] = EKSResponse.dispatch


CORRECTIONS = (operation_routes, cluster_defaults, cluster_security_group_deleted, cluster_updates)

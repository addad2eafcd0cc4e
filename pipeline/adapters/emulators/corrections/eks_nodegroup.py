"""EKS managed node groups: versions, launch templates, updates."""

from typing import Any

from moto.core.responses import ActionResult
from moto.eks.models import Nodegroup, eks_backends
from moto.eks.responses import EKSResponse

from pipeline.adapters.emulators.corrections.eks_cluster import find_cluster, record_update
from pipeline.adapters.emulators.corrections.patching import add, wrap

RELEASE = "20250101"
"""The AMI release of every node group here; AWS takes the newest."""


def nodegroup_details() -> None:
    """A node group has its cluster's version, a fitting AMI release, and no remote access that nobody asked for.

    Provider: aws_eks_node_group reads version, release_version, disk_size and remote_access back; moto's fixed
    ones replace the group in the second plan.
    AWS: EKS API Reference, Nodegroup: "If the node group was deployed with a launch template … diskSize … is
    null"; CreateNodegroup: version is the cluster's by default, updateConfig is one node at a time.
    Until: needed on 5.2.5; ends when moto answers these.
    """

    def init(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        cluster = eks_backends[kwargs["account_id"]][kwargs["region_name"]].clusters[kwargs["cluster_name"]]
        self.remote_access = kwargs.get("remote_access")
        if not self.remote_access:
            self.resources.pop("remoteAccessSecurityGroup", None)
        template = kwargs.get("launch_template") or {}
        if template:
            self.disk_size = kwargs.get("disk_size")
            if not kwargs.get("instance_types"):
                self.instance_types = None
        self.version = kwargs.get("version") or cluster.version
        self.release_version = kwargs.get("release_version") or f"{self.version}.0-{RELEASE}"
        self.update_config = self.update_config or {"maxUnavailable": 1}

    wrap(Nodegroup, "__init__", init)


def nodegroup_update_config() -> None:
    """CreateNodegroup keeps updateConfig and nodeRepairConfig.

    Provider: aws_eks_node_group with update_config or node_repair_config; without them each plan changes them.
    AWS: EKS API Reference, CreateNodegroup.
    Until: needed on 5.2.5 (the operation drops them); ends when moto hands them on.
    """

    def create_nodegroup(original: Any, self: Any) -> Any:
        answer = original(self)
        group = self.eks_backend.describe_nodegroup(self._get_param("name"), self._get_param("nodegroupName"))
        group.update_config = self._get_param("updateConfig") or group.update_config
        group.node_repair_config = self._get_param("nodeRepairConfig") or group.node_repair_config
        return answer

    wrap(EKSResponse, "create_nodegroup", create_nodegroup)


def nodegroup_updates() -> None:
    """UpdateNodegroupVersion exists, and DescribeUpdate finds the updates of node groups.

    Provider: aws_eks_node_group waits for the update after a change of labels, sizes, version or template.
    AWS: EKS API Reference, UpdateNodegroupVersion, UpdateNodegroupConfig, DescribeUpdate.
    Until: needed on 5.2.5; ends with moto's own.
    """

    def update_nodegroup_version(self: Any) -> ActionResult:
        cluster = find_cluster(self)
        group = self.eks_backend.describe_nodegroup(cluster.name, self._get_param("nodegroupName"))
        group.version = self._get_param("version") or group.version
        group.release_version = self._get_param("releaseVersion") or f"{group.version}.0-{RELEASE}"
        if template := self._get_param("launchTemplate"):
            group.launch_template = {**(group.launch_template or {}), **template}
        return record_update(cluster, "VersionUpdate")

    def update_nodegroup_config(original: Any, self: Any) -> ActionResult:
        original(self)
        return record_update(find_cluster(self), "ConfigUpdate")

    add(EKSResponse, update_nodegroup_version)
    wrap(EKSResponse, "update_nodegroup_config", update_nodegroup_config)


CORRECTIONS = (nodegroup_details, nodegroup_update_config, nodegroup_updates)

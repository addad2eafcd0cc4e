"""EKS tags of everything below a cluster."""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.eks.responses import EKSResponse

from pipeline.adapters.emulators.corrections.eks_cluster import not_found
from pipeline.adapters.emulators.corrections.patching import add


def _tags(response: Any, arn: str) -> dict[str, str]:
    """The tags of the cluster, node group, Fargate profile, add-on, access entry or pod identity with this ARN."""
    found: dict[str, str]
    for cluster in response.eks_backend.clusters.values():
        objects = [cluster, *cluster.nodegroups.values()]
        profiles = [(one.fargate_profile_arn, one.tags) for one in cluster.fargate_profiles.values()]
        records = [
            (one[key], one["tags"])
            for attribute, key in (
                ("known_addons", "addonArn"),
                ("known_access", "accessEntryArn"),
                ("known_pod_identities", "associationArn"),
            )
            for one in cluster.__dict__.get(attribute, {}).values()
        ]
        for name, tags in [*((one.arn, one.tags) for one in objects), *profiles, *records]:
            if name == arn:
                found = tags
                return found
    raise not_found(f"No resource found for ARN: {arn}")


def tags_below_clusters() -> None:
    """TagResource, UntagResource and ListTagsForResource know what belongs to a cluster.

    Provider: a change of tags (default_tags too) on aws_eks_node_group, aws_eks_addon, aws_eks_access_entry.
    AWS: EKS API Reference, TagResource: clusters, node groups, add-ons and so on.
    Until: needed on 5.2.5 (clusters alone); ends when moto tags them.
    """

    def tag_resource(self: Any) -> EmptyResult:
        _tags(self, self._extract_arn_from_path()).update(self._get_param("tags"))
        return EmptyResult()

    def untag_resource(self: Any) -> EmptyResult:
        tags = _tags(self, self._extract_arn_from_path())
        for key in self.querystring.get("tagKeys", []):
            tags.pop(key, None)
        return EmptyResult()

    def list_tags_for_resource(self: Any) -> ActionResult:
        return ActionResult({"tags": _tags(self, self._extract_arn_from_path())})

    add(EKSResponse, tag_resource, untag_resource, list_tags_for_resource)


CORRECTIONS = (tags_below_clusters,)

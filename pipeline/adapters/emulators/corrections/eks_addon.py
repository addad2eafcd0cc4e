"""EKS add-ons and their versions."""

from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.eks.responses import EKSResponse
from moto.moto_api._internal import mock_random

from pipeline.adapters.emulators.corrections.eks_cluster import find_cluster, not_found, record_update
from pipeline.adapters.emulators.corrections.patching import AnswerError, add

DEFAULT_VERSIONS = {
    "aws-ebs-csi-driver": "v1.38.1-eksbuild.1",
    "coredns": "v1.11.3-eksbuild.1",
    "eks-pod-identity-agent": "v1.3.4-eksbuild.1",
    "kube-proxy": "v1.31.2-eksbuild.3",
    "metrics-server": "v0.7.2-eksbuild.1",
    "vpc-cni": "v1.19.0-eksbuild.1",
}
"""What stands for "the default version" and "the newest version" of an add-on."""

SETTABLE = ("addonVersion", "serviceAccountRoleArn", "configurationValues")


def _addons(response: Any) -> dict[str, dict[str, Any]]:
    cluster = find_cluster(response)
    addons: dict[str, dict[str, Any]] = cluster.__dict__.setdefault("known_addons", {})
    return addons


def _addon(response: Any) -> dict[str, Any]:
    name = response._get_param("addonName")
    addons = _addons(response)
    if name not in addons:
        raise not_found(f"No addon: {name} found in cluster: {find_cluster(response).name}")
    return addons[name]


def addons() -> None:
    """Create, describe, update, delete and list add-ons; they are ACTIVE at once.

    Provider: aws_eks_addon.
    AWS: EKS API Reference, Addon, CreateAddon, UpdateAddon, DeleteAddon, ListAddons.
    Until: needed on 5.2.5 (not implemented); ends with moto's own.
    """

    def create_addon(self: Any) -> ActionResult:
        cluster, name = find_cluster(self), self._get_param("addonName")
        known = _addons(self)
        if name in known:
            raise AnswerError("ResourceInUseException", "Addon already exists.")
        arn = cluster.arn.replace(":cluster/", ":addon/")
        known[name] = {
            "addonName": name,
            "clusterName": cluster.name,
            "status": "ACTIVE",
            "health": {"issues": []},
            "addonArn": f"{arn}/{name}/{mock_random.uuid4()}",
            "addonVersion": DEFAULT_VERSIONS.get(name, "v1.0.0-eksbuild.1"),
            "createdAt": utcnow(),
            "modifiedAt": utcnow(),
            "tags": self._get_param("tags") or {},
            "podIdentityAssociations": [],
            **{key: value for key in SETTABLE if (value := self._get_param(key))},
        }
        return ActionResult({"addon": known[name]})

    def describe_addon(self: Any) -> ActionResult:
        return ActionResult({"addon": _addon(self)})

    def update_addon(self: Any) -> ActionResult:
        given = {key: value for key in SETTABLE if (value := self._get_param(key)) is not None}
        _addon(self).update(given, modifiedAt=utcnow())
        return record_update(find_cluster(self), "AddonUpdate")

    def delete_addon(self: Any) -> ActionResult:
        gone = _addons(self).pop(_addon(self)["addonName"])
        return ActionResult({"addon": {**gone, "status": "DELETING"}})

    def list_addons(self: Any) -> ActionResult:
        return ActionResult({"addons": sorted(_addons(self))})

    add(EKSResponse, create_addon, describe_addon, update_addon, delete_addon, list_addons)


def addon_versions() -> None:
    """DescribeAddonVersions answers one version of each common add-on, the default one.

    Provider: data aws_eks_addon_version, and modules that take the newest.
    AWS: EKS API Reference, DescribeAddonVersions.
    Until: needed on 5.2.5 (not implemented); ends with moto's own.
    """

    def describe_addon_versions(self: Any) -> ActionResult:
        name, kubernetes = self._get_param("addonName"), self._get_param("kubernetesVersion") or "1.31"
        fits = {"clusterVersion": kubernetes, "platformVersions": ["*"], "defaultVersion": True}
        return ActionResult(
            {
                "addons": [
                    {
                        "addonName": addon,
                        "type": "networking",
                        "addonVersions": [
                            {"addonVersion": version, "architecture": ["amd64"], "compatibilities": [fits]}
                        ],
                    }
                    for addon, version in DEFAULT_VERSIONS.items()
                    if name in (None, addon)
                ]
            }
        )

    add(EKSResponse, describe_addon_versions)


CORRECTIONS = (addons, addon_versions)

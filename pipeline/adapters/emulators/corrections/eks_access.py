"""EKS access: access entries, their policies, pod identities."""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.eks.responses import EKSResponse
from moto.moto_api._internal import mock_random

from pipeline.adapters.emulators.corrections.eks_cluster import find_cluster, not_found
from pipeline.adapters.emulators.corrections.patching import AnswerError, add


def _entries(response: Any) -> dict[str, dict[str, Any]]:
    entries: dict[str, dict[str, Any]] = find_cluster(response).__dict__.setdefault("known_access", {})
    return entries


def _entry(response: Any) -> dict[str, Any]:
    principal, entries = response._get_param("principalArn"), _entries(response)
    if principal not in entries:
        raise not_found(f"The specified principalArn could not be found: {principal}")
    return entries[principal]


def _policies(response: Any) -> list[dict[str, Any]]:
    principal = _entry(response)["principalArn"]
    known: dict[str, list[dict[str, Any]]] = find_cluster(response).__dict__.setdefault("known_access_policies", {})
    return known.setdefault(principal, [])


def access_entries() -> None:
    """Create, describe, update, delete and list access entries.

    Provider: aws_eks_access_entry; modules that let the creator or a role administer the cluster.
    AWS: EKS API Reference, AccessEntry, CreateAccessEntry (type STANDARD and the user name are filled in).
    Until: needed on 5.2.5 (not implemented); ends with moto's own.
    """

    def create_access_entry(self: Any) -> ActionResult:
        cluster, principal = find_cluster(self), self._get_param("principalArn")
        entries = _entries(self)
        if principal in entries:
            text = "The specified access entry resource is already in use on this cluster."
            raise AnswerError("ResourceInUseException", text)
        assumed = principal.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
        user = principal if ":user/" in principal else f"{assumed}/{{{{SessionName}}}}"
        kind, _, name = principal.split(":")[5].partition("/")
        arn = f"{cluster.arn.replace(':cluster/', ':access-entry/')}/{kind}/{self.current_account}/{name}"
        entries[principal] = {
            "clusterName": cluster.name,
            "principalArn": principal,
            "kubernetesGroups": self._get_param("kubernetesGroups") or [],
            "accessEntryArn": f"{arn}/{mock_random.uuid4()}",
            "createdAt": utcnow(),
            "modifiedAt": utcnow(),
            "tags": self._get_param("tags") or {},
            "username": self._get_param("username") or user,
            "type": self._get_param("type") or "STANDARD",
        }
        return ActionResult({"accessEntry": entries[principal]})

    def describe_access_entry(self: Any) -> ActionResult:
        return ActionResult({"accessEntry": _entry(self)})

    def update_access_entry(self: Any) -> ActionResult:
        entry = _entry(self)
        for key in ("kubernetesGroups", "username"):
            if (value := self._get_param(key)) is not None:
                entry[key] = value
        return ActionResult({"accessEntry": entry})

    def delete_access_entry(self: Any) -> EmptyResult:
        _policies(self).clear()
        _entries(self).pop(_entry(self)["principalArn"])
        return EmptyResult()

    def list_access_entries(self: Any) -> ActionResult:
        return ActionResult({"accessEntries": sorted(_entries(self))})

    add(
        EKSResponse,
        create_access_entry,
        describe_access_entry,
        update_access_entry,
        delete_access_entry,
        list_access_entries,
    )


def access_policies() -> None:
    """Associate, list and disassociate access policies of an entry.

    Provider: aws_eks_access_policy_association.
    AWS: EKS API Reference, AssociateAccessPolicy, ListAssociatedAccessPolicies, DisassociateAccessPolicy.
    Until: needed on 5.2.5 (not implemented); ends with moto's own.
    """

    def associate_access_policy(self: Any) -> ActionResult:
        policies, arn = _policies(self), self._get_param("policyArn")
        policy = {"policyArn": arn, "accessScope": self._get_param("accessScope")}
        policy |= {"associatedAt": utcnow(), "modifiedAt": utcnow()}
        policies[:] = [one for one in policies if one["policyArn"] != arn] + [policy]
        named = {"clusterName": find_cluster(self).name, "principalArn": _entry(self)["principalArn"]}
        return ActionResult({**named, "associatedAccessPolicy": policy})

    def list_associated_access_policies(self: Any) -> ActionResult:
        named = {"clusterName": find_cluster(self).name, "principalArn": _entry(self)["principalArn"]}
        return ActionResult({**named, "associatedAccessPolicies": _policies(self)})

    def disassociate_access_policy(self: Any) -> EmptyResult:
        policies, arn = _policies(self), self._get_param("policyArn")
        if arn not in [one["policyArn"] for one in policies]:
            raise not_found(f"The specified policyArn could not be found: {arn}")
        policies[:] = [one for one in policies if one["policyArn"] != arn]
        return EmptyResult()

    add(EKSResponse, associate_access_policy, list_associated_access_policies, disassociate_access_policy)


def pod_identities() -> None:
    """Create, describe, update, delete and list pod identity associations.

    Provider: aws_eks_pod_identity_association.
    AWS: EKS API Reference, PodIdentityAssociation.
    Until: needed on 5.2.5 (not implemented); ends with moto's own.
    """

    def associations(response: Any) -> dict[str, dict[str, Any]]:
        known: dict[str, dict[str, Any]] = find_cluster(response).__dict__.setdefault("known_pod_identities", {})
        return known

    def association(response: Any) -> dict[str, Any]:
        known, wanted = associations(response), response._get_param("associationId")
        if wanted not in known:
            raise not_found(f"Association {wanted} not found")
        return known[wanted]

    def create_pod_identity_association(self: Any) -> ActionResult:
        cluster, known = find_cluster(self), associations(self)
        keys = ("namespace", "serviceAccount", "roleArn")
        given = {key: self._get_param(key) for key in keys}
        if any(all(one[key] == given[key] for key in keys[:2]) for one in known.values()):
            raise AnswerError("ResourceInUseException", "Association already exists")
        name = f"a-{mock_random.get_random_string(17, lower_case=True)}"
        arn = f"{cluster.arn.replace(':cluster/', ':podidentityassociation/')}/{name}"
        known[name] = {
            "clusterName": cluster.name,
            "associationId": name,
            "associationArn": arn,
            "tags": self._get_param("tags") or {},
            "createdAt": utcnow(),
            "modifiedAt": utcnow(),
            **given,
        }
        return ActionResult({"association": known[name]})

    def describe_pod_identity_association(self: Any) -> ActionResult:
        return ActionResult({"association": association(self)})

    def update_pod_identity_association(self: Any) -> ActionResult:
        association(self)["roleArn"] = self._get_param("roleArn") or association(self)["roleArn"]
        return ActionResult({"association": association(self)})

    def delete_pod_identity_association(self: Any) -> ActionResult:
        return ActionResult({"association": associations(self).pop(association(self)["associationId"])})

    def list_pod_identity_associations(self: Any) -> ActionResult:
        return ActionResult({"associations": list(associations(self).values())})

    add(
        EKSResponse,
        create_pod_identity_association,
        describe_pod_identity_association,
        update_pod_identity_association,
        delete_pod_identity_association,
        list_pod_identity_associations,
    )


CORRECTIONS = (access_entries, access_policies, pod_identities)

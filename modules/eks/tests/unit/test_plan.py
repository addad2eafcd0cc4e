"""What only a whole plan shows: references between examples and module, and no action on everything."""

import json
from collections.abc import Callable
from typing import Any


def planned(plan: Any) -> dict[str, dict[str, Any]]:
    """Address → values after."""
    return {row["address"]: row["change"]["after"] for row in plan["resource_changes"]}


def test_minimal_example_makes_a_private_cluster_and_no_nodes(terraform: Callable[..., Any]) -> None:
    resources = planned(terraform("minimal").plan())
    [network] = resources["module.eks.aws_eks_cluster.this"]["vpc_config"]
    assert network["endpoint_private_access"] is True
    assert network["endpoint_public_access"] is False
    assert not [address for address in resources if "node_group" in address or "launch_template" in address]


def test_complete_example_takes_a_key_whose_arn_is_not_known_yet(terraform: Callable[..., Any]) -> None:
    """`secrets_key` is an object so that this plans: whether a key is given is known before its ARN is."""
    resources = planned(terraform("complete").plan())
    assert "aws_kms_key.cluster" in resources
    assert not [address for address in resources if address.startswith("module.eks.aws_kms")]


def test_complete_example_never_allows_an_action_on_everything(terraform: Callable[..., Any]) -> None:
    resources = planned(terraform("complete").plan())
    policies = {
        a: json.loads(r["policy"]) for a, r in resources.items() if ".aws_iam_role_policy." in a and "policy" in r
    }
    assert len(policies) >= 4
    wildcards = {
        (address, action)
        for address, policy in policies.items()
        for statement in policy["Statement"]
        for action in [statement["Action"]] * isinstance(statement["Action"], str) or statement["Action"]
        if action == "*" or action.endswith(":*")
    }
    assert wildcards == set()


def test_addons_get_the_role_of_their_controller(terraform: Callable[..., Any]) -> None:
    plan = terraform("complete").plan()
    unknown = {row["address"]: row["change"]["after_unknown"] for row in plan["resource_changes"]}
    assert unknown['module.eks.aws_eks_addon.this["aws-ebs-csi-driver"]']["service_account_role_arn"] is True
    assert "service_account_role_arn" not in unknown['module.eks.aws_eks_addon.this["coredns"]']


def test_what_the_autoscaler_did_is_not_undone(terraform: Callable[..., Any]) -> None:
    """The configuration as Terraform read it: `desired_size` is ignored after creation."""
    plan = terraform("complete").plan()
    module = plan["configuration"]["root_module"]["module_calls"]["eks"]["module"]
    [group] = [r for r in module["resources"] if r["address"] == "aws_eks_node_group.this"]
    assert {"aws_eks_addon.before_nodes", "aws_iam_role_policy_attachment.node"} <= set(group["depends_on"])

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


def test_complete_example_refers_to_what_is_not_known_yet(terraform: Callable[..., Any]) -> None:
    """`secrets_key` is an object so that this plans: whether a key is given is known before its ARN is."""
    plan = terraform("complete").plan()
    resources = planned(plan)
    assert "aws_kms_key.cluster" in resources
    assert not [address for address in resources if address.startswith("module.eks.aws_kms")]
    assert_no_action_on_everything(resources)
    assert_addons_get_roles(plan)
    assert_nodes_come_last(plan)


def assert_no_action_on_everything(resources: dict[str, dict[str, Any]]) -> None:
    policies = {
        address: json.loads(values["policy"])
        for address, values in resources.items()
        if ".aws_iam_role_policy." in address and "policy" in values
    }
    actions = {
        (address, action)
        for address, policy in policies.items()
        for statement in policy["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert len(policies) >= 4
    assert not [row for row in actions if row[1] == "*" or row[1].endswith(":*")]


def assert_addons_get_roles(plan: Any) -> None:
    unknown = {row["address"]: row["change"]["after_unknown"] for row in plan["resource_changes"]}
    assert unknown['module.eks.aws_eks_addon.this["aws-ebs-csi-driver"]']["service_account_role_arn"] is True
    assert "service_account_role_arn" not in unknown['module.eks.aws_eks_addon.this["coredns"]']


def assert_nodes_come_last(plan: Any) -> None:
    """Nodes wait for their network and their permissions: nothing else in the plan shows the order."""
    module = plan["configuration"]["root_module"]["module_calls"]["eks"]["module"]
    waits = {r["address"]: set(r.get("depends_on", ())) for r in module["resources"]}
    assert waits["aws_eks_node_group.this"] == {"aws_eks_addon.before_nodes", "aws_iam_role_policy_attachment.node"}
    assert waits["aws_eks_addon.this"] == {"aws_eks_node_group.this"}
    assert waits["aws_eks_cluster.this"] == {
        "aws_cloudwatch_log_group.this",
        "aws_iam_role_policy.cluster_secrets",
        "aws_iam_role_policy_attachment.cluster",
    }

"""What the whole plan shows: tags on everything, names and tiers handed down, defaults left to the parts."""

import json
from collections.abc import Callable
from typing import Any

NETWORK = {"cidr": "10.0.0.0/16", "zones": ["us-east-1a", "us-east-1b"]}
IMAGE = {"image_id": "ami-0123456789abcdef0"}

Terraform = Callable[..., Any]


def planned(plan: Any) -> dict[str, dict[str, Any]]:
    """Address → values after, of what is managed."""
    return {row["address"]: row["change"]["after"] for row in plan["resource_changes"] if row["mode"] == "managed"}


def test_complete_example_is_tagged_throughout(terraform: Terraform) -> None:
    resources = planned(terraform("complete").plan())
    assert_everything_has_the_tags(resources)
    assert_subnets_are_marked_for_load_balancers(resources)


def assert_everything_has_the_tags(resources: dict[str, dict[str, Any]]) -> None:
    wanted = {("Environment", "complete"), ("Team", "platform")}
    wrong = {
        address: values["tags"]
        for address, values in resources.items()
        if "tags" in values and not wanted <= {*(values["tags"] or {}).items()}
    }
    assert len(resources) > 60
    assert wrong == {}


def assert_subnets_are_marked_for_load_balancers(resources: dict[str, dict[str, Any]]) -> None:
    tags = [r["tags"] for a, r in resources.items() if ".aws_subnet." in a]
    marks = {row["Tier"]: {key for key in row if key.startswith("kubernetes.io/")} for row in tags}
    assert marks == {
        "database": set(),
        "private": {"kubernetes.io/role/internal-elb"},
        "public": {"kubernetes.io/role/elb"},
    }


def test_alone_subnets_have_only_the_tags_they_were_given_and_labels_are_in_the_record(terraform: Terraform) -> None:
    network = {**NETWORK, "subnets": {"private": {"tags": {"Zone": "inner"}}}}
    plan = terraform(name="plain", labels={"owner": "b"}, vpc=network).plan()
    tags = [r["tags"] for a, r in planned(plan).items() if ".aws_subnet." in a]
    assert len(tags) == 2
    assert all(set(row) == {"Environment", "Name", "Tier", "Zone"} for row in tags)
    assert_nothing_but_the_record_uses_labels(plan)


def assert_nothing_but_the_record_uses_labels(plan: Any) -> None:
    """The record's value is not known before the apply; what it is made of is."""
    module = plan["configuration"]["root_module"]
    users = [r["address"] for r in module["resources"] if "var.labels" in json.dumps(r)]
    calls = [
        name for name, call in module["module_calls"].items() if "var.labels" in json.dumps(call.get("expressions"))
    ]
    assert (users, calls) == (["aws_ssm_parameter.record"], [])


ROLE = "arn:aws:iam::123456789012:role/team"
KEY = "arn:aws:kms:us-east-1:123456789012:key/0"
EKS = {
    "access_entries": {"team": {"policies": {"AmazonEKSViewPolicy": {}}, "principal_arn": ROLE}},
    "addons": {"coredns": {}},
    "controllers": {"ebs-csi": {}},
    "endpoint": {"public_cidrs": ["198.51.100.0/24"]},
    "kubernetes_version": "1.32",
    "logs": {"retention_days": 30},
    "node_groups": {"general": {"max": 5}},
    "secrets_key": {"arn": KEY},
}
GROUP = {
    "alarms": {"busy": {"metric": "CPUUtilization", "threshold": 90}},
    "listeners": {"plain": {"port": 80, "protocol": "HTTP", "target_group": "http"}},
    "load_balancer": {"allowed_cidrs": ["10.0.0.0/16"], "idle_timeout": 90},
    "scaling": {"max": 4, "min": 2, "policies": {"cpu": {"target": 60}}},
    "servers": {**IMAGE, "instance_type": "m7i.large"},
    "target_groups": {"http": {"port": 8080}},
}


def test_the_cluster_and_a_group_get_every_input(terraform: Terraform) -> None:
    network = {**NETWORK, "nat": "one"}
    resources = planned(terraform(name="plain", eks=EKS, server_groups={"web": GROUP}, vpc=network).plan())
    assert_cluster_has_every_input(resources)
    assert_group_has_every_input(resources)


def assert_cluster_has_every_input(resources: dict[str, dict[str, Any]]) -> None:
    part = {a.removeprefix("module.eks[0]."): r for a, r in resources.items() if a.startswith("module.eks[0].")}
    cluster = part["aws_eks_cluster.this"]
    assert cluster["version"] == "1.32"
    assert cluster["vpc_config"][0]["public_access_cidrs"] == ["198.51.100.0/24"]
    assert cluster["encryption_config"][0]["provider"][0]["key_arn"] == KEY
    assert part["aws_cloudwatch_log_group.this[0]"]["retention_in_days"] == 30
    assert part['aws_eks_node_group.this["general"]']["scaling_config"][0]["max_size"] == 5
    assert {a for a in part if a.startswith("aws_eks_addon")} == {'aws_eks_addon.this["coredns"]'}
    assert 'aws_iam_role.controller["ebs-csi"]' in part
    assert 'aws_eks_access_policy_association.this["team/AmazonEKSViewPolicy"]' in part


def assert_group_has_every_input(resources: dict[str, dict[str, Any]]) -> None:
    prefix = 'module.server_group["web"].'
    part = {a.removeprefix(prefix).partition(".")[0]: r for a, r in resources.items() if a.startswith(prefix)}
    assert part["aws_launch_template"]["instance_type"] == "m7i.large"
    assert (part["aws_autoscaling_group"]["min_size"], part["aws_autoscaling_group"]["max_size"]) == (2, 4)
    assert part["aws_autoscaling_policy"]["target_tracking_configuration"][0]["target_value"] == 60
    assert (part["aws_lb"]["idle_timeout"], part["aws_lb"]["internal"]) == (90, True)
    assert part["aws_lb_listener"]["port"] == 80
    assert part["aws_lb_target_group"]["port"] == 8080
    assert part["aws_cloudwatch_metric_alarm"]["threshold"] == 90

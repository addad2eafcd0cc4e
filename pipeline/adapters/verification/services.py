"""What AWS says of a stack: a CloudWatch alarm, the targets of a load balancer, an EKS cluster.

Promise: what AWS does not know or is still busy with is inconclusive; only what it calls bad has failed.
"""

from typing import Any

from pipeline.adapters.verification.place import Place
from pipeline.domain.promotion.work import CheckVerdict
from pipeline.domain.settings import Check

Said = tuple[CheckVerdict, str]
BUSY_TARGETS = {"initial", "draining", "unavailable"}
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html"""
BAD_CLUSTER = {"FAILED", "DELETING"}
BAD_NODES = {"DEGRADED", "CREATE_FAILED", "DELETE_FAILED", "DELETING"}
"""https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html"""


def check_alarm(check: Check, place: Place) -> Said:
    """The state of the alarm `name`: OK passes, ALARM fails, anything else (also no alarm) is inconclusive."""
    name = place.filled(check.name)
    alarms = place.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    if not alarms:
        return CheckVerdict.INCONCLUSIVE, f"there is no alarm {name}"
    state = alarms[0]["StateValue"]
    if state == "OK":
        return CheckVerdict.PASSED, ""
    if state == "ALARM":
        return CheckVerdict.FAILED, f"alarm {name} is in ALARM: {alarms[0].get('StateReason', '')}"
    return CheckVerdict.INCONCLUSIVE, f"alarm {name} is {state}"


def check_targets(check: Check, place: Place) -> Said:
    """The target group `name` (or its ARN): every target healthy passes, an unhealthy one fails; targets that are
    still coming or going, and a group without any, are inconclusive."""
    name, client = place.filled(check.name), place.client("elbv2")
    arn = name
    if not name.startswith("arn:"):
        groups = client.describe_target_groups(Names=[name])["TargetGroups"]
        arn = groups[0]["TargetGroupArn"]
    targets = client.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    if not targets:
        return CheckVerdict.INCONCLUSIVE, f"target group {name} has no target"
    states = {_target(one): one["TargetHealth"]["State"] for one in targets}
    bad = [f"{target} is {state}" for target, state in states.items() if state not in {"healthy", *BUSY_TARGETS}]
    busy = [f"{target} is {state}" for target, state in states.items() if state in BUSY_TARGETS]
    if bad:
        return CheckVerdict.FAILED, f"target group {name}: {', '.join(bad)}"
    return (CheckVerdict.INCONCLUSIVE, f"target group {name}: {', '.join(busy)}") if busy else (CheckVerdict.PASSED, "")


def _target(told: Any) -> str:
    target = told["Target"]
    return f"{target['Id']}:{target['Port']}" if "Port" in target else str(target["Id"])


def check_cluster(check: Check, place: Place) -> Said:
    """The EKS cluster `name` and its node groups: all ACTIVE and without health issues passes; failed, degraded or
    ailing fails; what is being created or updated is inconclusive."""
    name, client = place.filled(check.name), place.client("eks")
    cluster = client.describe_cluster(name=name)["cluster"]
    parts = [(f"cluster {name}", cluster, BAD_CLUSTER)]
    for group in client.get_paginator("list_nodegroups").paginate(clusterName=name).search("nodegroups"):
        nodes = client.describe_nodegroup(clusterName=name, nodegroupName=group)["nodegroup"]
        parts.append((f"node group {group}", nodes, BAD_NODES))
    bad: list[str] = []
    busy: list[str] = []
    for title, part, worst in parts:
        issues = "; ".join(issue.get("message") or issue["code"] for issue in part.get("health", {}).get("issues", ()))
        if part["status"] in worst or issues:
            bad.append(f"{title} is {part['status']}" + (f": {issues}" if issues else ""))
        elif part["status"] != "ACTIVE":
            busy.append(f"{title} is {part['status']}")
    if bad:
        return CheckVerdict.FAILED, "; ".join(bad)
    return (CheckVerdict.INCONCLUSIVE, "; ".join(busy)) if busy else (CheckVerdict.PASSED, "")

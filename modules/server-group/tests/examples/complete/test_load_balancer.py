"""What AWS says of the complete example: who reaches the load balancer, what it answers, whom it reaches."""

from typing import Any


def test_the_complete_example(example: Any, aws: Any) -> None:
    ec2, elb, scaling = aws("ec2"), aws("elbv2"), aws("autoscaling")

    balancers = {one["LoadBalancerName"]: one for one in elb.describe_load_balancers()["LoadBalancers"]}
    web, ingest = balancers["complete-web"], balancers["complete-ingest"]
    assert web["Type"] == "application"
    assert web.get("Scheme", "internet-facing") == "internet-facing"  # moto leaves AWS's default out
    assert (ingest["Scheme"], ingest["Type"]) == ("internal", "network")
    assert example.output()["address"] == web["DNSName"]

    said = elb.describe_load_balancer_attributes(LoadBalancerArn=web["LoadBalancerArn"])["Attributes"]
    attributes = {one["Key"]: one["Value"] for one in said}
    assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert attributes["access_logs.s3.enabled"] == "true"
    assert attributes["access_logs.s3.prefix"] == "web"

    listeners = {
        one["Port"]: one for one in elb.describe_listeners(LoadBalancerArn=web["LoadBalancerArn"])["Listeners"]
    }
    assert {port: one["Protocol"] for port, one in listeners.items()} == {80: "HTTP", 443: "HTTPS", 8443: "HTTPS"}
    assert listeners[443]["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert listeners[80]["DefaultActions"][0]["RedirectConfig"]["Protocol"] == "HTTPS"
    assert listeners[8443]["DefaultActions"][0]["FixedResponseConfig"]["StatusCode"] == "503"
    rules = elb.describe_rules(ListenerArn=listeners[443]["ListenerArn"])["Rules"]
    assert [rule["Priority"] for rule in rules if not rule["IsDefault"]] == ["10"]

    [group] = ec2.describe_security_groups(GroupIds=web["SecurityGroups"])["SecurityGroups"]
    openings = {rule["FromPort"]: [block["CidrIp"] for block in rule["IpRanges"]] for rule in group["IpPermissions"]}
    assert openings == {80: ["0.0.0.0/0"], 443: ["0.0.0.0/0"], 8443: ["0.0.0.0/0"]}
    targets = {
        (rule["FromPort"], pair["GroupId"])
        for rule in group["IpPermissionsEgress"]
        for pair in rule["UserIdGroupPairs"]
    }
    assert not [block for rule in group["IpPermissionsEgress"] for block in rule["IpRanges"]]

    [servers] = {sg for _, sg in targets}
    assert {port for port, _ in targets} == {8080, 8081, 9090}
    [inside] = ec2.describe_security_groups(GroupIds=[servers])["SecurityGroups"]
    let_in = {
        rule["FromPort"]: [pair["GroupId"] for pair in rule["UserIdGroupPairs"]]
        or [b["CidrIp"] for b in rule["IpRanges"]]
        for rule in inside["IpPermissions"]
    }
    mine = [group["GroupId"]]
    assert let_in == {8080: mine, 8081: mine, 9090: mine, 9100: ["10.31.0.0/16"]}

    groups = {one["TargetGroupName"]: one for one in elb.describe_target_groups()["TargetGroups"]}
    app = next(one for name, one in groups.items() if name.startswith("complete-web-app"))
    assert (app["HealthCheckPath"], app["HealthCheckPort"]) == ("/health", "8081")
    healthy = elb.describe_target_health(TargetGroupArn=app["TargetGroupArn"])["TargetHealthDescriptions"]
    [fleet] = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["complete-web"])["AutoScalingGroups"]
    assert {one["Target"]["Id"] for one in healthy} == {one["InstanceId"] for one in fleet["Instances"]}
    assert fleet["HealthCheckType"] == "ELB"
    assert scaling.describe_warm_pool(AutoScalingGroupName="complete-web")["WarmPoolConfiguration"]["MinSize"] == 1

    tracked = scaling.describe_policies(AutoScalingGroupName="complete-web")["ScalingPolicies"]
    assert {one["PolicyName"] for one in tracked} == {"complete-web-cpu", "complete-web-requests"}
    alarms = {one["AlarmName"] for one in aws("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert {f"complete-web-{name}" for name in ("busy", "errors", "few", "unhealthy")} <= alarms

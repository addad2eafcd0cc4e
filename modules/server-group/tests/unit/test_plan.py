"""What a plan by the real provider shows: null where nothing was said, tags everywhere, the parts apart."""

from typing import Any

SERVERS = {"image_id": "ami-0123456789abcdef0", "subnet_ids": ["subnet-0a"]}
BALANCER = {"subnet_ids": ["subnet-0a", "subnet-0b"]}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
VPC = "vpc-0123456789abcdef0"


def planned(plan: dict[str, Any], kind: str = "") -> dict[str, dict[str, Any]]:
    """Address → planned values of the managed resources (of one type)."""
    return {
        change["address"]: change["change"]["after"]
        for change in plan["resource_changes"]
        if change["mode"] == "managed" and kind in ("", change["type"])
    }


def test_servers_alone(terraform: Any) -> None:
    plan = terraform(name="unit", vpc_id=VPC, servers=SERVERS).plan()
    assert not planned(plan, "aws_lb")
    assert not planned(plan, "aws_vpc_security_group_ingress_rule")
    [template] = planned(plan, "aws_launch_template").values()
    assert template["key_name"] is None
    assert template["user_data"] is None
    [group] = planned(plan, "aws_autoscaling_group").values()
    assert group["warm_pool"] == []


def test_a_load_balancer_alone(terraform: Any) -> None:
    plan = terraform(name="unit", vpc_id=VPC, load_balancer=BALANCER).plan()
    assert sorted(planned(plan)) == ['aws_lb.this["this"]', 'aws_security_group.load_balancer["this"]']
    [balancer] = planned(plan, "aws_lb").values()
    assert balancer["access_logs"] == []


def test_plain_listeners_have_no_tls_policy(terraform: Any) -> None:
    listeners = {
        "http": {"port": 80, "redirect_to": 443},
        "inside": {"port": 8080, "protocol": "HTTP", "target_group": "app"},
        "https": {
            "port": 443,
            "certificate_arn": CERTIFICATE,
            "target_group": "app",
            "ssl_policy": "ELBSecurityPolicy-TLS13-1-3-2021-06",
        },
    }
    subject = terraform(
        name="unit", vpc_id=VPC, load_balancer=BALANCER, listeners=listeners, target_groups={"app": {"port": 8080}}
    )
    found = planned(subject.plan(), "aws_lb_listener")
    assert found['aws_lb_listener.redirect["http"]'].get("ssl_policy") is None
    assert found['aws_lb_listener.this["inside"]'].get("ssl_policy") is None
    assert found['aws_lb_listener.this["https"]']["ssl_policy"] == "ELBSecurityPolicy-TLS13-1-3-2021-06"


def test_a_network_load_balancer_has_no_settings_of_an_application_one(terraform: Any) -> None:
    subject = terraform(
        name="unit",
        vpc_id=VPC,
        load_balancer={"subnet_ids": ["subnet-0a"], "type": "nlb"},
        target_groups={"raw": {"port": 9000}},
    )
    plan = subject.plan()
    [balancer] = planned(plan, "aws_lb").values()
    assert balancer["drop_invalid_header_fields"] is None or balancer["drop_invalid_header_fields"] is False
    [check] = next(v for a, v in planned(plan, "aws_lb_target_group").items())["health_check"]
    assert check.get("path") is None and check.get("matcher") is None


def test_everything_is_tagged(terraform: Any) -> None:
    """Also what the tests of single features forget: whatever the plan makes and AWS can tag."""
    subject = terraform(
        name="unit",
        vpc_id=VPC,
        servers={**SERVERS, "ingress": {"ssh": {"cidr": "10.0.0.0/8", "port": 22}}, "key_name": "ops"},
        load_balancer={**BALANCER, "allowed_cidrs": ["10.0.0.0/8"]},
        target_groups={"app": {"port": 8080}},
        listeners={
            "http": {"port": 80, "redirect_to": 443},
            "https": {
                "port": 443,
                "certificate_arn": CERTIFICATE,
                "target_group": "app",
                "rules": {"api": {"priority": 1, "paths": ["/api/*"], "target_group": "app"}},
            },
        },
        scaling={"policies": {"cpu": {"target": 60}}},
        alarms={"busy": {"metric": "CPUUtilization", "threshold": 90}},
        tags={"Team": "platform"},
    )
    resources = planned(subject.plan())
    without = {"aws_autoscaling_group", "aws_autoscaling_policy", "aws_iam_role_policy_attachment"}
    untagged = {
        address
        for address, after in resources.items()
        if address.split(".")[0] not in without and (after.get("tags") or {}).get("Team") != "platform"
    }
    assert not untagged
    tags = {tag["key"]: tag for tag in resources['aws_autoscaling_group.this["this"]']["tag"]}
    assert tags["Team"]["value"] == "platform"
    assert all(tag["propagate_at_launch"] for tag in tags.values())

# Load balancers: alone, and in front of the servers; who may reach whom. Mocked applies.
mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_resource "aws_iam_instance_profile" {
    defaults = { arn = "arn:aws:iam::123456789012:instance-profile/mocked" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mocked" }
  }

  mock_resource "aws_launch_template" {
    defaults = { id = "lt-0123456789abcdef0", latest_version = 7 }
  }

  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/unit/50dc6c495c0c9188", arn_suffix = "app/unit/50dc6c495c0c9188" }
  }

  mock_resource "aws_lb_listener" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/unit/50dc6c495c0c9188/f2f7dc8efc522ab2" }
  }

  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/unit/6d0ecf831eec9f09", arn_suffix = "targetgroup/unit/6d0ecf831eec9f09" }
  }
}

variables {
  name          = "unit"
  vpc_id        = "vpc-0123456789abcdef0"
  load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
  tags          = { Team = "platform" }
}

run "alone_and_closed" {
  command = apply

  assert {
    condition     = aws_lb.this["this"].internal && aws_lb.this["this"].load_balancer_type == "application"
    error_message = "An ALB inside the VPC, unless asked otherwise."
  }

  assert {
    condition     = aws_lb.this["this"].enable_deletion_protection && aws_lb.this["this"].drop_invalid_header_fields && aws_lb.this["this"].enable_cross_zone_load_balancing
    error_message = "Protected from deletion and from malformed headers, serving all zones alike."
  }

  assert {
    condition     = aws_lb.this["this"].idle_timeout == 60 && aws_lb.this["this"].subnets == toset(["subnet-0a", "subnet-0b"]) && aws_lb.this["this"].name == "unit"
    error_message = "In the subnets that were given."
  }

  assert {
    condition     = aws_lb.this["this"].security_groups == toset([aws_security_group.load_balancer["this"].id]) && aws_security_group.load_balancer["this"].vpc_id == "vpc-0123456789abcdef0"
    error_message = "It has its own security group."
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.listener) + length(aws_vpc_security_group_egress_rule.target) == 0
    error_message = "Nobody reaches it and it reaches nobody until somebody says so."
  }

  assert {
    condition     = length(aws_autoscaling_group.this) + length(aws_launch_template.this) + length(aws_iam_role.this) + length(aws_iam_role_policy_attachment.this) + length(aws_security_group.servers) == 0 && output.servers == null
    error_message = "A load balancer alone brings no servers."
  }

  assert {
    condition     = output.load_balancer.arn == aws_lb.this["this"].arn && output.load_balancer.dns_name == aws_lb.this["this"].dns_name && output.load_balancer.zone_id == aws_lb.this["this"].zone_id && output.load_balancer.security_group_id == aws_security_group.load_balancer["this"].id && output.load_balancer.name == "unit"
    error_message = "The load balancer is handed out."
  }

  assert {
    condition     = aws_lb.this["this"].tags["Team"] == "platform" && aws_security_group.load_balancer["this"].tags["Team"] == "platform"
    error_message = "It must carry the tags."
  }
}

run "in_front_of_servers" {
  command = apply

  variables {
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }

    load_balancer = {
      access_logs         = { bucket = "records", prefix = "web" }
      allowed_cidrs       = ["0.0.0.0/0", "10.0.0.0/8"]
      deletion_protection = false
      idle_timeout        = 120
      internal            = false
      subnet_ids          = ["subnet-0a", "subnet-0b"]
    }

    target_groups = {
      api = { port = 9090, protocol = "HTTPS", attach = false, security_groups = { api = "sg-0123456789abcdef0" } }
      app = {
        port                 = 8080
        deregistration_delay = 30
        health_check         = { healthy_threshold = 2, interval = 10, matcher = "200-299", path = "/health", port = 8081, timeout = 4, unhealthy_threshold = 2 }
      }
    }

    listeners = {
      closed = {
        certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
        fixed_response  = { message = "back soon", status_code = 503 }
        port            = 8443
      }
      http = { port = 80, redirect_to = 443 }
      https = {
        certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
        port            = 443
        rules = {
          hosts = { hosts = ["api.example.org"], priority = 10, target_group = "api" }
          paths = { paths = ["/v1/*"], priority = 20, target_group = "api" }
        }
        target_group = "app"
      }
    }

    scaling = { max = 3, policies = { requests = { metric = "ALBRequestCountPerTarget", target = 500, target_group = "app" } } }

    alarms = {
      errors    = { metric = "HTTPCode_ELB_5XX_Count", of = "load_balancer", threshold = 10 }
      unhealthy = { metric = "UnHealthyHostCount", of = "target_group", target_group = "app", threshold = 1 }
    }
  }

  assert {
    condition     = !aws_lb.this["this"].internal && !aws_lb.this["this"].enable_deletion_protection && aws_lb.this["this"].idle_timeout == 120
    error_message = "The load balancer must be as it was given."
  }

  assert {
    condition     = aws_lb.this["this"].access_logs[0].bucket == "records" && aws_lb.this["this"].access_logs[0].prefix == "web" && aws_lb.this["this"].access_logs[0].enabled
    error_message = "Access logs must go to the bucket."
  }

  assert {
    condition     = aws_lb_listener.redirect["http"].protocol == "HTTP" && aws_lb_listener.redirect["http"].default_action[0].type == "redirect" && aws_lb_listener.redirect["http"].default_action[0].redirect[0].protocol == "HTTPS" && aws_lb_listener.redirect["http"].default_action[0].redirect[0].port == "443"
    error_message = "Plain HTTP only sends to HTTPS."
  }

  assert {
    condition     = aws_lb_listener.redirect["http"].port == 80 && aws_lb_listener.redirect["http"].default_action[0].redirect[0].status_code == "HTTP_301"
    error_message = "The redirect listens on its port."
  }

  assert {
    condition     = aws_lb_listener.this["https"].protocol == "HTTPS" && aws_lb_listener.this["https"].ssl_policy == "ELBSecurityPolicy-TLS13-1-2-2021-06" && aws_lb_listener.this["https"].certificate_arn == var.listeners["https"].certificate_arn
    error_message = "HTTPS speaks TLS 1.2 or newer."
  }

  assert {
    condition     = aws_lb_listener.this["https"].default_action[0].type == "forward" && aws_lb_listener.this["https"].default_action[0].target_group_arn == aws_lb_target_group.this["app"].arn && aws_lb_listener.this["https"].port == 443
    error_message = "The listener forwards to its target group."
  }

  assert {
    condition     = aws_lb_listener.this["closed"].default_action[0].type == "fixed-response" && aws_lb_listener.this["closed"].default_action[0].fixed_response[0].status_code == "503" && aws_lb_listener.this["closed"].default_action[0].fixed_response[0].message_body == "back soon" && aws_lb_listener.this["closed"].default_action[0].fixed_response[0].content_type == "text/plain"
    error_message = "The fixed response must be as it was given."
  }

  assert {
    condition     = aws_lb_listener_rule.this["https/hosts"].priority == 10 && one(aws_lb_listener_rule.this["https/hosts"].condition).host_header[0].values == toset(["api.example.org"])
    error_message = "A rule sends hosts."
  }

  assert {
    condition     = aws_lb_listener_rule.this["https/paths"].priority == 20 && one(aws_lb_listener_rule.this["https/paths"].condition).path_pattern[0].values == toset(["/v1/*"])
    error_message = "A rule sends paths."
  }

  assert {
    condition     = alltrue([for rule in values(aws_lb_listener_rule.this) : rule.action[0].type == "forward" && rule.action[0].target_group_arn == aws_lb_target_group.this["api"].arn])
    error_message = "Rules forward to their target group."
  }

  assert {
    condition     = aws_lb_target_group.this["app"].protocol == "HTTP" && aws_lb_target_group.this["app"].port == 8080 && aws_lb_target_group.this["app"].deregistration_delay == "30" && aws_lb_target_group.this["app"].vpc_id == "vpc-0123456789abcdef0" && aws_lb_target_group.this["app"].target_type == "instance"
    error_message = "The target group must be as it was given."
  }

  assert {
    condition     = aws_lb_target_group.this["api"].protocol == "HTTPS" && aws_lb_target_group.this["api"].health_check[0].protocol == "HTTPS" && aws_lb_target_group.this["api"].health_check[0].port == "traffic-port"
    error_message = "Health checks follow protocol and port of the traffic."
  }

  assert {
    condition     = aws_lb_target_group.this["app"].health_check[0].path == "/health" && aws_lb_target_group.this["app"].health_check[0].port == "8081" && aws_lb_target_group.this["app"].health_check[0].matcher == "200-299" && aws_lb_target_group.this["app"].health_check[0].interval == 10 && aws_lb_target_group.this["app"].health_check[0].timeout == 4 && aws_lb_target_group.this["app"].health_check[0].healthy_threshold == 2 && aws_lb_target_group.this["app"].health_check[0].unhealthy_threshold == 2 && aws_lb_target_group.this["app"].health_check[0].enabled
    error_message = "The health check must be as it was given."
  }

  assert {
    condition = {
      for key, rule in aws_vpc_security_group_ingress_rule.listener : key => "${rule.cidr_ipv4} ${rule.ip_protocol} ${rule.from_port}-${rule.to_port}" if rule.security_group_id == aws_security_group.load_balancer["this"].id
      } == {
      "closed/0.0.0.0/0"  = "0.0.0.0/0 tcp 8443-8443"
      "closed/10.0.0.0/8" = "10.0.0.0/8 tcp 8443-8443"
      "http/0.0.0.0/0"    = "0.0.0.0/0 tcp 80-80"
      "http/10.0.0.0/8"   = "10.0.0.0/8 tcp 80-80"
      "https/0.0.0.0/0"   = "0.0.0.0/0 tcp 443-443"
      "https/10.0.0.0/8"  = "10.0.0.0/8 tcp 443-443"
    }
    error_message = "Each block reaches each listener and nothing else."
  }

  assert {
    condition = {
      for key, rule in aws_vpc_security_group_egress_rule.target : key => "${rule.ip_protocol} ${rule.from_port}-${rule.to_port}" if rule.security_group_id == aws_security_group.load_balancer["this"].id
    } == { "api/traffic/api" = "tcp 9090-9090", "app/health/servers" = "tcp 8081-8081", "app/traffic/servers" = "tcp 8080-8080" }
    error_message = "The load balancer reaches its targets and nothing else."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.target["api/traffic/api"].referenced_security_group_id == "sg-0123456789abcdef0" && aws_vpc_security_group_egress_rule.target["app/traffic/servers"].referenced_security_group_id == aws_security_group.servers["this"].id
    error_message = "The load balancer reaches the groups of its targets."
  }

  assert {
    condition = {
      for key, rule in aws_vpc_security_group_ingress_rule.target : key => "${rule.ip_protocol} ${rule.from_port}-${rule.to_port}" if rule.security_group_id == aws_security_group.servers["this"].id && rule.referenced_security_group_id == aws_security_group.load_balancer["this"].id
    } == { "app/health" = "tcp 8081-8081", "app/traffic" = "tcp 8080-8080" }
    error_message = "The servers let in the load balancer and nobody else."
  }

  assert {
    condition     = aws_autoscaling_group.this["this"].health_check_type == "ELB" && length(aws_autoscaling_group.this["this"].target_group_arns) == 1
    error_message = "The group joins the target groups with attach."
  }

  assert {
    condition     = aws_autoscaling_policy.this["requests"].target_tracking_configuration[0].predefined_metric_specification[0].resource_label == "app/unit/50dc6c495c0c9188/targetgroup/unit/6d0ecf831eec9f09"
    error_message = "Requests are counted for the target group."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["errors"].dimensions == tomap({ LoadBalancer = "app/unit/50dc6c495c0c9188" }) && aws_cloudwatch_metric_alarm.this["errors"].namespace == "AWS/ApplicationELB"
    error_message = "The alarm watches the load balancer."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["unhealthy"].dimensions == tomap({ LoadBalancer = "app/unit/50dc6c495c0c9188", TargetGroup = "targetgroup/unit/6d0ecf831eec9f09" })
    error_message = "The alarm watches the target group."
  }

  assert {
    condition     = keys(output.listener_arns) == ["closed", "http", "https"] && keys(output.target_group_arns) == ["api", "app"]
    error_message = "Listeners and target groups are found by name."
  }

  assert {
    condition = alltrue([
      for thing in concat(
        values(aws_lb_listener.this), values(aws_lb_listener.redirect), values(aws_lb_listener_rule.this),
        values(aws_lb_target_group.this), values(aws_cloudwatch_metric_alarm.this),
        values(aws_vpc_security_group_ingress_rule.listener), values(aws_vpc_security_group_egress_rule.target),
        values(aws_vpc_security_group_ingress_rule.target),
      ) : thing.tags["Team"] == "platform" && startswith(thing.tags["Name"], "unit-")
    ])
    error_message = "Everything must carry the tags and a Name that begins with the module's."
  }
}

run "names_that_give_way" {
  command = plan

  variables {
    target_groups = {
      app                               = { port = 8080 }
      a_name_much_longer_than_aws_likes = { port = 8080 }
    }
  }

  assert {
    condition     = alltrue([for group in values(aws_lb_target_group.this) : length(group.name) <= 32])
    error_message = "AWS takes 32 characters."
  }

  assert {
    condition     = alltrue([for group in values(aws_lb_target_group.this) : can(regex("^[a-z0-9][a-z0-9-]*[a-z0-9]$", group.name))])
    error_message = "AWS takes letters, digits and hyphens."
  }
}

run "another_port_is_another_name" {
  command = plan

  variables {
    target_groups = { app = { port = 8081 } }
  }

  assert {
    condition     = aws_lb_target_group.this["app"].name != run.names_that_give_way.target_group_names["app"]
    error_message = "The new target group must be able to stand beside the old one."
  }
}

run "network_load_balancer" {
  command = apply

  variables {
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }

    load_balancer = { allowed_cidrs = ["10.0.0.0/8"], subnet_ids = ["subnet-0a"], type = "nlb" }
    target_groups = {
      raw    = { port = 9000 }
      secure = { port = 9001, protocol = "TLS", health_check = { protocol = "HTTP" } }
      syslog = { port = 514, protocol = "UDP" }
    }
    listeners = {
      raw    = { port = 9000, target_group = "raw" }
      secure = { certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555", port = 9001, protocol = "TLS", target_group = "secure" }
      syslog = { port = 514, protocol = "UDP", target_group = "syslog" }
    }
    alarms = { flows = { metric = "ActiveFlowCount", of = "load_balancer", threshold = 1000 } }
  }

  assert {
    condition     = aws_lb.this["this"].load_balancer_type == "network"
    error_message = "An NLB was asked for."
  }

  assert {
    condition     = { for name, listener in aws_lb_listener.this : name => listener.protocol } == { raw = "TCP", secure = "TLS", syslog = "UDP" }
    error_message = "Listeners speak TCP, TLS or UDP."
  }

  assert {
    condition     = aws_lb_listener.this["secure"].ssl_policy == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    error_message = "TLS 1.2 or newer."
  }

  assert {
    condition     = { for name, group in aws_lb_target_group.this : name => "${group.protocol} ${group.health_check[0].protocol}" } == { raw = "TCP TCP", secure = "TLS HTTP", syslog = "UDP TCP" }
    error_message = "Health checks are TCP unless asked otherwise."
  }

  assert {
    condition     = aws_lb_target_group.this["secure"].health_check[0].path == "/" && aws_lb_target_group.this["secure"].health_check[0].matcher == "200"
    error_message = "HTTP checks ask for a path."
  }

  assert {
    condition = { for key, rule in aws_vpc_security_group_ingress_rule.target : key => "${rule.ip_protocol} ${rule.from_port}" } == {
      "raw/traffic"    = "tcp 9000"
      "secure/traffic" = "tcp 9001"
      "syslog/health"  = "tcp 514"
      "syslog/traffic" = "udp 514"
    }
    error_message = "Servers let in the traffic, and health checks of UDP by TCP."
  }

  assert {
    condition     = { for key, rule in aws_vpc_security_group_ingress_rule.listener : key => "${rule.ip_protocol} ${rule.from_port}" } == { "raw/10.0.0.0/8" = "tcp 9000", "secure/10.0.0.0/8" = "tcp 9001", "syslog/10.0.0.0/8" = "udp 514" }
    error_message = "Blocks reach listeners by their protocol."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["flows"].namespace == "AWS/NetworkELB"
    error_message = "The alarm watches the NLB."
  }
}

run "plain_http_inside" {
  command = plan

  variables {
    target_groups = { app = { port = 8080 } }
    listeners     = { http = { port = 80, protocol = "HTTP", target_group = "app" } }
  }

  assert {
    condition     = aws_lb_listener.this["http"].protocol == "HTTP"
    error_message = "Inside a VPC plain HTTP can be asked for."
  }
}

run "redirect_over_tls" {
  command = plan

  variables {
    listeners = {
      old = {
        certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
        port            = 8443
        protocol        = "HTTPS"
        redirect_to     = 443
      }
    }
  }

  assert {
    condition     = aws_lb_listener.redirect["old"].protocol == "HTTPS" && aws_lb_listener.redirect["old"].certificate_arn == var.listeners["old"].certificate_arn
    error_message = "A port that moved can be redirected over TLS."
  }

  assert {
    condition     = aws_lb_listener.redirect["old"].ssl_policy == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    error_message = "TLS 1.2 or newer."
  }
}

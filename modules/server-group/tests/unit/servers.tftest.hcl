# Servers without a load balancer: launch template, group, role, what may come in and go out. Mocked applies.
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
  name    = "unit"
  vpc_id  = "vpc-0123456789abcdef0"
  servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a", "subnet-0b"] }
  tags    = { Team = "platform" }
}

run "servers_are_safe_by_default" {
  command = apply

  assert {
    condition     = aws_launch_template.this["this"].metadata_options[0].http_tokens == "required" && aws_launch_template.this["this"].metadata_options[0].http_put_response_hop_limit == 1
    error_message = "Only IMDSv2, and only from the server itself."
  }

  assert {
    condition     = aws_launch_template.this["this"].block_device_mappings[0].ebs[0].encrypted == "true" && aws_launch_template.this["this"].block_device_mappings[0].device_name == "/dev/xvda"
    error_message = "The root volume must be encrypted."
  }

  assert {
    condition     = aws_launch_template.this["this"].block_device_mappings[0].ebs[0].volume_size == 8 && aws_launch_template.this["this"].block_device_mappings[0].ebs[0].volume_type == "gp3" && aws_launch_template.this["this"].block_device_mappings[0].ebs[0].delete_on_termination == "true"
    error_message = "The root volume is a small gp3 that goes with its server."
  }

  assert {
    condition     = aws_launch_template.this["this"].image_id == "ami-0123456789abcdef0" && aws_launch_template.this["this"].instance_type == "t3.micro"
    error_message = "The image that was given, on a small server."
  }

  assert {
    condition     = aws_launch_template.this["this"].vpc_security_group_ids == toset([aws_security_group.servers["this"].id])
    error_message = "Servers have their own security group only."
  }

  assert {
    condition     = aws_launch_template.this["this"].iam_instance_profile[0].arn == aws_iam_instance_profile.this["this"].arn && aws_iam_instance_profile.this["this"].role == aws_iam_role.this["this"].name
    error_message = "Servers must carry their role."
  }

  assert {
    condition     = aws_launch_template.this["this"].monitoring[0].enabled && aws_launch_template.this["this"].ebs_optimized == "true" && aws_launch_template.this["this"].update_default_version
    error_message = "Metrics every minute, full bandwidth to volumes, and the newest version as default."
  }

  assert {
    condition     = aws_security_group.servers["this"].vpc_id == "vpc-0123456789abcdef0"
    error_message = "The security group must be of the VPC that was given."
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.servers) + length(aws_vpc_security_group_ingress_rule.target) == 0
    error_message = "Nobody comes in unasked."
  }

  assert {
    condition = alltrue([
      for key, rule in aws_vpc_security_group_egress_rule.servers :
      key == "https" && rule.from_port == 443 && rule.to_port == 443 && rule.ip_protocol == "tcp" && rule.cidr_ipv4 == "0.0.0.0/0" && rule.security_group_id == aws_security_group.servers["this"].id
    ]) && length(aws_vpc_security_group_egress_rule.servers) == 1
    error_message = "Only HTTPS goes out."
  }

  assert {
    condition     = [for name, link in aws_iam_role_policy_attachment.this : link.policy_arn if link.role == aws_iam_role.this["this"].name] == ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"]
    error_message = "The role lets Session Manager in and nothing more."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this["this"].assume_role_policy).Statement[0].Principal == { Service = "ec2.amazonaws.com" }
    error_message = "Only instances may take the role."
  }
}

run "the_group_is_complete" {
  command = apply

  assert {
    condition     = aws_autoscaling_group.this["this"].name == "unit" && aws_autoscaling_group.this["this"].min_size == 1 && aws_autoscaling_group.this["this"].max_size == 1
    error_message = "One server unless more are asked for."
  }

  assert {
    condition     = aws_autoscaling_group.this["this"].vpc_zone_identifier == toset(["subnet-0a", "subnet-0b"])
    error_message = "The group stands in the subnets that were given."
  }

  assert {
    condition     = aws_autoscaling_group.this["this"].health_check_type == "EC2" && aws_autoscaling_group.this["this"].health_check_grace_period == 300
    error_message = "Without a load balancer the instance's own checks count."
  }

  assert {
    condition     = aws_autoscaling_group.this["this"].launch_template[0].id == aws_launch_template.this["this"].id && aws_autoscaling_group.this["this"].launch_template[0].version == "7"
    error_message = "A numbered version of the template, or a change would not refresh the servers."
  }

  assert {
    condition     = aws_autoscaling_group.this["this"].instance_refresh[0].strategy == "Rolling" && aws_autoscaling_group.this["this"].instance_refresh[0].preferences[0].auto_rollback
    error_message = "Servers are replaced step by step, and back when that fails."
  }

  assert {
    condition     = aws_autoscaling_group.this["this"].instance_refresh[0].preferences[0].min_healthy_percentage == 90 && aws_autoscaling_group.this["this"].instance_refresh[0].preferences[0].skip_matching
    error_message = "Nine of ten servers stay while they are replaced; those that match stay all the time."
  }

  assert {
    condition     = length(aws_autoscaling_group.this["this"].warm_pool) == 0
    error_message = "The warm pool is off."
  }

  assert {
    condition     = contains(aws_autoscaling_group.this["this"].enabled_metrics, "GroupInServiceInstances")
    error_message = "Alarms on the group need its metrics."
  }

  assert {
    condition = {
      for tag in aws_autoscaling_group.this["this"].tag : tag.key => tag.value if tag.propagate_at_launch
    } == { Name = "unit", Team = "platform" }
    error_message = "Servers must carry the tags."
  }

  assert {
    condition     = aws_launch_template.this["this"].tag_specifications[0].resource_type == "volume" && aws_launch_template.this["this"].tag_specifications[0].tags == tomap({ Name = "unit", Team = "platform" })
    error_message = "Volumes must carry the tags."
  }

  assert {
    condition = alltrue([
      for thing in [
        aws_launch_template.this["this"], aws_security_group.servers["this"], aws_iam_role.this["this"],
        aws_iam_instance_profile.this["this"], aws_vpc_security_group_egress_rule.servers["https"],
      ] : thing.tags["Team"] == "platform" && startswith(thing.tags["Name"], "unit")
    ])
    error_message = "Everything must carry the tags and a Name that begins with the module's."
  }

  assert {
    condition = output.servers == {
      group_arn          = aws_autoscaling_group.this["this"].arn
      group_name         = "unit"
      launch_template_id = "lt-0123456789abcdef0"
      role_name          = aws_iam_role.this["this"].name
      security_group_id  = aws_security_group.servers["this"].id
    }
    error_message = "The servers are handed out."
  }

  assert {
    condition     = output.load_balancer == null && output.listener_arns == {} && output.target_group_arns == {} && output.alarm_arns == {} && output.scaling_policy_arns == {}
    error_message = "What was not asked for is not there."
  }
}

run "servers_as_they_are_asked_for" {
  command = apply

  variables {
    servers = {
      image_id           = "ami-0123456789abcdef0"
      subnet_ids         = ["subnet-0a"]
      egress             = { dns = { cidr = "10.0.0.2/32", port = 53, protocol = "udp" } }
      health_check_grace = 60
      ingress = {
        metrics = { cidr = "10.0.0.0/8", port = 9100 }
        peers   = { port = 7000, protocol = "udp", security_group_id = "sg-0123456789abcdef0" }
      }
      instance_type = "m7i.large"
      key_name      = "operators"
      policy_arns   = { logs = "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy" }
      refresh       = { auto_rollback = false, min_healthy_percentage = 50, warmup = 120 }
      root_volume = {
        device_name = "/dev/sda1"
        kms_key_id  = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
        size        = 50
      }
      user_data = "#!/bin/sh\n"
      warm_pool = { max_prepared = 3, min_size = 1, state = "Hibernated" }
    }
  }

  assert {
    condition     = aws_launch_template.this["this"].instance_type == "m7i.large" && aws_launch_template.this["this"].key_name == "operators" && base64decode(aws_launch_template.this["this"].user_data) == "#!/bin/sh\n"
    error_message = "Type, key and user data must reach the template."
  }

  assert {
    condition     = aws_launch_template.this["this"].block_device_mappings[0].device_name == "/dev/sda1" && aws_launch_template.this["this"].block_device_mappings[0].ebs[0].volume_size == 50 && aws_launch_template.this["this"].block_device_mappings[0].ebs[0].kms_key_id == var.servers.root_volume.kms_key_id
    error_message = "The volume's device, size and key must reach the template."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.servers["metrics"].cidr_ipv4 == "10.0.0.0/8" && aws_vpc_security_group_ingress_rule.servers["metrics"].from_port == 9100 && aws_vpc_security_group_ingress_rule.servers["metrics"].to_port == 9100 && aws_vpc_security_group_ingress_rule.servers["metrics"].ip_protocol == "tcp"
    error_message = "The block comes in by its port."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.servers["peers"].referenced_security_group_id == "sg-0123456789abcdef0" && aws_vpc_security_group_ingress_rule.servers["peers"].ip_protocol == "udp" && aws_vpc_security_group_ingress_rule.servers["peers"].security_group_id == aws_security_group.servers["this"].id
    error_message = "The security group comes in by its port."
  }

  assert {
    condition     = keys(aws_vpc_security_group_egress_rule.servers) == ["dns"] && aws_vpc_security_group_egress_rule.servers["dns"].ip_protocol == "udp" && aws_vpc_security_group_egress_rule.servers["dns"].cidr_ipv4 == "10.0.0.2/32"
    error_message = "Egress replaces the default."
  }

  assert {
    condition     = aws_iam_role_policy_attachment.this["logs"].policy_arn == "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy" && length(aws_iam_role_policy_attachment.this) == 2
    error_message = "Policies are added to the role."
  }

  assert {
    condition     = aws_autoscaling_group.this["this"].health_check_grace_period == 60
    error_message = "The grace period must be the one that was given."
  }

  assert {
    condition     = !aws_autoscaling_group.this["this"].instance_refresh[0].preferences[0].auto_rollback && aws_autoscaling_group.this["this"].instance_refresh[0].preferences[0].min_healthy_percentage == 50 && aws_autoscaling_group.this["this"].instance_refresh[0].preferences[0].instance_warmup == "120"
    error_message = "The refresh must be as it was given."
  }

  assert {
    condition     = aws_autoscaling_group.this["this"].warm_pool[0].pool_state == "Hibernated" && aws_autoscaling_group.this["this"].warm_pool[0].min_size == 1 && aws_autoscaling_group.this["this"].warm_pool[0].max_group_prepared_capacity == 3
    error_message = "The warm pool must be as it was given."
  }
}

run "behind_a_load_balancer_made_elsewhere" {
  command = apply

  variables {
    servers = {
      image_id          = "ami-0123456789abcdef0"
      subnet_ids        = ["subnet-0a"]
      target_group_arns = { shared = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shared/1234567890abcdef" }
    }
  }

  assert {
    condition     = aws_autoscaling_group.this["this"].target_group_arns == toset(["arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shared/1234567890abcdef"])
    error_message = "The group must join the target group."
  }

  assert {
    condition     = aws_autoscaling_group.this["this"].health_check_type == "ELB"
    error_message = "Behind a load balancer its health checks count."
  }
}

run "scaling_by_load" {
  command = apply

  variables {
    scaling = { max = 6, min = 2, policies = { cpu = { target = 60 }, net = { metric = "ASGAverageNetworkIn", target = 1000000 } } }
  }

  assert {
    condition     = aws_autoscaling_group.this["this"].min_size == 2 && aws_autoscaling_group.this["this"].max_size == 6
    error_message = "The group has the size that was given."
  }

  assert {
    condition     = aws_autoscaling_policy.this["cpu"].policy_type == "TargetTrackingScaling" && aws_autoscaling_policy.this["cpu"].autoscaling_group_name == aws_autoscaling_group.this["this"].name && aws_autoscaling_policy.this["cpu"].name == "unit-cpu"
    error_message = "The policy follows a target, for this group."
  }

  assert {
    condition     = aws_autoscaling_policy.this["cpu"].target_tracking_configuration[0].target_value == 60 && aws_autoscaling_policy.this["cpu"].target_tracking_configuration[0].predefined_metric_specification[0].predefined_metric_type == "ASGAverageCPUUtilization"
    error_message = "The default metric is the processor's load."
  }

  assert {
    condition     = aws_autoscaling_policy.this["net"].target_tracking_configuration[0].predefined_metric_specification[0].predefined_metric_type == "ASGAverageNetworkIn" && aws_autoscaling_policy.this["net"].target_tracking_configuration[0].predefined_metric_specification[0].resource_label == null
    error_message = "The metric must be the one that was given."
  }

  assert {
    condition     = keys(output.scaling_policy_arns) == ["cpu", "net"]
    error_message = "Policies are found by name."
  }
}

run "alarms_on_servers" {
  command = apply

  variables {
    alarms = {
      busy = { metric = "CPUUtilization", threshold = 90 }
      few = {
        actions            = ["arn:aws:sns:eu-west-1:123456789012:oncall"]
        comparison         = "LessThanThreshold"
        evaluation_periods = 5
        metric             = "GroupInServiceInstances"
        missing_data       = "breaching"
        namespace          = "AWS/AutoScaling"
        period             = 300
        statistic          = "Minimum"
        threshold          = 2
      }
    }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["busy"].dimensions == tomap({ AutoScalingGroupName = "unit" }) && aws_cloudwatch_metric_alarm.this["busy"].namespace == "AWS/EC2" && aws_cloudwatch_metric_alarm.this["busy"].metric_name == "CPUUtilization"
    error_message = "The alarm watches the servers of the group."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["busy"].comparison_operator == "GreaterThanOrEqualToThreshold" && aws_cloudwatch_metric_alarm.this["busy"].threshold == 90 && aws_cloudwatch_metric_alarm.this["busy"].evaluation_periods == 3 && aws_cloudwatch_metric_alarm.this["busy"].period == 60 && aws_cloudwatch_metric_alarm.this["busy"].statistic == "Average" && aws_cloudwatch_metric_alarm.this["busy"].treat_missing_data == "missing"
    error_message = "Three minutes above the threshold ring."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["few"].alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:oncall"]) && aws_cloudwatch_metric_alarm.this["few"].ok_actions == toset(["arn:aws:sns:eu-west-1:123456789012:oncall"])
    error_message = "Alarm and recovery are told."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["few"].namespace == "AWS/AutoScaling" && aws_cloudwatch_metric_alarm.this["few"].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.this["few"].evaluation_periods == 5 && aws_cloudwatch_metric_alarm.this["few"].period == 300 && aws_cloudwatch_metric_alarm.this["few"].statistic == "Minimum" && aws_cloudwatch_metric_alarm.this["few"].treat_missing_data == "breaching"
    error_message = "The alarm must be as it was given."
  }

  assert {
    condition     = keys(output.alarm_arns) == ["busy", "few"] && aws_cloudwatch_metric_alarm.this["few"].alarm_name == "unit-few"
    error_message = "Alarms are found by name."
  }
}

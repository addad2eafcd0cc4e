output "alarm_arns" {
  description = "Alarms by name."
  value       = { for name, alarm in aws_cloudwatch_metric_alarm.this : name => alarm.arn }
}

output "listener_arns" {
  description = "Listeners by name."
  value       = { for name, listener in merge(aws_lb_listener.redirect, aws_lb_listener.this) : name => listener.arn }
}

output "load_balancer" {
  description = "The load balancer: arn, dns_name, name, security_group_id, zone_id (for an alias record); null without one."
  value = one([
    for key, balancer in aws_lb.this : {
      arn               = balancer.arn
      dns_name          = balancer.dns_name
      name              = balancer.name
      security_group_id = aws_security_group.load_balancer[key].id
      zone_id           = balancer.zone_id
    }
  ])
}

output "scaling_policy_arns" {
  description = "Scaling policies by name."
  value       = { for name, policy in aws_autoscaling_policy.this : name => policy.arn }
}

output "servers" {
  description = "The servers: group_arn, group_name, launch_template_id, role_name, security_group_id; null without servers."
  value = one([
    for key, group in aws_autoscaling_group.this : {
      group_arn          = group.arn
      group_name         = group.name
      launch_template_id = aws_launch_template.this[key].id
      role_name          = aws_iam_role.this[key].name
      security_group_id  = aws_security_group.servers[key].id
    }
  ])
}

output "target_group_arns" {
  description = "Target groups by name."
  value       = { for name, group in aws_lb_target_group.this : name => group.arn }
}

output "target_group_names" {
  description = "Names of the target groups in AWS by name here: they change with what forces a new target group."
  value       = { for name, group in aws_lb_target_group.this : name => group.name }
}

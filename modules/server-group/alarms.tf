locals {
  balancer_namespace = local.is_alb ? "AWS/ApplicationELB" : "AWS/NetworkELB"

  alarm_dimensions = {
    for name, alarm in var.alarms : name => merge(
      alarm.of == "servers" ? { AutoScalingGroupName = aws_autoscaling_group.this["this"].name } : {
        LoadBalancer                                 = aws_lb.this["this"].arn_suffix
      },
      alarm.of == "target_group" ? { TargetGroup = aws_lb_target_group.this[alarm.target_group].arn_suffix } : {},
    )
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = var.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_actions       = each.value.actions
  comparison_operator = each.value.comparison
  dimensions          = local.alarm_dimensions[each.key]
  evaluation_periods  = each.value.evaluation_periods
  metric_name         = each.value.metric
  namespace           = coalesce(each.value.namespace, each.value.of == "servers" ? "AWS/EC2" : local.balancer_namespace)
  ok_actions          = each.value.actions
  period              = each.value.period
  statistic           = each.value.statistic
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing_data

  tags = merge(var.tags, { Name = "${var.name}-${each.key}" })
}

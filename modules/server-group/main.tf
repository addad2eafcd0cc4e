data "aws_partition" "this" {}

locals {
  # One key for what is there once or not at all; the addresses read `aws_lb.this["this"]`.
  balancer = var.load_balancer != null ? { this = var.load_balancer } : {}
  servers  = var.servers != null ? { this = var.servers } : {}

  is_alb = try(var.load_balancer.type, "alb") == "alb"

  # Target groups that this module's own servers join.
  attached = {
    for name, group in var.target_groups : name => group
    if var.servers != null && group.attach && group.target_type == "instance"
  }
}

resource "aws_launch_template" "this" {
  for_each = local.servers

  name                   = var.name
  description            = "Servers of ${var.name}."
  ebs_optimized          = true
  image_id               = each.value.image_id
  instance_type          = each.value.instance_type
  key_name               = each.value.key_name
  update_default_version = true
  user_data              = each.value.user_data != null ? base64encode(each.value.user_data) : null
  vpc_security_group_ids = [aws_security_group.servers["this"].id]

  block_device_mappings {
    device_name = each.value.root_volume.device_name

    ebs {
      delete_on_termination = true
      encrypted             = true
      kms_key_id            = each.value.root_volume.kms_key_id
      volume_size           = each.value.root_volume.size
      volume_type           = "gp3"
    }
  }

  iam_instance_profile {
    arn = aws_iam_instance_profile.this["this"].arn
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_put_response_hop_limit = 1
    http_tokens                 = "required"
  }

  monitoring {
    enabled = true
  }

  tag_specifications {
    resource_type = "volume"
    tags          = merge(var.tags, { Name = var.name })
  }

  tags = merge(var.tags, { Name = var.name })
}

resource "aws_autoscaling_group" "this" {
  for_each = local.servers

  name                      = var.name
  health_check_grace_period = each.value.health_check_grace
  health_check_type         = length(local.attached) + length(each.value.target_group_arns) > 0 ? "ELB" : "EC2"
  max_size                  = var.scaling.max
  min_size                  = var.scaling.min
  vpc_zone_identifier       = each.value.subnet_ids

  target_group_arns = concat(
    [for name in keys(local.attached) : aws_lb_target_group.this[name].arn],
    values(each.value.target_group_arns),
  )

  # Free of charge; AWS/AutoScaling alarms need them.
  enabled_metrics = [
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupPendingInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
  ]

  launch_template {
    id      = aws_launch_template.this["this"].id
    version = aws_launch_template.this["this"].latest_version
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      auto_rollback          = each.value.refresh.auto_rollback
      instance_warmup        = each.value.refresh.warmup
      min_healthy_percentage = each.value.refresh.min_healthy_percentage
      skip_matching          = true
    }
  }

  dynamic "warm_pool" {
    for_each = each.value.warm_pool[*]

    content {
      max_group_prepared_capacity = warm_pool.value.max_prepared
      min_size                    = warm_pool.value.min_size
      pool_state                  = warm_pool.value.state
    }
  }

  dynamic "tag" {
    for_each = merge(var.tags, { Name = var.name })

    content {
      key                 = tag.key
      propagate_at_launch = true
      value               = tag.value
    }
  }

  # Servers that boot before their role may read what user_data asks for would fail once and stay failed.
  depends_on = [aws_iam_role_policy_attachment.this]
}

resource "aws_autoscaling_policy" "this" {
  for_each = var.scaling.policies

  name                   = "${var.name}-${each.key}"
  autoscaling_group_name = aws_autoscaling_group.this["this"].name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = each.value.target

    predefined_metric_specification {
      predefined_metric_type = each.value.metric
      resource_label = each.value.target_group == null ? null : join("/", [
        aws_lb.this["this"].arn_suffix, aws_lb_target_group.this[each.value.target_group].arn_suffix
      ])
    }
  }
}

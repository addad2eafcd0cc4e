locals {
  # Changing what forces a new target group changes its name too, so that the new one can exist beside the old.
  target_group_names = {
    for name, group in var.target_groups : name => join("-", [
      trimsuffix(substr(replace("${var.name}-${name}", "/[^a-zA-Z0-9-]/", "-"), 0, 25), "-"),
      substr(sha1(jsonencode([var.name, name, group.port, local.target_protocols[name], group.target_type])), 0, 6),
    ])
  }

  target_protocols = {
    for name, group in var.target_groups : name => coalesce(group.protocol, local.is_alb ? "HTTP" : "TCP")
  }

  listener_protocols = {
    for name, listener in var.listeners : name => coalesce(
      listener.protocol, local.is_alb ? (listener.redirect_to != null ? "HTTP" : "HTTPS") : "TCP"
    )
  }
}

resource "aws_lb" "this" {
  for_each = local.balancer

  name                             = var.name
  drop_invalid_header_fields       = local.is_alb ? true : null
  enable_cross_zone_load_balancing = true
  enable_deletion_protection       = each.value.deletion_protection
  idle_timeout                     = local.is_alb ? each.value.idle_timeout : null
  internal                         = each.value.internal
  load_balancer_type               = local.is_alb ? "application" : "network"
  security_groups                  = [aws_security_group.load_balancer["this"].id]
  subnets                          = each.value.subnet_ids

  dynamic "access_logs" {
    for_each = each.value.access_logs[*]

    content {
      bucket  = access_logs.value.bucket
      enabled = true
      prefix  = access_logs.value.prefix
    }
  }

  tags = merge(var.tags, { Name = var.name })
}

resource "aws_lb_target_group" "this" {
  for_each = var.target_groups

  name                 = local.target_group_names[each.key]
  deregistration_delay = each.value.deregistration_delay
  port                 = each.value.port
  protocol             = local.target_protocols[each.key]
  target_type          = each.value.target_type
  vpc_id               = var.vpc_id

  health_check {
    enabled             = true
    healthy_threshold   = each.value.health_check.healthy_threshold
    interval            = each.value.health_check.interval
    matcher             = local.health_protocols[each.key] == "TCP" ? null : each.value.health_check.matcher
    path                = local.health_protocols[each.key] == "TCP" ? null : each.value.health_check.path
    port                = coalesce(each.value.health_check.port, "traffic-port")
    protocol            = local.health_protocols[each.key]
    timeout             = each.value.health_check.timeout
    unhealthy_threshold = each.value.health_check.unhealthy_threshold
  }

  tags = merge(var.tags, { Name = "${var.name}-${each.key}" })

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  health_protocols = {
    for name, group in var.target_groups : name => coalesce(
      group.health_check.protocol, local.is_alb ? local.target_protocols[name] : "TCP"
    )
  }
}

# Apart from the others: it is the one kind that may speak plain HTTP to everybody, and it never has rules.
resource "aws_lb_listener" "redirect" {
  for_each = { for name, listener in var.listeners : name => listener if listener.redirect_to != null }

  certificate_arn   = each.value.certificate_arn
  load_balancer_arn = aws_lb.this["this"].arn
  port              = each.value.port
  protocol          = local.listener_protocols[each.key]
  ssl_policy        = local.listener_protocols[each.key] == "HTTPS" ? each.value.ssl_policy : null

  default_action {
    type = "redirect"

    redirect {
      port        = each.value.redirect_to
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }

  tags = merge(var.tags, { Name = "${var.name}-${each.key}" })
}

resource "aws_lb_listener" "this" {
  for_each = { for name, listener in var.listeners : name => listener if listener.redirect_to == null }

  certificate_arn   = each.value.certificate_arn
  load_balancer_arn = aws_lb.this["this"].arn
  port              = each.value.port
  protocol          = local.listener_protocols[each.key]
  ssl_policy        = contains(["HTTPS", "TLS"], local.listener_protocols[each.key]) ? each.value.ssl_policy : null

  dynamic "default_action" {
    for_each = each.value.target_group[*]

    content {
      type             = "forward"
      target_group_arn = aws_lb_target_group.this[default_action.value].arn
    }
  }

  dynamic "default_action" {
    for_each = each.value.fixed_response[*]

    content {
      type = "fixed-response"

      fixed_response {
        content_type = default_action.value.content_type
        message_body = default_action.value.message
        status_code  = default_action.value.status_code
      }
    }
  }

  tags = merge(var.tags, { Name = "${var.name}-${each.key}" })
}

resource "aws_lb_listener_rule" "this" {
  # Not a local: the plan's record of what refers to what ends at locals.
  for_each = merge([
    for name, listener in var.listeners : {
      for rule_name, rule in listener.rules : "${name}/${rule_name}" => merge(rule, { listener = name })
    }
  ]...)

  listener_arn = aws_lb_listener.this[each.value.listener].arn
  priority     = each.value.priority

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[each.value.target_group].arn
  }

  dynamic "condition" {
    for_each = length(each.value.hosts) > 0 ? [each.value.hosts] : []

    content {
      host_header {
        values = condition.value
      }
    }
  }

  dynamic "condition" {
    for_each = length(each.value.paths) > 0 ? [each.value.paths] : []

    content {
      path_pattern {
        values = condition.value
      }
    }
  }

  tags = merge(var.tags, { Name = "${var.name}-${replace(each.key, "/", "-")}" })
}

locals {
  listener_rules = merge([
    for name, listener in var.listeners : {
      for cidr in var.load_balancer.allowed_cidrs : "${name}/${cidr}" => {
        cidr     = cidr
        port     = listener.port
        protocol = local.listener_protocols[name] == "UDP" ? "udp" : "tcp"
      }
    }
  ]...)

  # From the load balancer to the targets: traffic, and health checks where they have a port of their own.
  target_rules = merge([
    for name, group in var.target_groups : merge(
      {
        "${name}/traffic" = {
          group    = name
          port     = group.port
          protocol = local.target_protocols[name] == "UDP" ? "udp" : "tcp"
        }
      },
      coalesce(group.health_check.port, group.port) == group.port && local.target_protocols[name] != "UDP" ? {} : {
        "${name}/health" = {
          group    = name
          port     = coalesce(group.health_check.port, group.port)
          protocol = "tcp"
        }
      }
    )
  ]...)

  # Groups of targets by name: keys that a plan knows, whatever it knows of the ids.
  target_egress = merge([
    for key, rule in local.target_rules : {
      for name, id in merge(
        contains(keys(local.attached), rule.group) ? { servers = aws_security_group.servers["this"].id } : {},
        var.target_groups[rule.group].security_groups,
      ) : "${key}/${name}" => merge(rule, { to = id })
    }
  ]...)
}

resource "aws_security_group" "load_balancer" {
  for_each = local.balancer

  name_prefix = "${var.name}-lb-"
  description = "Load balancer of ${var.name}."
  vpc_id      = var.vpc_id

  tags = merge(var.tags, { Name = "${var.name}-lb" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "listener" {
  for_each = local.listener_rules

  security_group_id = aws_security_group.load_balancer["this"].id
  description       = "Listener ${each.key}"
  cidr_ipv4         = each.value.cidr
  from_port         = each.value.port
  ip_protocol       = each.value.protocol
  to_port           = each.value.port

  tags = merge(var.tags, { Name = "${var.name}-lb" })
}

resource "aws_vpc_security_group_egress_rule" "target" {
  for_each = local.target_egress

  security_group_id            = aws_security_group.load_balancer["this"].id
  description                  = "Targets ${each.key}"
  from_port                    = each.value.port
  ip_protocol                  = each.value.protocol
  referenced_security_group_id = each.value.to
  to_port                      = each.value.port

  tags = merge(var.tags, { Name = "${var.name}-lb" })
}

resource "aws_security_group" "servers" {
  for_each = local.servers

  name_prefix = "${var.name}-servers-"
  description = "Servers of ${var.name}."
  vpc_id      = var.vpc_id

  tags = merge(var.tags, { Name = "${var.name}-servers" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "target" {
  for_each = { for key, rule in local.target_rules : key => rule if contains(keys(local.attached), rule.group) }

  security_group_id            = aws_security_group.servers["this"].id
  description                  = "Load balancer ${each.key}"
  from_port                    = each.value.port
  ip_protocol                  = each.value.protocol
  referenced_security_group_id = aws_security_group.load_balancer["this"].id
  to_port                      = each.value.port

  tags = merge(var.tags, { Name = "${var.name}-servers" })
}

resource "aws_vpc_security_group_ingress_rule" "servers" {
  for_each = try(var.servers.ingress, {})

  security_group_id            = aws_security_group.servers["this"].id
  cidr_ipv4                    = each.value.cidr
  description                  = each.key
  from_port                    = each.value.port
  ip_protocol                  = each.value.protocol
  referenced_security_group_id = each.value.security_group_id
  to_port                      = each.value.port

  tags = merge(var.tags, { Name = "${var.name}-servers" })
}

resource "aws_vpc_security_group_egress_rule" "servers" {
  for_each = try(var.servers.egress, {})

  security_group_id = aws_security_group.servers["this"].id
  cidr_ipv4         = each.value.cidr
  description       = each.key
  from_port         = each.value.port
  ip_protocol       = each.value.protocol
  to_port           = each.value.port

  tags = merge(var.tags, { Name = "${var.name}-servers" })
}

resource "aws_launch_template" "this" {
  for_each = var.node_groups

  name                   = "${var.name}-eks-${each.key}"
  update_default_version = true

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      delete_on_termination = true
      encrypted             = true
      kms_key_id            = each.value.kms_key_arn
      volume_size           = each.value.disk_size
      volume_type           = "gp3"
    }
  }

  # One hop: a pod cannot take the node's role; it gets its own through var.controllers.
  metadata_options {
    http_endpoint               = "enabled"
    http_put_response_hop_limit = 1
    http_tokens                 = "required"
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "network-interface", "volume"])

    content {
      resource_type = tag_specifications.value
      tags          = merge(var.tags, { Name = "${var.name}-eks-${each.key}" })
    }
  }

  tags = merge(var.tags, { Name = "${var.name}-eks-${each.key}" })
}

resource "aws_eks_node_group" "this" {
  for_each = var.node_groups

  cluster_name    = aws_eks_cluster.this.name
  node_group_name = each.key
  node_role_arn   = aws_iam_role.node[0].arn
  subnet_ids      = each.value.subnet_ids != null ? each.value.subnet_ids : var.subnet_ids
  version         = aws_eks_cluster.this.version

  ami_type       = each.value.ami_type
  capacity_type  = each.value.capacity_type
  instance_types = each.value.instance_types
  labels         = each.value.labels

  launch_template {
    id      = aws_launch_template.this[each.key].id
    version = aws_launch_template.this[each.key].latest_version
  }

  scaling_config {
    desired_size = each.value.desired
    max_size     = each.value.max
    min_size     = each.value.min
  }

  dynamic "taint" {
    for_each = each.value.taints

    content {
      effect = taint.value.effect
      key    = taint.key
      value  = taint.value.value
    }
  }

  update_config {
    max_unavailable_percentage = 33
  }

  tags = merge(var.tags, { Name = "${var.name}-eks-${each.key}" })

  # Nodes without network, or without permission to join, would never become ready.
  depends_on = [
    aws_eks_addon.before_nodes,
    aws_iam_role_policy_attachment.node,
  ]

  lifecycle {
    ignore_changes = [scaling_config[0].desired_size]
  }
}

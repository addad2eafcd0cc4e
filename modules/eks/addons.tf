resource "aws_eks_addon" "before_nodes" {
  for_each = { for name, addon in var.addons : name => addon if addon.before_nodes }

  addon_name                  = each.key
  addon_version               = each.value.version
  cluster_name                = aws_eks_cluster.this.name
  configuration_values        = each.value.configuration
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"
  service_account_role_arn    = each.value.controller == null ? null : aws_iam_role.controller[each.value.controller].arn

  tags = merge(var.tags, { Name = "${var.name}-${each.key}" })
}

resource "aws_eks_addon" "this" {
  for_each = { for name, addon in var.addons : name => addon if !addon.before_nodes }

  addon_name                  = each.key
  addon_version               = each.value.version
  cluster_name                = aws_eks_cluster.this.name
  configuration_values        = each.value.configuration
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"
  service_account_role_arn    = each.value.controller == null ? null : aws_iam_role.controller[each.value.controller].arn

  tags = merge(var.tags, { Name = "${var.name}-${each.key}" })

  # Their pods need nodes to become healthy.
  depends_on = [aws_eks_node_group.this]
}

locals {
  access_policies = merge([
    for name, entry in var.access_entries : {
      for policy, scope in entry.policies : "${name}/${policy}" => {
        entry      = name
        namespaces = scope.namespaces
        policy     = policy
      }
    }
  ]...)
}

resource "aws_eks_access_entry" "this" {
  for_each = var.access_entries

  cluster_name      = aws_eks_cluster.this.name
  kubernetes_groups = each.value.kubernetes_groups
  principal_arn     = each.value.principal_arn

  tags = merge(var.tags, { Name = "${var.name}-${each.key}" })
}

resource "aws_eks_access_policy_association" "this" {
  for_each = local.access_policies

  cluster_name  = aws_eks_cluster.this.name
  policy_arn    = "arn:${data.aws_partition.this.partition}:eks::aws:cluster-access-policy/${each.value.policy}"
  principal_arn = aws_eks_access_entry.this[each.value.entry].principal_arn

  access_scope {
    namespaces = length(each.value.namespaces) > 0 ? each.value.namespaces : null
    type       = length(each.value.namespaces) > 0 ? "namespace" : "cluster"
  }
}

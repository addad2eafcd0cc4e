output "addon_versions" {
  description = "Versions of the add-ons by name."
  value = {
    for name, addon in merge(aws_eks_addon.before_nodes, aws_eks_addon.this) : name => addon.addon_version
  }
}

output "certificate_authority" {
  description = "Certificate authority of the API, base64, as kubeconfig wants it."
  value       = aws_eks_cluster.this.certificate_authority[0].data
}

output "cluster_arn" {
  description = "ARN of the cluster."
  value       = aws_eks_cluster.this.arn
}

output "cluster_name" {
  description = "Name of the cluster."
  value       = aws_eks_cluster.this.name
}

output "cluster_security_group_id" {
  description = "Security group that EKS made for control plane and nodes: open it to let something reach them."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}

output "controller_role_arns" {
  description = "Roles of the controllers by name, for the annotation eks.amazonaws.com/role-arn."
  value       = { for name, role in aws_iam_role.controller : name => role.arn }
}

output "endpoint" {
  description = "Address of the Kubernetes API."
  value       = aws_eks_cluster.this.endpoint
}

output "log_group_name" {
  description = "Log group of the control plane; null without logs."
  value       = one(aws_cloudwatch_log_group.this[*].name)
}

output "node_groups" {
  description = "Node groups by name: arn, launch_template_id."
  value = {
    for name, group in aws_eks_node_group.this : name => {
      arn                = group.arn
      launch_template_id = aws_launch_template.this[name].id
    }
  }
}

output "node_role_arn" {
  description = "Role of the nodes; null without node groups."
  value       = one(aws_iam_role.node[*].arn)
}

output "oidc_provider" {
  description = "Identity provider of the service accounts: arn, and issuer without https://."
  value = {
    arn    = aws_iam_openid_connect_provider.this.arn
    issuer = local.oidc_issuer
  }
}

output "secrets_key_arn" {
  description = "KMS key of the Kubernetes secrets."
  value       = local.secrets_key_arn
}

output "version" {
  description = "Kubernetes version that runs."
  value       = aws_eks_cluster.this.version
}

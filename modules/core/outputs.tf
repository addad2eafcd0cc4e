output "eks" {
  description = "All outputs of the eks module; null without a cluster."
  value       = one(module.eks[*])
}

output "name" {
  description = "Name of the environment."
  value       = var.name
}

output "record_name" {
  description = "Name of the SSM parameter that holds the environment's record, a JSON document."
  value       = aws_ssm_parameter.record.name
}

output "server_groups" {
  description = "All outputs of the server-group module, by the name of the group."
  value       = module.server_group
}

output "tags" {
  description = "Tags that everything in the environment has, for what a stack adds beside it."
  value       = local.tags
}

output "vpc" {
  description = "All outputs of the vpc module."
  value       = module.vpc
}

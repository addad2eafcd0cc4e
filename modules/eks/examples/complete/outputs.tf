output "cluster_name" {
  description = "Name of the cluster."
  value       = module.eks.cluster_name
}

output "controller_role_arns" {
  description = "Roles of the controllers by name."
  value       = module.eks.controller_role_arns
}

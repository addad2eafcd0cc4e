output "cluster_name" {
  description = "Name of the cluster."
  value       = module.eks.cluster_name
}

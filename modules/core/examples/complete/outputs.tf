output "cluster_endpoint" {
  description = "Address of the Kubernetes API."
  value       = module.core.eks.endpoint
}

output "vpc_id" {
  description = "Id of the VPC."
  value       = module.core.vpc.vpc_id
}

output "web_address" {
  description = "DNS name of the web servers' load balancer."
  value       = module.core.server_groups["web"].load_balancer.dns_name
}

output "cidr" {
  description = "The address block that this stack asked for."
  value       = "10.0.0.0/20"
}

output "region" {
  description = "Where the stack is."
  value       = "us-east-1"
}

output "vpc_id" {
  description = "The environment's network."
  value       = module.core.vpc.vpc_id
}

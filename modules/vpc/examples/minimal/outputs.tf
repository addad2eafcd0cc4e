output "subnet_ids" {
  description = "Subnets by tier and zone."
  value       = module.vpc.subnet_ids
}

output "vpc_id" {
  description = "Id of the VPC."
  value       = module.vpc.vpc_id
}

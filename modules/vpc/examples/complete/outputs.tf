output "bastion" {
  description = "The bastion."
  value       = module.vpc.bastion
}

output "nat_public_ips" {
  description = "Public addresses of the NAT gateways by zone."
  value       = module.vpc.nat_public_ips
}

output "subnet_ids" {
  description = "Subnets by tier and zone."
  value       = module.vpc.subnet_ids
}

output "vpc_id" {
  description = "Id of the VPC."
  value       = module.vpc.vpc_id
}

output "vpc_id" {
  description = "Id of the VPC."
  value       = module.core.vpc.vpc_id
}

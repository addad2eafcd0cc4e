output "vpc" {
  description = "All that the module says."
  value       = module.vpc
}

output "address" {
  description = "Where the public load balancer answers."
  value       = module.web.load_balancer.dns_name
}

output "group_name" {
  description = "Name of the auto scaling group."
  value       = module.web.servers.group_name
}

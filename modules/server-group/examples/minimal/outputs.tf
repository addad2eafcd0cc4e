output "group_name" {
  description = "Name of the auto scaling group."
  value       = module.servers.servers.group_name
}

output "bastion" {
  description = "The bastion: instance_id, private_ip, public_ip (empty outside the public tier), role_name, security_group_id; null without one."
  value = one([
    for key, host in aws_instance.bastion : {
      instance_id       = host.id
      private_ip        = host.private_ip
      public_ip         = host.public_ip
      role_name         = aws_iam_role.bastion[key].name
      security_group_id = aws_security_group.bastion[key].id
    }
  ])
}

output "cidr" {
  description = "IPv4 block of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "default_security_group_id" {
  description = "Default security group of the VPC, closed."
  value       = aws_default_security_group.this.id
}

output "flow_logs" {
  description = "The flow log: id and destination_arn; null without one."
  value = one([
    for log in aws_flow_log.this : {
      destination_arn = log.log_destination
      id              = log.id
    }
  ])
}

output "gateway_endpoint_ids" {
  description = "Gateway endpoints by service."
  value       = { for service, endpoint in aws_vpc_endpoint.gateway : service => endpoint.id }
}

output "internet_gateway_id" {
  description = "Internet gateway; null without a public tier."
  value       = one(aws_internet_gateway.this[*].id)
}

output "nat_public_ips" {
  description = "Public addresses of the NAT gateways by zone: what others see private traffic come from."
  value       = { for zone, address in aws_eip.nat : zone => address.public_ip }
}

output "route_table_ids" {
  description = "Route tables by tier and zone; public and database have one table for all their zones."
  value = {
    for tier in keys(var.subnets) : tier => {
      for zone in var.zones : zone => aws_route_table.this[tier == "private" ? "private/${zone}" : tier].id
    }
  }
}

output "subnet_cidrs" {
  description = "Blocks of the subnets by tier and zone."
  value = {
    for tier in keys(var.subnets) : tier => {
      for zone in var.zones : zone => aws_subnet.this["${tier}/${zone}"].cidr_block
    }
  }
}

output "subnet_ids" {
  description = "Subnets by tier and zone."
  value = {
    for tier in keys(var.subnets) : tier => {
      for zone in var.zones : zone => aws_subnet.this["${tier}/${zone}"].id
    }
  }

  # Who gets a subnet gets its way out too: nodes and servers need it in their first minute.
  depends_on = [aws_route.nat, aws_route.public, aws_route_table_association.this]
}

output "vpc_arn" {
  description = "ARN of the VPC."
  value       = aws_vpc.this.arn
}

output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}

output "zones" {
  description = "Zones as they were given."
  value       = var.zones
}

# NAT gateways and gateway endpoints: how private traffic leaves. Mocked applies.
mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:mocked" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mocked" }
  }
}

variables {
  name  = "unit"
  cidr  = "10.0.0.0/16"
  zones = ["eu-west-1a", "eu-west-1b"]
}

run "one" {
  command = apply

  variables {
    nat = "one"
  }

  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-west-1a"]
    error_message = "One gateway, in the first zone."
  }

  assert {
    condition     = alltrue([for route in values(aws_route.nat) : route.nat_gateway_id == aws_nat_gateway.this["eu-west-1a"].id])
    error_message = "Every private table leads to the one gateway."
  }

  assert {
    condition     = keys(aws_route.nat) == ["eu-west-1a", "eu-west-1b"]
    error_message = "Every zone has its route."
  }
}

run "per_zone" {
  command = apply

  variables {
    nat = "per_zone"
  }

  assert {
    condition     = alltrue([for zone in var.zones : aws_route.nat[zone].nat_gateway_id == aws_nat_gateway.this[zone].id])
    error_message = "Each zone leads to its own gateway."
  }

  assert {
    condition     = alltrue([for zone in var.zones : aws_route.nat[zone].route_table_id == aws_route_table.this["private/${zone}"].id && aws_route.nat[zone].destination_cidr_block == "0.0.0.0/0"])
    error_message = "The route belongs into the private table of its zone."
  }

  assert {
    condition     = alltrue([for zone in var.zones : aws_nat_gateway.this[zone].subnet_id == aws_subnet.this["public/${zone}"].id])
    error_message = "A NAT gateway stands in the public subnet of its zone."
  }

  assert {
    condition     = alltrue([for zone in var.zones : aws_nat_gateway.this[zone].allocation_id == aws_eip.nat[zone].id])
    error_message = "A NAT gateway has the address of its zone."
  }

  assert {
    condition     = output.nat_public_ips == { for zone in var.zones : zone => aws_eip.nat[zone].public_ip }
    error_message = "Addresses are found by zone."
  }

  assert {
    condition     = alltrue([for zone in var.zones : aws_eip.nat[zone].tags["Name"] == "unit-nat-${zone}" && aws_eip.nat[zone].domain == "vpc"])
    error_message = "Addresses are of the VPC and say what they are for."
  }
}

run "no_private_tier_no_routes" {
  command = plan

  variables {
    nat     = "one"
    subnets = { database = {}, public = {} }
  }

  assert {
    condition     = length(aws_route.nat) == 0 && length(aws_nat_gateway.this) == 1
    error_message = "Only private tables get a way out; the database tier never does."
  }
}

run "endpoints_by_service" {
  command = apply

  variables {
    gateway_endpoints = {
      dynamodb = { policy = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
      s3       = {}
    }
  }

  assert {
    condition     = aws_vpc_endpoint.gateway["dynamodb"].service_name == "com.amazonaws.eu-west-1.dynamodb"
    error_message = "The endpoint is of the region that Terraform works in."
  }

  assert {
    condition     = alltrue([for endpoint in values(aws_vpc_endpoint.gateway) : endpoint.vpc_endpoint_type == "Gateway"])
    error_message = "Gateway endpoints, which cost nothing."
  }

  assert {
    condition     = alltrue([for endpoint in values(aws_vpc_endpoint.gateway) : endpoint.route_table_ids == toset([for table in values(aws_route_table.this) : table.id])])
    error_message = "Every tier reaches the endpoints."
  }

  assert {
    condition     = aws_vpc_endpoint.gateway["dynamodb"].policy == "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
    error_message = "A policy must reach its endpoint."
  }

  assert {
    condition     = output.gateway_endpoint_ids == { for service, endpoint in aws_vpc_endpoint.gateway : service => endpoint.id }
    error_message = "Endpoints are found by service."
  }
}

run "no_endpoints" {
  command = apply

  variables {
    gateway_endpoints = {}
  }

  assert {
    condition     = output.gateway_endpoint_ids == {}
    error_message = "An empty map makes none."
  }
}

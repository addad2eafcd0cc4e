# Where blocks lie and what they are joined to. Mocked applies: ids are made up, what refers to them is real.
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

run "blocks_are_computed" {
  command = apply

  assert {
    condition     = output.subnet_cidrs["public"] == { eu-west-1a = "10.0.0.0/21", eu-west-1b = "10.0.8.0/21" }
    error_message = "Public subnets are cut from the first quarter."
  }

  assert {
    condition     = output.subnet_cidrs["database"] == { eu-west-1a = "10.0.64.0/21", eu-west-1b = "10.0.72.0/21" }
    error_message = "Database subnets are cut from the second quarter."
  }

  assert {
    condition     = output.subnet_cidrs["private"] == { eu-west-1a = "10.0.128.0/20", eu-west-1b = "10.0.144.0/20" }
    error_message = "Private subnets are cut from the upper half."
  }
}

run "a_new_zone_moves_nothing" {
  command = apply

  variables {
    zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  }

  assert {
    condition = alltrue(flatten([
      for tier, zones in run.blocks_are_computed.subnet_cidrs : [
        for zone, cidr in zones : output.subnet_cidrs[tier][zone] == cidr
      ]
    ]))
    error_message = "Adding a zone must not move a subnet."
  }
}

run "a_tier_less_moves_nothing" {
  command = apply

  variables {
    subnets = { private = {} }
  }

  assert {
    condition     = output.subnet_cidrs["private"] == run.blocks_are_computed.subnet_cidrs["private"]
    error_message = "Leaving out a tier must not move another."
  }

  assert {
    condition     = keys(output.subnet_ids) == ["private"] && keys(output.route_table_ids) == ["private"]
    error_message = "Outputs have the keys of the input."
  }

  assert {
    condition     = output.internet_gateway_id == null && length(aws_route.public) == 0
    error_message = "Without a public tier there is no way to the internet."
  }
}

run "blocks_can_be_given" {
  command = apply

  variables {
    subnets = {
      database = { cidrs = { eu-west-1a = "10.0.200.0/26", eu-west-1b = "10.0.200.64/26" } }
      public   = {}
    }
  }

  assert {
    condition     = output.subnet_cidrs["database"] == { eu-west-1a = "10.0.200.0/26", eu-west-1b = "10.0.200.64/26" }
    error_message = "Given blocks must be taken as they are."
  }

  assert {
    condition     = output.subnet_cidrs["public"]["eu-west-1b"] == "10.0.8.0/21"
    error_message = "A tier without blocks is computed beside one with blocks."
  }
}

run "a_small_vpc_works_with_given_blocks" {
  command = plan

  variables {
    cidr    = "10.0.0.0/26"
    subnets = { private = { cidrs = { eu-west-1a = "10.0.0.0/28", eu-west-1b = "10.0.0.16/28" } } }
  }

  assert {
    condition     = length(aws_subnet.this) == 2
    error_message = "A /26 holds two /28."
  }
}

run "tags_of_a_tier" {
  command = plan

  variables {
    subnets = { private = { tags = { "kubernetes.io/role/internal-elb" = "1" } }, public = {} }
  }

  assert {
    condition     = aws_subnet.this["private/eu-west-1a"].tags["kubernetes.io/role/internal-elb"] == "1"
    error_message = "A tier's tags must reach its subnets."
  }

  assert {
    condition     = !contains(keys(aws_subnet.this["public/eu-west-1a"].tags), "kubernetes.io/role/internal-elb")
    error_message = "A tier's tags must not reach another's subnets."
  }
}

run "each_tier_has_its_routes" {
  command = apply

  assert {
    condition = alltrue([
      for zone in var.zones : aws_route_table_association.this["private/${zone}"].route_table_id == aws_route_table.this["private/${zone}"].id
    ])
    error_message = "Private subnets have a table of their zone."
  }

  assert {
    condition = alltrue(flatten([
      for tier in ["database", "public"] : [
        for zone in var.zones : aws_route_table_association.this["${tier}/${zone}"].route_table_id == aws_route_table.this[tier].id
      ]
    ]))
    error_message = "Public and database subnets share a table each."
  }

  assert {
    condition     = alltrue([for key, link in aws_route_table_association.this : link.subnet_id == aws_subnet.this[key].id])
    error_message = "A table must be joined to the subnet of its key."
  }

  assert {
    condition     = aws_route.public[0].route_table_id == aws_route_table.this["public"].id
    error_message = "Only the public table may lead to the internet gateway."
  }

  assert {
    condition     = aws_route.public[0].gateway_id == aws_internet_gateway.this[0].id && aws_route.public[0].destination_cidr_block == "0.0.0.0/0"
    error_message = "The public table must lead to the internet gateway."
  }

  assert {
    condition     = length(aws_route.nat) == 0
    error_message = "Without NAT the private tables lead nowhere."
  }

  assert {
    condition     = output.route_table_ids["private"]["eu-west-1b"] == aws_route_table.this["private/eu-west-1b"].id && output.route_table_ids["database"]["eu-west-1b"] == aws_route_table.this["database"].id
    error_message = "Route tables are found by tier and zone."
  }

  assert {
    condition     = output.subnet_ids["public"]["eu-west-1b"] == aws_subnet.this["public/eu-west-1b"].id
    error_message = "Subnets are found by tier and zone."
  }

  assert {
    condition     = output.vpc_id == aws_vpc.this.id && output.vpc_arn == aws_vpc.this.arn && output.cidr == var.cidr && output.zones == var.zones
    error_message = "The VPC is handed out as it is."
  }

  assert {
    condition     = output.default_security_group_id == aws_default_security_group.this.id && output.internet_gateway_id == aws_internet_gateway.this[0].id
    error_message = "The closed group and the gateway are handed out."
  }
}

# What one gets for a name, a block and zones: three tiers, closed where nobody opened. Mocked: nothing asks AWS.
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
  zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  tags  = { Team = "platform" }
}

run "the_vpc_resolves_names" {
  command = plan

  assert {
    condition     = aws_vpc.this.cidr_block == "10.0.0.0/16"
    error_message = "The VPC must have the block that was given."
  }

  assert {
    condition     = aws_vpc.this.enable_dns_support && aws_vpc.this.enable_dns_hostnames
    error_message = "Private endpoints need DNS support and host names."
  }
}

run "host_names_can_be_left_out" {
  command = plan

  variables {
    dns_hostnames = false
  }

  assert {
    condition     = aws_vpc.this.enable_dns_support && !aws_vpc.this.enable_dns_hostnames
    error_message = "dns_hostnames = false must leave the host names out and nothing else."
  }
}

run "each_tier_has_a_subnet_in_each_zone" {
  command = plan

  assert {
    condition     = length(aws_subnet.this) == 9
    error_message = "Three tiers over three zones are nine subnets."
  }

  assert {
    condition     = alltrue([for key, subnet in aws_subnet.this : subnet.availability_zone == split("/", key)[1]])
    error_message = "A subnet must stand in the zone of its key."
  }

  assert {
    condition     = alltrue([for subnet in values(aws_subnet.this) : !subnet.map_public_ip_on_launch])
    error_message = "No subnet may give public addresses to whatever starts in it."
  }
}

run "the_default_security_group_is_closed" {
  command = plan

  assert {
    condition     = length(aws_default_security_group.this.ingress) == 0
    error_message = "The default security group must let nothing in."
  }

  assert {
    condition     = length(aws_default_security_group.this.egress) == 0
    error_message = "The default security group must let nothing out."
  }
}

run "traffic_is_recorded" {
  command = plan

  assert {
    condition     = length(aws_flow_log.this) == 1
    error_message = "Flow logs are on unless somebody turns them off."
  }

  assert {
    condition     = aws_flow_log.this[0].traffic_type == "ALL" && aws_flow_log.this[0].max_aggregation_interval == 600
    error_message = "All traffic must be recorded, every ten minutes."
  }

  assert {
    condition     = aws_cloudwatch_log_group.flow_logs[0].retention_in_days == 90
    error_message = "Records are kept for 90 days."
  }
}

run "nothing_that_costs_money" {
  command = plan

  assert {
    condition     = length(aws_nat_gateway.this) + length(aws_eip.nat) + length(aws_instance.bastion) == 0
    error_message = "NAT gateways and the bastion must be asked for."
  }

  assert {
    condition     = keys(aws_vpc_endpoint.gateway) == ["s3"]
    error_message = "S3 is reached through its free endpoint."
  }
}

run "everything_carries_name_and_tags" {
  command = plan

  assert {
    condition = alltrue([
      for thing in concat(
        [aws_vpc.this, aws_default_security_group.this],
        [aws_cloudwatch_log_group.flow_logs[0], aws_iam_role.flow_logs[0], aws_flow_log.this[0]],
        [aws_internet_gateway.this[0], aws_vpc_endpoint.gateway["s3"]],
        values(aws_subnet.this), values(aws_route_table.this),
      ) : thing.tags["Team"] == "platform" && startswith(thing.tags["Name"], "unit")
    ])
    error_message = "Every resource must carry the tags and a Name that begins with the module's."
  }

  assert {
    condition     = alltrue([for key, subnet in aws_subnet.this : subnet.tags["Tier"] == split("/", key)[0]])
    error_message = "Subnets must say their tier."
  }
}

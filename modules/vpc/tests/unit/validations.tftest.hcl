# Each validation refuses what it says it refuses, and each of these inputs breaks one rule only. Mocked.
mock_provider "aws" {}

variables {
  name  = "unit"
  cidr  = "10.0.0.0/16"
  zones = ["eu-west-1a", "eu-west-1b"]
}

run "bastion_image_is_an_id" {
  command = plan

  variables {
    bastion = { image_id = "amazon-linux" }
  }

  expect_failures = [var.bastion]
}

run "bastion_ssh_is_not_for_everybody" {
  command = plan

  variables {
    bastion = { image_id = "ami-0123456789abcdef0", allowed_cidrs = ["0.0.0.0/0"], key_name = "ops" }
  }

  expect_failures = [var.bastion]
}

run "bastion_ssh_is_not_for_half_the_world" {
  command = plan

  variables {
    bastion = { image_id = "ami-0123456789abcdef0", allowed_cidrs = ["128.0.0.0/1"], key_name = "ops" }
  }

  expect_failures = [var.bastion]
}

run "bastion_ssh_is_for_blocks" {
  command = plan

  variables {
    bastion = { image_id = "ami-0123456789abcdef0", allowed_cidrs = ["office"], key_name = "ops" }
  }

  expect_failures = [var.bastion]
}

run "bastion_ssh_needs_a_key" {
  command = plan

  variables {
    bastion = { image_id = "ami-0123456789abcdef0", allowed_cidrs = ["203.0.113.0/24"] }
  }

  expect_failures = [var.bastion]
}

run "bastion_volume_holds_the_image" {
  command = plan

  variables {
    bastion = { image_id = "ami-0123456789abcdef0", root_volume_size = 7 }
  }

  expect_failures = [var.bastion]
}

run "bastion_stands_in_a_tier" {
  command = plan

  variables {
    bastion = { image_id = "ami-0123456789abcdef0", tier = "dmz" }
  }

  expect_failures = [var.bastion]
}

run "bastion_stands_in_a_zone" {
  command = plan

  variables {
    bastion = { image_id = "ami-0123456789abcdef0", zone = "eu-west-1c" }
  }

  expect_failures = [var.bastion]
}

run "cidr_is_a_block" {
  command = plan

  variables {
    cidr    = "10.0.0.0/16/1"
    subnets = { private = { cidrs = { eu-west-1a = "10.0.0.0/20", eu-west-1b = "10.0.16.0/20" } } }
  }

  expect_failures = [var.cidr]
}

run "cidr_starts_at_its_first_address" {
  command = plan

  variables {
    cidr = "10.0.0.1/16"
  }

  expect_failures = [var.cidr]
}

run "cidr_is_not_too_large" {
  command = plan

  variables {
    cidr = "10.0.0.0/15"
  }

  expect_failures = [var.cidr]
}

run "cidr_is_not_too_small" {
  command = plan

  variables {
    cidr    = "10.0.0.0/29"
    subnets = {}
  }

  expect_failures = [var.cidr]
}

run "flow_logs_go_to_cloudwatch_or_s3" {
  command = plan

  variables {
    flow_logs = { destination = "firehose" }
  }

  expect_failures = [var.flow_logs]
}

run "flow_logs_to_s3_need_a_bucket" {
  command = plan

  variables {
    flow_logs = { destination = "s3" }
  }

  expect_failures = [var.flow_logs]
}

run "flow_logs_to_cloudwatch_take_no_bucket" {
  command = plan

  variables {
    flow_logs = { bucket_arn = "arn:aws:s3:::records" }
  }

  expect_failures = [var.flow_logs]
}

run "flow_logs_have_two_intervals" {
  command = plan

  variables {
    flow_logs = { interval = 300 }
  }

  expect_failures = [var.flow_logs]
}

run "flow_logs_record_known_traffic" {
  command = plan

  variables {
    flow_logs = { traffic = "SOME" }
  }

  expect_failures = [var.flow_logs]
}

run "flow_logs_are_kept_for_known_periods" {
  command = plan

  variables {
    flow_logs = { retention_days = 100 }
  }

  expect_failures = [var.flow_logs]
}

run "gateway_endpoints_are_of_two_services" {
  command = plan

  variables {
    gateway_endpoints = { sqs = {} }
  }

  expect_failures = [var.gateway_endpoints]
}

run "gateway_endpoints_have_json_policies" {
  command = plan

  variables {
    gateway_endpoints = { s3 = { policy = "allow" } }
  }

  expect_failures = [var.gateway_endpoints]
}

run "name_begins_with_a_letter" {
  command = plan

  variables {
    name = "1st"
  }

  expect_failures = [var.name]
}

run "name_is_not_too_long" {
  command = plan

  variables {
    name = "a23456789012345678901234567890123"
  }

  expect_failures = [var.name]
}

run "nat_has_three_ways" {
  command = plan

  variables {
    nat = "two"
  }

  expect_failures = [var.nat]
}

run "nat_needs_a_public_tier" {
  command = plan

  variables {
    nat     = "one"
    subnets = { private = {} }
  }

  expect_failures = [var.nat]
}

run "subnets_have_known_tiers" {
  command = plan

  variables {
    subnets = { dmz = { cidrs = { eu-west-1a = "10.0.0.0/24", eu-west-1b = "10.0.1.0/24" } } }
  }

  expect_failures = [var.subnets]
}

run "subnets_need_room" {
  command = plan

  variables {
    cidr    = "10.0.0.0/24"
    subnets = { private = {} }
  }

  expect_failures = [var.subnets]
}

run "subnets_have_a_block_in_each_zone" {
  command = plan

  variables {
    subnets = { private = { cidrs = { eu-west-1a = "10.0.0.0/24" } } }
  }

  expect_failures = [var.subnets]
}

run "subnets_have_no_other_zones" {
  command = plan

  variables {
    subnets = { private = { cidrs = { eu-west-1a = "10.0.0.0/24", eu-west-1b = "10.0.1.0/24", eu-west-1c = "10.0.2.0/24" } } }
  }

  expect_failures = [var.subnets]
}

run "subnets_lie_inside" {
  command = plan

  variables {
    subnets = { private = { cidrs = { eu-west-1a = "10.0.0.0/24", eu-west-1b = "10.1.1.0/24" } } }
  }

  expect_failures = [var.subnets]
}

run "subnets_are_not_larger_than_the_vpc" {
  command = plan

  variables {
    subnets = { private = { cidrs = { eu-west-1a = "10.0.0.0/24", eu-west-1b = "10.0.0.0/15" } } }
  }

  expect_failures = [var.subnets]
}

run "subnets_are_not_too_small" {
  command = plan

  variables {
    subnets = { private = { cidrs = { eu-west-1a = "10.0.0.0/24", eu-west-1b = "10.0.1.0/29" } } }
  }

  expect_failures = [var.subnets]
}

run "zones_are_not_empty" {
  command = plan

  variables {
    zones = []
  }

  expect_failures = [var.zones]
}

run "zones_are_at_most_eight" {
  command = plan

  variables {
    zones = [for letter in split("", "abcdefghi") : "eu-west-1${letter}"]
  }

  expect_failures = [var.zones]
}

run "zones_are_different" {
  command = plan

  variables {
    zones = ["eu-west-1a", "eu-west-1a"]
  }

  expect_failures = [var.zones]
}

run "zones_are_names" {
  command = plan

  variables {
    zones = ["eu-west-1"]
  }

  expect_failures = [var.zones]
}

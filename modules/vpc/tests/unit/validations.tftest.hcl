# Each run hands each variable that it lists a value that it must refuse; one that took it would fail the run by name.
# Each value breaks one rule only. Several share a run, as a plan costs more than its question; what a validation looks
# at besides is valid. Mocked.
mock_provider "aws" {}

variables {
  name  = "unit"
  cidr  = "10.0.0.0/16"
  zones = ["eu-west-1a", "eu-west-1b"]
}

run "names_and_choices_are_known" {
  command = plan

  variables {
    bastion           = { image_id = "amazon-linux" } # image is an id
    flow_logs         = { destination = "firehose" }  # go to cloudwatch or s3
    gateway_endpoints = { sqs = {} }                  # are of two services
    name              = "1st"                         # begins with a letter
    nat               = "two"                         # has three ways
  }

  expect_failures = [var.bastion, var.flow_logs, var.gateway_endpoints, var.name, var.nat]
}

run "ssh_is_not_for_everybody" {
  command = plan

  variables {
    bastion = { image_id = "ami-0123456789abcdef0", allowed_cidrs = ["0.0.0.0/0"], key_name = "ops" }
  }

  expect_failures = [var.bastion]
}

run "ssh_is_not_for_half_the_world" {
  command = plan

  variables {
    bastion = { image_id = "ami-0123456789abcdef0", allowed_cidrs = ["128.0.0.0/1"], key_name = "ops" }
  }

  expect_failures = [var.bastion]
}

run "blocks_and_documents_are_well_formed" {
  command = plan

  variables {
    # SSH is for blocks
    bastion = { image_id = "ami-0123456789abcdef0", allowed_cidrs = ["office"], key_name = "ops" }

    # have JSON policies
    gateway_endpoints = { s3 = { policy = "allow" } }
  }

  expect_failures = [var.bastion, var.gateway_endpoints]
}

run "what_is_needed_is_given" {
  command = plan

  variables {
    # SSH needs a key
    bastion = { image_id = "ami-0123456789abcdef0", allowed_cidrs = ["203.0.113.0/24"] }

    # to s3 need a bucket
    flow_logs = { destination = "s3" }
  }

  expect_failures = [var.bastion, var.flow_logs]
}

run "sizes_and_intervals_are_possible" {
  command = plan

  variables {
    bastion   = { image_id = "ami-0123456789abcdef0", root_volume_size = 7 } # volume holds the image
    flow_logs = { interval = 300 }                                           # have two intervals
  }

  expect_failures = [var.bastion, var.flow_logs]
}

run "tiers_and_traffic_are_known" {
  command = plan

  variables {
    bastion   = { image_id = "ami-0123456789abcdef0", tier = "dmz" } # stands in a tier
    flow_logs = { traffic = "SOME" }                                 # record known traffic
  }

  expect_failures = [var.bastion, var.flow_logs]
}

run "zones_and_periods_are_known" {
  command = plan

  variables {
    bastion   = { image_id = "ami-0123456789abcdef0", zone = "eu-west-1c" } # stands in a zone
    flow_logs = { retention_days = 100 }                                    # are kept for known periods
  }

  expect_failures = [var.bastion, var.flow_logs]
}

run "nat_has_a_public_tier_and_cloudwatch_no_bucket" {
  command = plan

  variables {
    flow_logs = { bucket_arn = "arn:aws:s3:::records" } # to cloudwatch take no bucket
    nat       = "one"                                   # needs a public tier
    subnets   = { private = {} }
  }

  expect_failures = [var.flow_logs, var.nat]
}

run "the_network_is_a_block_and_zones_are_names" {
  command = plan

  variables {
    cidr    = "10.0.0.0/16/1" # is a block
    subnets = { private = { cidrs = { eu-west-1a = "10.0.0.0/20", eu-west-1b = "10.0.16.0/20" } } }
    zones   = ["eu-west-1"] # are names
  }

  expect_failures = [var.cidr, var.zones]
}

run "the_network_starts_at_its_first_address_and_zones_are_different" {
  command = plan

  variables {
    cidr  = "10.0.0.1/16"                # starts at its first address
    zones = ["eu-west-1a", "eu-west-1a"] # are different
  }

  expect_failures = [var.cidr, var.zones]
}

run "the_network_is_not_too_large" {
  command = plan

  variables {
    cidr  = "10.0.0.0/15"                                                 # is not too large
    name  = "a23456789012345678901234567890123"                           # is not too long
    zones = [for letter in split("", "abcdefghi") : "eu-west-1${letter}"] # are at most eight
  }

  expect_failures = [var.cidr, var.name, var.zones]
}

run "the_network_is_not_too_small" {
  command = plan

  variables {
    cidr    = "10.0.0.0/29" # is not too small
    subnets = {}
    zones   = [] # are not empty
  }

  expect_failures = [var.cidr, var.zones]
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

# Each validation of core refuses what it says it refuses; those of its parts are tested with the parts. Mocked.
mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
}

# What the parts would plan is no matter here.
override_module {
  target = module.vpc
  outputs = {
    cidr       = "10.0.0.0/16"
    subnet_ids = { database = {}, private = {}, public = {} }
    vpc_id     = "vpc-0123456789abcdef0"
  }
}

override_module {
  target  = module.eks
  outputs = { cluster_name = "unit" }
}

override_module {
  target  = module.server_group
  outputs = {}
}

variables {
  name = "unit"
  vpc  = { cidr = "10.0.0.0/16", zones = ["eu-west-1a", "eu-west-1b"] }
}

run "eks_wants_the_private_tier" {
  command = plan

  variables {
    eks = { kubernetes_version = "1.33" }
    vpc = { cidr = "10.0.0.0/16", subnets = { public = {} }, zones = ["eu-west-1a", "eu-west-1b"] }
  }

  expect_failures = [var.eks]
}

run "eks_wants_two_zones" {
  command = plan

  variables {
    eks = { kubernetes_version = "1.33" }
    vpc = { cidr = "10.0.0.0/16", zones = ["eu-west-1a"] }
  }

  expect_failures = [var.eks]
}

run "eks_wants_dns_hostnames" {
  command = plan

  variables {
    eks = { kubernetes_version = "1.33" }
    vpc = { cidr = "10.0.0.0/16", dns_hostnames = false, zones = ["eu-west-1a", "eu-west-1b"] }
  }

  expect_failures = [var.eks]
}

run "nodes_want_a_way_out" {
  command = plan

  variables {
    eks = { kubernetes_version = "1.33", node_groups = { general = {} } }
  }

  expect_failures = [var.eks]
}

run "name_begins_with_a_letter" {
  command = plan

  variables {
    name = "1unit"
  }

  expect_failures = [var.name]
}

run "name_leaves_room_for_groups" {
  command = plan

  variables {
    name = "abcdefghijklmnopqrstuvwxy"
  }

  expect_failures = [var.name]
}

run "server_groups_have_plain_keys" {
  command = plan

  variables {
    server_groups = { "Web" = { servers = { image_id = "ami-0123456789abcdef0" } } }
  }

  expect_failures = [var.server_groups]
}

run "server_groups_leave_the_cluster_its_name" {
  command = plan

  variables {
    server_groups = { eks = { servers = { image_id = "ami-0123456789abcdef0" } } }
  }

  expect_failures = [var.server_groups]
}

run "server_groups_have_short_names" {
  command = plan

  variables {
    server_groups = { abcdefghijklmnopqrstuvwxyz01 = { servers = { image_id = "ami-0123456789abcdef0" } } }
  }

  expect_failures = [var.server_groups]
}

run "server_groups_hold_something" {
  command = plan

  variables {
    server_groups = { web = {} }
  }

  expect_failures = [var.server_groups]
}

run "servers_stand_in_a_tier_that_is_there" {
  command = plan

  variables {
    server_groups = { web = { servers = { image_id = "ami-0123456789abcdef0", tier = "edge" } } }
  }

  expect_failures = [var.server_groups]
}

run "load_balancers_stand_in_a_tier_that_is_there" {
  command = plan

  variables {
    server_groups = { web = { load_balancer = { internal = false } } }
    vpc           = { cidr = "10.0.0.0/16", subnets = { private = {} }, zones = ["eu-west-1a", "eu-west-1b"] }
  }

  expect_failures = [var.server_groups]
}

run "tags_leave_environment_to_the_name" {
  command = plan

  variables {
    tags = { Environment = "other" }
  }

  expect_failures = [var.tags]
}


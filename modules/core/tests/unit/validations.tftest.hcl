# Each run hands each variable that it lists a value that it must refuse; one that took it would fail the run by name.
# Several share a run, as a plan costs more than its question; what a validation looks at besides is valid. Validations
# of the parts are tested with the parts. Mocked.
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

run "names_are_plain_and_eks_has_the_private_tier" {
  command = plan

  variables {
    eks  = { kubernetes_version = "1.33" } # wants the private tier
    name = "1unit"                         # begins with a letter
    tags = { Environment = "other" }       # leave Environment to the name
    vpc  = { cidr = "10.0.0.0/16", subnets = { public = {} }, zones = ["eu-west-1a", "eu-west-1b"] }
  }

  expect_failures = [var.eks, var.name, var.tags]
}

run "names_are_short_and_eks_has_dns_hostnames" {
  command = plan

  variables {
    eks  = { kubernetes_version = "1.33" } # wants dns_hostnames
    name = "abcdefghijklmnopqrstuvwxy"     # leaves room for groups
    vpc  = { cidr = "10.0.0.0/16", dns_hostnames = false, zones = ["eu-west-1a", "eu-west-1b"] }
  }

  expect_failures = [var.eks, var.name]
}

run "server_groups_hold_something_and_eks_has_two_zones" {
  command = plan

  variables {
    eks           = { kubernetes_version = "1.33" } # wants two zones
    server_groups = { web = {} }                    # hold something
    vpc           = { cidr = "10.0.0.0/16", zones = ["eu-west-1a"] }
  }

  expect_failures = [var.eks, var.server_groups]
}

run "servers_stand_in_a_tier_and_nodes_have_a_way_out" {
  command = plan

  variables {
    eks           = { kubernetes_version = "1.33", node_groups = { general = {} } }               # nodes want a way out
    server_groups = { web = { servers = { image_id = "ami-0123456789abcdef0", tier = "edge" } } } # stand in a tier that is there
  }

  expect_failures = [var.eks, var.server_groups]
}

run "load_balancers_stand_in_a_tier" {
  command = plan

  variables {
    server_groups = { web = { load_balancer = { internal = false } } } # stand in a tier that is there
    vpc           = { cidr = "10.0.0.0/16", subnets = { private = {} }, zones = ["eu-west-1a", "eu-west-1b"] }
  }

  expect_failures = [var.server_groups]
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

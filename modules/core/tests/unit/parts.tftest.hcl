# What an environment is made of, with a mocked provider: parts come when they are asked for, and only then.
mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
}

variables {
  name   = "unit"
  labels = { contact = "platform@example.com" }
  tags   = { Team = "platform" }
  vpc    = { cidr = "10.0.0.0/16", zones = ["eu-west-1a", "eu-west-1b"] }
}

run "alone_it_is_a_network_and_a_record" {
  command = plan

  assert {
    condition     = output.eks == null && length(output.server_groups) == 0
    error_message = "Without eks and server_groups there must be neither."
  }

  assert {
    condition     = output.vpc.cidr == "10.0.0.0/16" && output.vpc.zones == tolist(["eu-west-1a", "eu-west-1b"])
    error_message = "The network must be the one that was asked for."
  }

  assert {
    condition     = toset(keys(output.vpc.subnet_cidrs)) == toset(["database", "private", "public"])
    error_message = "Left out, the tiers must be those of the vpc module."
  }

  assert {
    condition     = output.vpc.bastion == null && output.vpc.flow_logs == null && length(output.vpc.nat_public_ips) == 0
    error_message = "Left out, the parts of the network must be those of the vpc module."
  }

  assert {
    condition     = toset(keys(output.vpc.gateway_endpoint_ids)) == toset(["s3"])
    error_message = "Left out, the endpoints must be those of the vpc module."
  }

  assert {
    condition     = aws_ssm_parameter.record.name == "/environments/unit" && output.record_name == "/environments/unit"
    error_message = "Others must be able to guess where the record is."
  }

  assert {
    condition     = aws_ssm_parameter.record.type == "String"
    error_message = "The record is read by people and programs without a key."
  }

  assert {
    condition     = aws_ssm_parameter.record.tags == tomap({ Environment = "unit", Name = "/environments/unit", Team = "platform" })
    error_message = "The record must have the tags of the environment."
  }

  assert {
    condition     = output.name == "unit" && output.tags == tomap({ Environment = "unit", Team = "platform" })
    error_message = "What a stack adds must be able to have the same name and tags."
  }
}

run "the_network_takes_what_it_is_given" {
  command = plan

  variables {
    vpc = {
      bastion           = { image_id = "ami-0123456789abcdef0" }
      cidr              = "10.1.0.0/16"
      flow_logs         = { interval = 60 }
      gateway_endpoints = { dynamodb = {}, s3 = {} }
      nat               = "per_zone"
      subnets = {
        private = { cidrs = { eu-west-1a = "10.1.64.0/20", eu-west-1b = "10.1.80.0/20" } }
        public  = {}
      }
      zones = ["eu-west-1a", "eu-west-1b"]
    }
  }

  assert {
    condition     = output.vpc.bastion != null && output.vpc.flow_logs != null
    error_message = "bastion and flow_logs must reach the vpc module."
  }

  assert {
    condition     = toset(keys(output.vpc.nat_public_ips)) == toset(["eu-west-1a", "eu-west-1b"])
    error_message = "nat must reach the vpc module."
  }

  assert {
    condition     = toset(keys(output.vpc.gateway_endpoint_ids)) == toset(["dynamodb", "s3"])
    error_message = "gateway_endpoints must reach the vpc module."
  }

  assert {
    condition     = output.vpc.subnet_cidrs["private"]["eu-west-1b"] == "10.1.80.0/20" && !contains(keys(output.vpc.subnet_cidrs), "database")
    error_message = "subnets must reach the vpc module."
  }
}

run "with_eks_there_is_a_cluster_of_the_same_name" {
  command = plan

  variables {
    eks = { kubernetes_version = "1.33", logs = { types = [] } }
  }

  assert {
    condition     = output.eks.cluster_name == "unit" && output.eks.version == "1.33"
    error_message = "The cluster must be named after the environment."
  }

  assert {
    condition     = output.eks.log_group_name == null
    error_message = "What eks is given must reach the eks module."
  }

  assert {
    condition     = toset(keys(output.eks.addon_versions)) == toset(["coredns", "kube-proxy", "vpc-cni"])
    error_message = "Left out, the add-ons must be those of the eks module."
  }
}

run "server_groups_are_keyed_as_they_were_given" {
  command = plan

  variables {
    server_groups = {
      edge = {
        load_balancer = { internal = false }
        listeners     = { plain = { port = 80, redirect_to = 443 } }
      }
      web = {
        servers       = { image_id = "ami-0123456789abcdef0" }
        load_balancer = { tier = "database" }
      }
      workers = {
        servers = { image_id = "ami-0123456789abcdef0", tier = "public" }
        alarms  = { busy = { metric = "CPUUtilization", threshold = 90 } }
      }
    }
  }

  assert {
    condition     = toset(keys(output.server_groups)) == toset(["edge", "web", "workers"])
    error_message = "Each group must be in the output by its name."
  }

  assert {
    condition = (
      output.server_groups["edge"].servers == null && output.server_groups["edge"].load_balancer.name == "unit-edge"
      && toset(keys(output.server_groups["edge"].listener_arns)) == toset(["plain"])
    )
    error_message = "A group may be a load balancer alone, with its listeners."
  }

  assert {
    condition     = output.server_groups["workers"].load_balancer == null && output.server_groups["workers"].servers.group_name == "unit-workers"
    error_message = "A group may be servers alone."
  }

  assert {
    condition     = toset(keys(output.server_groups["workers"].alarm_arns)) == toset(["busy"])
    error_message = "alarms must reach the group."
  }

  assert {
    condition     = output.server_groups["web"].load_balancer.name == "unit-web" && output.server_groups["web"].servers.group_name == "unit-web"
    error_message = "A group may be both."
  }
}

run "servers_and_internal_load_balancers_stand_in_private" {
  command = plan

  variables {
    server_groups = { web = { load_balancer = {}, servers = { image_id = "ami-0123456789abcdef0" } } }
    vpc           = { cidr = "10.0.0.0/16", subnets = { private = {} }, zones = ["eu-west-1a", "eu-west-1b"] }
  }

  assert {
    condition     = output.server_groups["web"].load_balancer.name == "unit-web"
    error_message = "Without a tier, nothing of a group may need another tier than private."
  }
}

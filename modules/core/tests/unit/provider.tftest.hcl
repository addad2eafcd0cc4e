# Plans with the real provider on the emulator: what it adds to tags, and that a whole environment is planned by it.
provider "aws" {
  region = "us-east-1"

  default_tags {
    tags = { Owner = "platform" }
  }
}

variables {
  name = "unit"
  vpc  = { cidr = "10.0.0.0/16", nat = "one", zones = ["us-east-1a", "us-east-1b"] }
}

run "a_whole_environment_is_planned_with_the_tags_of_both" {
  command = plan

  variables {
    eks  = { kubernetes_version = "1.33", node_groups = { general = {} } }
    tags = { Team = "web" }

    server_groups = {
      workers = { servers = { image_id = "ami-0123456789abcdef0" } }
    }
  }

  assert {
    condition     = module.eks[0].cluster_name == "unit" && keys(module.server_group) == ["workers"]
    error_message = "The provider must plan the cluster and the servers together."
  }

  assert {
    condition = aws_ssm_parameter.record.tags_all == tomap(
      merge(aws_ssm_parameter.record.tags, { Environment = "unit", Owner = "platform", Team = "web" })
    )
    error_message = "The record must have the tags of the provider and of the environment."
  }
}

# Each validation refuses what it says it refuses. Mocked: nothing here asks AWS.
mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  name               = "unit"
  kubernetes_version = "1.33"
  subnet_ids         = ["subnet-0a", "subnet-0b"]
}

run "access_entries_need_a_role_or_user" {
  command = plan

  variables {
    access_entries = { team = { principal_arn = "arn:aws:iam::123456789012:group/team" } }
  }

  expect_failures = [var.access_entries]
}

run "access_entries_name_eks_policies" {
  command = plan

  variables {
    access_entries = {
      team = { policies = { AdministratorAccess = {} }, principal_arn = "arn:aws:iam::123456789012:role/team" }
    }
  }

  expect_failures = [var.access_entries]
}

run "access_entries_take_no_system_groups" {
  command = plan

  variables {
    access_entries = {
      team = { kubernetes_groups = ["system:masters"], principal_arn = "arn:aws:iam::123456789012:role/team" }
    }
  }

  expect_failures = [var.access_entries]
}

run "addons_name_a_controller_that_is_there" {
  command = plan

  variables {
    addons = { aws-ebs-csi-driver = { controller = "ebs-csi" } }
  }

  expect_failures = [var.addons]
}

run "addons_are_configured_in_json" {
  command = plan

  variables {
    addons = { coredns = { configuration = "replicaCount: 3" } }
  }

  expect_failures = [var.addons]
}

run "controllers_have_short_plain_keys" {
  command = plan

  variables {
    controllers = { "EBS csi" = { namespace = "a", policies = { a = "{}" }, service_account = "a" } }
  }

  expect_failures = [var.controllers]
}

run "controllers_of_our_own_need_a_service_account" {
  command = plan

  variables {
    controllers = { reports = { namespace = "reports", policies = { a = "{}" } } }
  }

  expect_failures = [var.controllers]
}

run "controllers_of_our_own_need_a_namespace" {
  command = plan

  variables {
    controllers = { reports = { policies = { a = "{}" }, service_account = "reports" } }
  }

  expect_failures = [var.controllers]
}

run "controllers_of_our_own_need_permissions" {
  command = plan

  variables {
    controllers = { reports = { namespace = "reports", service_account = "reports" } }
  }

  expect_failures = [var.controllers]
}

run "controllers_take_no_wildcard_namespace" {
  command = plan

  variables {
    controllers = { cluster-autoscaler = { namespace = "*" } }
  }

  expect_failures = [var.controllers]
}

run "controllers_take_no_wildcard_service_account" {
  command = plan

  variables {
    controllers = { cluster-autoscaler = { service_account = "cluster-*" } }
  }

  expect_failures = [var.controllers]
}

run "controllers_external_dns_needs_zones" {
  command = plan

  variables {
    controllers = { external-dns = {} }
  }

  expect_failures = [var.controllers]
}

run "controllers_other_than_external_dns_take_no_zones" {
  command = plan

  variables {
    controllers = { ebs-csi = { zone_ids = ["Z0123456789EXAMPLE"] } }
  }

  expect_failures = [var.controllers]
}

run "controllers_policies_are_json" {
  command = plan

  variables {
    controllers = { ebs-csi = { policies = { more = "allow all" } } }
  }

  expect_failures = [var.controllers]
}

run "endpoint_is_somewhere" {
  command = plan

  variables {
    endpoint = { private = false }
  }

  expect_failures = [var.endpoint]
}

run "endpoint_is_not_open_to_everybody" {
  command = plan

  variables {
    endpoint = { public_cidrs = ["0.0.0.0/0"] }
  }

  expect_failures = [var.endpoint]
}

run "endpoint_is_not_open_to_everybody_in_two_halves" {
  command = plan

  variables {
    endpoint = { public_cidrs = ["0.0.0.0/1", "128.0.0.0/1"] }
  }

  expect_failures = [var.endpoint]
}

run "endpoint_takes_cidr_blocks" {
  command = plan

  variables {
    endpoint = { public_cidrs = ["office"] }
  }

  expect_failures = [var.endpoint]
}

run "kubernetes_version_is_a_minor_version" {
  command = plan

  variables {
    kubernetes_version = "1.33.1"
  }

  expect_failures = [var.kubernetes_version]
}

run "logs_are_of_known_types" {
  command = plan

  variables {
    logs = { types = ["audit", "kubelet"] }
  }

  expect_failures = [var.logs]
}

run "logs_stay_for_a_known_period" {
  command = plan

  variables {
    logs = { retention_days = 100 }
  }

  expect_failures = [var.logs]
}

run "name_begins_with_a_letter" {
  command = plan

  variables {
    name = "1unit"
  }

  expect_failures = [var.name]
}

run "name_is_short" {
  command = plan

  variables {
    name = "abcdefghijklmnopqrstuvwxyz0123456"
  }

  expect_failures = [var.name]
}

run "node_groups_have_short_plain_keys" {
  command = plan

  variables {
    node_groups = { General = {} }
  }

  expect_failures = [var.node_groups]
}

run "node_groups_run_amazon_linux" {
  command = plan

  variables {
    node_groups = { general = { ami_type = "WINDOWS_CORE_2022_x86_64" } }
  }

  expect_failures = [var.node_groups]
}

run "node_groups_have_a_known_capacity" {
  command = plan

  variables {
    node_groups = { general = { capacity_type = "RESERVED" } }
  }

  expect_failures = [var.node_groups]
}

run "node_groups_have_room_for_images" {
  command = plan

  variables {
    node_groups = { general = { disk_size = 19 } }
  }

  expect_failures = [var.node_groups]
}

run "node_groups_name_an_instance_type" {
  command = plan

  variables {
    node_groups = { general = { instance_types = [] } }
  }

  expect_failures = [var.node_groups]
}

run "node_groups_start_with_min_or_more" {
  command = plan

  variables {
    node_groups = { general = { desired = 1, min = 2 } }
  }

  expect_failures = [var.node_groups]
}

run "node_groups_start_with_max_or_less" {
  command = plan

  variables {
    node_groups = { general = { desired = 4, max = 3 } }
  }

  expect_failures = [var.node_groups]
}

run "node_groups_may_grow" {
  command = plan

  variables {
    node_groups = { general = { desired = 0, max = 0, min = 0 } }
  }

  expect_failures = [var.node_groups]
}

run "node_groups_taint_with_a_known_effect" {
  command = plan

  variables {
    node_groups = { general = { taints = { batch = { effect = "NoSchedule" } } } }
  }

  expect_failures = [var.node_groups]
}

run "secrets_key_is_no_alias" {
  command = plan

  variables {
    secrets_key = { arn = "arn:aws:kms:us-east-1:123456789012:alias/secrets" }
  }

  expect_failures = [var.secrets_key]
}

run "subnet_ids_are_two" {
  command = plan

  variables {
    subnet_ids = ["subnet-0a"]
  }

  expect_failures = [var.subnet_ids]
}

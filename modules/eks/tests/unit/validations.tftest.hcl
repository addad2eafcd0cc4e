# Each run hands each variable that it lists a value that it must refuse; one that took it would fail the run by name.
# Several share a run, as a plan costs more than its question; what a validation looks at besides is valid. Mocked.
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

run "keys_and_names_are_plain" {
  command = plan

  variables {
    # keys are short and plain
    controllers = { "EBS csi" = { namespace = "a", policies = { a = "{}" }, service_account = "a" } }

    # begins with a letter
    name = "1unit"

    # keys are short and plain
    node_groups = { General = {} }
  }

  expect_failures = [var.controllers, var.name, var.node_groups]
}

run "access_is_not_for_everybody" {
  command = plan

  variables {
    # no system groups
    access_entries = {
      team = { kubernetes_groups = ["system:masters"], principal_arn = "arn:aws:iam::123456789012:role/team" }
    }

    # no wildcard namespace
    controllers = { cluster-autoscaler = { namespace = "*" } }

    # not open to everybody
    endpoint = { public_cidrs = ["0.0.0.0/0"] }
  }

  expect_failures = [var.access_entries, var.controllers, var.endpoint]
}

run "access_is_not_for_everybody_by_a_detour" {
  command = plan

  variables {
    # no wildcard service account
    controllers = { cluster-autoscaler = { service_account = "cluster-*" } }

    # not open to everybody in two halves
    endpoint = { public_cidrs = ["0.0.0.0/1", "128.0.0.0/1"] }
  }

  expect_failures = [var.controllers, var.endpoint]
}

run "what_is_needed_is_given" {
  command = plan

  variables {
    # one of our own needs a service account
    controllers = { reports = { namespace = "reports", policies = { a = "{}" } } }

    # is somewhere
    endpoint = { private = false }

    # name an instance type
    node_groups = { general = { instance_types = [] } }
  }

  expect_failures = [var.controllers, var.endpoint, var.node_groups]
}

run "controllers_have_a_namespace_and_nodes_have_room" {
  command = plan

  variables {
    # one of our own needs a namespace
    controllers = { reports = { policies = { a = "{}" }, service_account = "reports" } }

    # have room for images
    node_groups = { general = { disk_size = 19 } }
  }

  expect_failures = [var.controllers, var.node_groups]
}

run "controllers_may_do_something_and_nodes_may_grow" {
  command = plan

  variables {
    # one of our own needs permissions
    controllers = { reports = { namespace = "reports", service_account = "reports" } }

    # may grow
    node_groups = { general = { desired = 0, max = 0, min = 0 } }
  }

  expect_failures = [var.controllers, var.node_groups]
}

run "nothing_is_too_little" {
  command = plan

  variables {
    # external-dns needs zones
    controllers = { external-dns = {} }

    # start with min or more
    node_groups = { general = { desired = 1, min = 2 } }

    # are two
    subnet_ids = ["subnet-0a"]
  }

  expect_failures = [var.controllers, var.node_groups, var.subnet_ids]
}

run "nothing_is_too_much" {
  command = plan

  variables {
    # others than external-dns take no zones
    controllers = { ebs-csi = { zone_ids = ["Z0123456789EXAMPLE"] } }

    # is short
    name = "abcdefghijklmnopqrstuvwxyz0123456"

    # start with max or less
    node_groups = { general = { desired = 4, max = 3 } }
  }

  expect_failures = [var.controllers, var.name, var.node_groups]
}

run "values_are_well_formed" {
  command = plan

  variables {
    # need a role or user
    access_entries = { team = { principal_arn = "arn:aws:iam::123456789012:group/team" } }

    # policies are JSON
    controllers = { ebs-csi = { policies = { more = "allow all" } } }

    # takes CIDR blocks
    endpoint = { public_cidrs = ["office"] }

    # is a minor version
    kubernetes_version = "1.33.1"

    # taint with a known effect
    node_groups = { general = { taints = { batch = { effect = "NoSchedule" } } } }

    # is no alias
    secrets_key = { arn = "arn:aws:kms:us-east-1:123456789012:alias/secrets" }
  }

  expect_failures = [
    var.access_entries, var.controllers, var.endpoint, var.kubernetes_version, var.node_groups, var.secrets_key,
  ]
}

run "names_are_known" {
  command = plan

  variables {
    # name EKS policies
    access_entries = {
      team = { policies = { AdministratorAccess = {} }, principal_arn = "arn:aws:iam::123456789012:role/team" }
    }

    # name a controller that is there
    addons = { aws-ebs-csi-driver = { controller = "ebs-csi" } }

    # are of known types
    logs = { types = ["audit", "kubelet"] }

    # run Amazon Linux
    node_groups = { general = { ami_type = "WINDOWS_CORE_2022_x86_64" } }
  }

  expect_failures = [var.access_entries, var.addons, var.logs, var.node_groups]
}

run "configuration_is_json_and_choices_are_known" {
  command = plan

  variables {
    # are configured in JSON
    addons = { coredns = { configuration = "replicaCount: 3" } }

    # stay for a known period
    logs = { retention_days = 100 }

    # have a known capacity
    node_groups = { general = { capacity_type = "RESERVED" } }
  }

  expect_failures = [var.addons, var.logs, var.node_groups]
}

# What each input changes, with a mocked provider.
mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws-us-gov" }
  }
}

variables {
  name               = "unit"
  kubernetes_version = "1.33"
  subnet_ids         = ["subnet-0a", "subnet-0b"]
}

run "endpoint_opens_to_the_list" {
  command = plan

  variables {
    endpoint = { private = false, public_cidrs = ["198.51.100.0/24"] }
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_public_access
    error_message = "The list must open the endpoint."
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].public_access_cidrs == toset(["198.51.100.0/24"])
    error_message = "The endpoint must be open to the list only."
  }

  assert {
    condition     = !aws_eks_cluster.this.vpc_config[0].endpoint_private_access
    error_message = "private = false must count."
  }
}

run "secrets_key_replaces_the_own_key" {
  command = plan

  variables {
    secrets_key = { arn = "arn:aws:kms:us-east-1:123456789012:key/0" }
  }

  assert {
    condition     = length(aws_kms_key.secrets) == 0 && length(aws_kms_alias.secrets) == 0
    error_message = "With a key given there must be no other."
  }

  assert {
    condition     = aws_eks_cluster.this.encryption_config[0].provider[0].key_arn == "arn:aws:kms:us-east-1:123456789012:key/0"
    error_message = "The given key must encrypt the secrets."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.cluster_secrets.policy).Statement[0].Resource == "arn:aws:kms:us-east-1:123456789012:key/0"
    error_message = "The cluster may use this key and no other."
  }

  assert {
    condition     = output.secrets_key_arn == "arn:aws:kms:us-east-1:123456789012:key/0"
    error_message = "The key must be an output."
  }
}

run "logs_can_be_off" {
  command = plan

  variables {
    logs = { types = [] }
  }

  assert {
    condition     = length(aws_cloudwatch_log_group.this) == 0 && output.log_group_name == null
    error_message = "Without types there must be no log group."
  }
}

run "logs_can_be_longer_and_under_a_key" {
  command = plan

  variables {
    logs = {
      kms_key_arn    = "arn:aws:kms:us-east-1:123456789012:key/1"
      retention_days = 365
      types          = ["audit", "scheduler"]
    }
  }

  assert {
    condition     = aws_cloudwatch_log_group.this[0].retention_in_days == 365
    error_message = "retention_days must count."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this[0].kms_key_id == "arn:aws:kms:us-east-1:123456789012:key/1"
    error_message = "kms_key_arn must encrypt the logs."
  }

  assert {
    condition     = aws_eks_cluster.this.enabled_cluster_log_types == toset(["audit", "scheduler"])
    error_message = "types must count."
  }
}

run "addons_get_version_configuration_and_order" {
  command = plan

  variables {
    addons = {
      coredns = { configuration = "{\"replicaCount\":3}", version = "v1.11.3-eksbuild.1" }
      vpc-cni = { before_nodes = true, configuration = "{\"enableNetworkPolicy\":\"true\"}", version = "v1.19.0-eksbuild.1" }
    }
  }

  assert {
    condition     = aws_eks_addon.this["coredns"].addon_version == "v1.11.3-eksbuild.1"
    error_message = "The version must be the given one."
  }

  assert {
    condition     = jsondecode(aws_eks_addon.this["coredns"].configuration_values).replicaCount == 3
    error_message = "The configuration must be the given one."
  }

  assert {
    condition     = aws_eks_addon.before_nodes["vpc-cni"].addon_version == "v1.19.0-eksbuild.1"
    error_message = "The version of early add-ons must be the given one."
  }

  assert {
    condition     = jsondecode(aws_eks_addon.before_nodes["vpc-cni"].configuration_values).enableNetworkPolicy == "true"
    error_message = "The configuration of early add-ons must be the given one."
  }

  assert {
    condition = alltrue([
      for addon in [aws_eks_addon.this["coredns"], aws_eks_addon.before_nodes["vpc-cni"]] :
      addon.resolve_conflicts_on_create == "OVERWRITE" && addon.resolve_conflicts_on_update == "OVERWRITE"
    ])
    error_message = "What the code says must win over what somebody changed by hand."
  }

  assert {
    condition     = aws_eks_addon.this["coredns"].service_account_role_arn == null && aws_eks_addon.before_nodes["vpc-cni"].service_account_role_arn == null
    error_message = "Without a controller an add-on has no role."
  }
}

run "access_entries_are_for_the_cluster_or_for_namespaces" {
  command = plan

  variables {
    access_entries = {
      operators = {
        kubernetes_groups = ["operators"]
        policies          = { AmazonEKSClusterAdminPolicy = {} }
        principal_arn     = "arn:aws-us-gov:iam::123456789012:role/operators"
      }
      reader = {
        policies      = { AmazonEKSViewPolicy = { namespaces = ["reports"] } }
        principal_arn = "arn:aws-us-gov:iam::123456789012:user/reader"
      }
    }
  }

  assert {
    condition     = aws_eks_access_entry.this["operators"].kubernetes_groups == toset(["operators"])
    error_message = "kubernetes_groups must count."
  }

  assert {
    condition = {
      for key, association in aws_eks_access_policy_association.this : key => [
        association.access_scope[0].type, association.principal_arn, association.policy_arn
      ]
      } == {
      "operators/AmazonEKSClusterAdminPolicy" = [
        "cluster",
        "arn:aws-us-gov:iam::123456789012:role/operators",
        "arn:aws-us-gov:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
      ]
      "reader/AmazonEKSViewPolicy" = [
        "namespace",
        "arn:aws-us-gov:iam::123456789012:user/reader",
        "arn:aws-us-gov:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
      ]
    }
    error_message = "Each policy must go to its principal, for the scope that was given, in this partition."
  }

  assert {
    condition     = aws_eks_access_policy_association.this["reader/AmazonEKSViewPolicy"].access_scope[0].namespaces == toset(["reports"])
    error_message = "The policy must be for the given namespaces."
  }

  assert {
    condition     = alltrue([for entry in values(aws_eks_access_entry.this) : length(entry.tags["Name"]) > 0])
    error_message = "Entries must have tags."
  }
}

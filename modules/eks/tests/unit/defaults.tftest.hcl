# What one gets for saying nothing, with a mocked provider. Every default here is a promise: safe and encrypted.
mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  name               = "unit"
  kubernetes_version = "1.33"
  subnet_ids         = ["subnet-0a", "subnet-0b"]
  tags               = { Team = "platform" }
}

run "the_api_is_private" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_private_access
    error_message = "The API must answer inside the VPC."
  }

  assert {
    condition     = !aws_eks_cluster.this.vpc_config[0].endpoint_public_access
    error_message = "The API must not answer on the internet."
  }
}

run "secrets_are_encrypted_with_a_key_of_the_cluster" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.encryption_config[0].resources == toset(["secrets"])
    error_message = "Secrets must be encrypted."
  }

  assert {
    condition     = length(aws_kms_key.secrets) == 1 && aws_kms_key.secrets[0].enable_key_rotation
    error_message = "The module must make a key that rotates."
  }

  assert {
    condition     = aws_kms_key.secrets[0].deletion_window_in_days == 30
    error_message = "The key must stay as long as AWS keeps it: without it no secret can be read."
  }

  assert {
    condition     = aws_kms_alias.secrets[0].name == "alias/eks/unit"
    error_message = "The key must be found by the cluster's name."
  }
}

run "only_access_entries_let_in" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.access_config[0].authentication_mode == "API"
    error_message = "The aws-auth config map must not count."
  }

  assert {
    condition     = !aws_eks_cluster.this.access_config[0].bootstrap_cluster_creator_admin_permissions
    error_message = "Who creates the cluster must not rule it."
  }

  assert {
    condition     = length(aws_eks_access_entry.this) == 0 && length(aws_eks_access_policy_association.this) == 0
    error_message = "Nobody has access before an entry says so."
  }
}

run "the_control_plane_logs_who_did_what" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.enabled_cluster_log_types == toset(["api", "audit", "authenticator"])
    error_message = "api, audit and authenticator must be logged."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this[0].name == "/aws/eks/unit/cluster"
    error_message = "EKS writes to this log group and no other."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this[0].retention_in_days == 90
    error_message = "Logs must stay for 90 days, not for ever."
  }

  assert {
    condition     = output.log_group_name == "/aws/eks/unit/cluster"
    error_message = "The log group must be an output."
  }
}

run "addons_are_declared_network_first" {
  command = plan

  assert {
    condition     = toset(keys(aws_eks_addon.before_nodes)) == toset(["kube-proxy", "vpc-cni"])
    error_message = "The network must be there before the nodes."
  }

  assert {
    condition     = toset(keys(aws_eks_addon.this)) == toset(["coredns"])
    error_message = "coredns needs nodes to run on."
  }

  assert {
    condition     = !aws_eks_cluster.this.bootstrap_self_managed_addons
    error_message = "EKS must not install add-ons that nobody declared."
  }

  assert {
    condition     = toset(keys(output.addon_versions)) == toset(["coredns", "kube-proxy", "vpc-cni"])
    error_message = "All add-ons must be in the output."
  }
}

run "nothing_runs_before_it_is_asked_for" {
  command = plan

  assert {
    condition     = length(aws_eks_node_group.this) == 0 && length(aws_launch_template.this) == 0
    error_message = "There must be no nodes."
  }

  assert {
    condition     = length(aws_iam_role.node) == 0 && length(aws_iam_role_policy_attachment.node) == 0
    error_message = "Without nodes there must be no role for them."
  }

  assert {
    condition     = output.node_role_arn == null && length(output.node_groups) == 0
    error_message = "Outputs of nodes must say that there are none."
  }

  assert {
    condition     = length(aws_iam_role.controller) == 0
    error_message = "There must be no controller roles."
  }
}

run "everything_has_the_tags" {
  command = plan

  assert {
    condition = alltrue([
      for tags in [
        aws_cloudwatch_log_group.this[0].tags,
        aws_eks_addon.before_nodes["vpc-cni"].tags,
        aws_eks_addon.this["coredns"].tags,
        aws_eks_cluster.this.tags,
        aws_iam_openid_connect_provider.this.tags,
        aws_iam_role.cluster.tags,
        aws_kms_key.secrets[0].tags,
      ] : tags["Team"] == "platform" && length(tags["Name"]) > 0
    ])
    error_message = "Tags of the caller and Name must be on everything."
  }
}

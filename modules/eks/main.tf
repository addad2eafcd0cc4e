data "aws_partition" "this" {}

locals {
  # ARNs of what AWS itself manages differ only in the partition (aws, aws-cn, aws-us-gov).
  managed_policy_prefix = "arn:${data.aws_partition.this.partition}:iam::aws:policy"
  log_group_name        = "/aws/eks/${var.name}/cluster"
  secrets_key_arn       = var.secrets_key != null ? var.secrets_key.arn : one(aws_kms_key.secrets[*].arn)
}

resource "aws_eks_cluster" "this" {
  name     = var.name
  role_arn = aws_iam_role.cluster.arn
  version  = var.kubernetes_version

  # Add-ons come from var.addons, with versions that somebody chose.
  bootstrap_self_managed_addons = false
  enabled_cluster_log_types     = var.logs.types

  access_config {
    # Access entries only: the aws-auth config map cannot be planned, and who creates a cluster need not rule it.
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = false
  }

  encryption_config {
    resources = ["secrets"]

    provider {
      key_arn = local.secrets_key_arn
    }
  }

  vpc_config {
    endpoint_private_access = var.endpoint.private
    endpoint_public_access  = length(var.endpoint.public_cidrs) > 0
    public_access_cidrs     = length(var.endpoint.public_cidrs) > 0 ? var.endpoint.public_cidrs : null
    subnet_ids              = var.subnet_ids
  }

  tags = merge(var.tags, { Name = var.name })

  # Without its permissions EKS can neither make nor later remove its network interfaces; without our log group it
  # makes one that keeps logs for ever.
  depends_on = [
    aws_cloudwatch_log_group.this,
    aws_iam_role_policy.cluster_secrets,
    aws_iam_role_policy_attachment.cluster,
  ]
}

resource "aws_cloudwatch_log_group" "this" {
  count = length(var.logs.types) > 0 ? 1 : 0

  name              = local.log_group_name
  kms_key_id        = var.logs.kms_key_arn
  retention_in_days = var.logs.retention_days

  tags = merge(var.tags, { Name = local.log_group_name })
}

resource "aws_iam_openid_connect_provider" "this" {
  client_id_list = ["sts.amazonaws.com"]
  url            = aws_eks_cluster.this.identity[0].oidc[0].issuer

  tags = merge(var.tags, { Name = var.name })
}

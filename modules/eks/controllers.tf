# Roles for service accounts: a pod changes its Kubernetes token for credentials of exactly one role.

locals {
  oidc_issuer = replace(aws_eks_cluster.this.identity[0].oidc[0].issuer, "https://", "")

  known_controllers = {
    cluster-autoscaler = {
      namespace       = "kube-system"
      policies        = tomap({ cluster-autoscaler = local.cluster_autoscaler_policy })
      policy_arns     = tomap({})
      service_account = "cluster-autoscaler"
    }
    ebs-csi = {
      namespace       = "kube-system"
      policies        = tomap({})
      policy_arns     = tomap({ ebs-csi = "${local.managed_policy_prefix}/service-role/AmazonEBSCSIDriverPolicy" })
      service_account = "ebs-csi-controller-sa"
    }
    external-dns = {
      namespace       = "external-dns"
      policies        = tomap({ external-dns = local.external_dns_policy })
      policy_arns     = tomap({})
      service_account = "external-dns"
    }
    load-balancer-controller = {
      namespace       = "kube-system"
      policies        = tomap({ load-balancer-controller = local.load_balancer_controller_policy })
      policy_arns     = tomap({})
      service_account = "aws-load-balancer-controller"
    }
  }

  # What is known about each; nothing about those that bring all of their own.
  known = {
    for name in keys(var.controllers) : name => lookup(local.known_controllers, name, {
      namespace       = null
      policies        = tomap({})
      policy_arns     = tomap({})
      service_account = null
    })
  }

  controllers = {
    for name, controller in var.controllers : name => {
      namespace       = coalesce(controller.namespace, local.known[name].namespace)
      policies        = merge(local.known[name].policies, controller.policies)
      policy_arns     = merge(local.known[name].policy_arns, controller.policy_arns)
      service_account = coalesce(controller.service_account, local.known[name].service_account)
    }
  }

  controller_policies = merge([
    for name, controller in local.controllers : {
      for policy, document in controller.policies : "${name}/${policy}" => {
        controller = name
        document   = document
        name       = policy
      }
    }
  ]...)

  controller_policy_arns = merge([
    for name, controller in local.controllers : {
      for policy, arn in controller.policy_arns : "${name}/${policy}" => { arn = arn, controller = name }
    }
  ]...)
}

resource "aws_iam_role" "controller" {
  for_each = local.controllers

  name_prefix = "${var.name}-"
  description = "${each.key} in ${var.name}."
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Action    = "sts:AssumeRoleWithWebIdentity"
      Effect    = "Allow"
      Principal = { Federated = aws_iam_openid_connect_provider.this.arn }
      Condition = {
        StringEquals = {
          "${local.oidc_issuer}:aud" = "sts.amazonaws.com"
          "${local.oidc_issuer}:sub" = "system:serviceaccount:${each.value.namespace}:${each.value.service_account}"
        }
      }
    }]
  })

  tags = merge(var.tags, { Name = "${var.name}-${each.key}" })
}

resource "aws_iam_role_policy" "controller" {
  for_each = local.controller_policies

  name   = each.value.name
  role   = aws_iam_role.controller[each.value.controller].name
  policy = each.value.document
}

resource "aws_iam_role_policy_attachment" "controller" {
  for_each = local.controller_policy_arns

  role       = aws_iam_role.controller[each.value.controller].name
  policy_arn = each.value.arn
}

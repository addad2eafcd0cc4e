# What the known controllers may do. Each follows the project's own published policy, narrowed to this cluster
# where AWS can: by the tags that EKS and the controllers put on what is theirs.

locals {
  cluster_autoscaler_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Read"
        Effect = "Allow"
        Action = [
          "autoscaling:DescribeAutoScalingGroups",
          "autoscaling:DescribeAutoScalingInstances",
          "autoscaling:DescribeLaunchConfigurations",
          "autoscaling:DescribeScalingActivities",
          "autoscaling:DescribeTags",
          "ec2:DescribeImages",
          "ec2:DescribeInstanceTypes",
          "ec2:DescribeLaunchTemplateVersions",
          "ec2:GetInstanceTypesFromInstanceRequirements",
          "eks:DescribeNodegroup",
        ]
        Resource = "*"
      },
      {
        Sid       = "ScaleOwn"
        Effect    = "Allow"
        Action    = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:ResourceTag/k8s.io/cluster-autoscaler/${var.name}" = "owned" } }
      },
    ]
  })

  external_dns_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "ChangeZones"
        Effect = "Allow"
        Action = ["route53:ChangeResourceRecordSets"]
        Resource = [
          for zone in sort(try(var.controllers["external-dns"].zone_ids, [])) :
          "arn:${data.aws_partition.this.partition}:route53:::hostedzone/${zone}"
        ]
      },
      {
        Sid    = "Read"
        Effect = "Allow"
        Action = [
          "route53:ListHostedZones",
          "route53:ListResourceRecordSets",
          "route53:ListTagsForResources",
        ]
        Resource = "*"
      },
    ]
  })

  load_balancer_controller_policy = tostring(templatefile("${path.module}/policies/load-balancer-controller.json.tftpl", {
    partition = data.aws_partition.this.partition
  }))
}

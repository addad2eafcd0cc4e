# Every input once: an endpoint for one office, two node groups, all known controllers and one of our own.
locals {
  tags = { Environment = "example", Team = "platform" }
}

module "eks" {
  source = "../.."

  name               = "complete"
  kubernetes_version = "1.33"
  subnet_ids         = values(module.network.subnet_ids["private"])

  endpoint    = { public_cidrs = ["198.51.100.0/24"] }
  secrets_key = { arn = aws_kms_key.cluster.arn }

  logs = {
    retention_days = 30
    types          = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
  }

  node_groups = {
    batch = {
      capacity_type  = "SPOT"
      desired        = 0
      instance_types = ["m7i.large", "m6i.large"]
      labels         = { workload = "batch" }
      max            = 10
      min            = 0
      subnet_ids     = [module.network.subnet_ids["private"]["us-east-1a"]]
      taints         = { batch = { value = "true" } }
    }
    general = {}
  }

  addons = {
    aws-ebs-csi-driver = { controller = "ebs-csi" }
    coredns            = { configuration = jsonencode({ replicaCount = 3 }) }
    kube-proxy         = { before_nodes = true }
    vpc-cni            = { before_nodes = true }
  }

  controllers = {
    cluster-autoscaler       = {}
    ebs-csi                  = {}
    external-dns             = { zone_ids = ["Z0123456789EXAMPLE"] }
    load-balancer-controller = {}
    reports = {
      namespace       = "reports"
      service_account = "reports"
      policies = {
        read = jsonencode({
          Version   = "2012-10-17"
          Statement = [{ Action = "s3:GetObject", Effect = "Allow", Resource = "arn:aws:s3:::example-reports/*" }]
        })
      }
    }
  }

  access_entries = {
    developers = {
      policies      = { AmazonEKSViewPolicy = { namespaces = ["reports"] } }
      principal_arn = aws_iam_role.team["developers"].arn
    }
    operators = {
      kubernetes_groups = ["operators"]
      policies          = { AmazonEKSClusterAdminPolicy = {} }
      principal_arn     = aws_iam_role.team["operators"].arn
    }
  }

  tags = local.tags
}

module "network" {
  source = "../../../vpc"

  name  = "eks-complete"
  cidr  = "10.21.0.0/16"
  zones = ["us-east-1a", "us-east-1b"]

  flow_logs = {}
  nat       = "one"

  tags = local.tags
}

# A real stack takes the key and the roles of its account.
resource "aws_kms_key" "cluster" {
  deletion_window_in_days = 30
  description             = "Kubernetes secrets of the complete example"
  enable_key_rotation     = true

  tags = merge(local.tags, { Name = "eks-complete" })
}

resource "aws_iam_role" "team" {
  for_each = toset(["developers", "operators"])

  name = "eks-complete-${each.key}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Action    = "sts:AssumeRole"
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })

  tags = merge(local.tags, { Name = "eks-complete-${each.key}" })
}

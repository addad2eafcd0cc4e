# A private cluster without nodes: what every other input adds to.
module "eks" {
  source = "../.."

  name               = "minimal"
  kubernetes_version = "1.33"
  subnet_ids         = values(module.network.subnet_ids["private"])

  tags = { Environment = "example" }
}

module "network" {
  source = "../../../vpc"

  name  = "eks-minimal"
  cidr  = "10.20.0.0/16"
  zones = ["us-east-1a", "us-east-1b"]

  flow_logs = {}
  subnets   = { private = {} }

  tags = { Environment = "example" }
}

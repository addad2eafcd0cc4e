# Somewhere to stand. A real stack takes VPC and subnets of its vpc module.
module "network" {
  source = "../../../vpc"

  name  = "server-group-minimal"
  cidr  = "10.30.0.0/16"
  zones = ["us-east-1a", "us-east-1b"]

  dns_hostnames     = false
  gateway_endpoints = {}
  subnets           = { private = {} }

  tags = { Environment = "example" }
}

# One private subnet and nothing that costs money: what every other input adds to.
module "vpc" {
  source = "../.."

  name  = "minimal"
  cidr  = "10.0.0.0/16"
  zones = ["us-east-1a"]

  dns_hostnames     = false
  gateway_endpoints = {}
  subnets           = { private = {} }

  tags = { Environment = "example" }
}

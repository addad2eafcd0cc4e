# The smallest environment: a closed network and its record.
module "core" {
  source = "../.."

  name   = "minimal"
  labels = { owner = "platform" }

  vpc = {
    cidr          = "10.30.0.0/20"
    dns_hostnames = false
    flow_logs     = {}
    subnets       = { private = {} }
    zones         = ["us-east-1a", "us-east-1b"]
  }

  tags = { Team = "platform" }
}

module "core" {
  source = "git::https://github.com/modferry/modferry.git//modules/core?ref=core/v0.1.0"

  name   = "prod-us-east-1"
  labels = { owner = "platform" }

  vpc = {
    cidr          = "10.32.0.0/20"
    dns_hostnames = false
    subnets       = { private = {} }
    zones         = ["us-east-1a", "us-east-1b"]
  }

  tags = { Stack = "prod/us-east-1" }
}

# What this environment has beside the module: where its operators are told what happens.
resource "aws_ssm_parameter" "on_call" {
  name  = "/modferry/prod/us-east-1/on-call"
  type  = "String"
  value = "platform@example.com"
}

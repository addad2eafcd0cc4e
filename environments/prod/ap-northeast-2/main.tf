module "core" {
  source = "git::https://github.com/modferry/modferry.git//modules/core?ref=core/v0.1.0"

  name   = "prod-ap-northeast-2"
  labels = { owner = "platform" }

  vpc = {
    cidr          = "10.34.0.0/20"
    dns_hostnames = false
    subnets       = { private = {} }
    zones         = ["ap-northeast-2a", "ap-northeast-2c"]
  }

  tags = { Stack = "prod/ap-northeast-2" }
}

# What this environment has beside the module: where its operators are told what happens.
resource "aws_ssm_parameter" "on_call" {
  name  = "/modferry/prod/ap-northeast-2/on-call"
  type  = "String"
  value = "platform@example.com"
}

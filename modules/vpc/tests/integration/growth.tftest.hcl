# A network that stands and grows: on the emulator (or a sandbox account), created for real and destroyed again.
variables {
  name  = "growth"
  cidr  = "10.6.0.0/16"
  zones = ["us-east-1a"]
  tags  = { Team = "platform" }
}

run "one_zone" {
  assert {
    condition     = alltrue([for tier in ["private", "public"] : keys(output.subnet_ids[tier]) == ["us-east-1a"]])
    error_message = "Each tier must have its subnet in the zone."
  }
}

run "a_second_zone_leaves_what_stands" {
  variables {
    zones = ["us-east-1a", "us-east-1b"]
  }

  assert {
    condition     = output.vpc_id == run.one_zone.vpc_id
    error_message = "A zone more must not replace the VPC."
  }

  assert {
    condition = alltrue([
      for tier, zones in run.one_zone.subnet_ids : output.subnet_ids[tier]["us-east-1a"] == zones["us-east-1a"]
    ])
    error_message = "A zone more must not replace the subnets of the first."
  }
}

run "nothing_is_left_to_do" {
  command = plan

  variables {
    zones = ["us-east-1a", "us-east-1b"]
  }

  assert {
    condition     = output.vpc_id == run.one_zone.vpc_id
    error_message = "The second plan must find the network that stands."
  }
}

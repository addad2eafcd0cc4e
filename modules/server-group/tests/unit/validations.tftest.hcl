# Each run hands each variable that it lists a value that it must refuse; one that took it would fail the run by name.
# Each value breaks one rule only. Several share a run, as a plan costs more than its question; what a validation looks
# at besides is valid, and stands at the end. Mocked.
mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  name   = "unit"
  vpc_id = "vpc-0123456789abcdef0"
}

run "what_needs_servers_has_them" {
  command = plan

  variables {
    # on servers need servers
    alarms = { a = { metric = "m", threshold = 1 } }

    # have different ports
    listeners = { a = { port = 80, redirect_to = 443 }, b = { port = 80, redirect_to = 443 } }

    # policies need servers
    scaling = { policies = { cpu = { target = 60 } } }

    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
  }

  expect_failures = [var.alarms, var.listeners, var.scaling]
}

run "what_needs_a_load_balancer_has_one" {
  command = plan

  variables {
    alarms    = { a = { metric = "m", of = "load_balancer", threshold = 1 } } # on a load balancer need one
    listeners = { http = { port = 80, redirect_to = 443 } }                   # need a load balancer

    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
  }

  expect_failures = [var.alarms, var.listeners]
}

run "metrics_and_ports_are_known" {
  command = plan

  variables {
    alarms    = { a = { metric = "m", of = "database", threshold = 1 } }            # are of known things
    listeners = { http = { port = 70000, redirect_to = 443 } }                      # have ports
    scaling   = { policies = { cpu = { metric = "CPUUtilization", target = 60 } } } # follows known metrics

    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    servers       = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
  }

  expect_failures = [var.alarms, var.listeners, var.scaling]
}

run "listeners_do_something_and_scaling_goes_upwards" {
  command = plan

  variables {
    # do something
    listeners = { https = { certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555", port = 443 } }

    # goes upwards
    scaling = { max = 1, min = 2 }

    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    servers       = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
  }

  expect_failures = [var.listeners, var.scaling]
}

run "listeners_of_an_nlb_forward_and_scaling_is_not_negative" {
  command = plan

  variables {
    listeners = { a = { fixed_response = { status_code = 404 }, port = 80 } } # of an NLB forward
    scaling   = { max = 1, min = -1 }                                         # is not negative

    load_balancer = { subnet_ids = ["subnet-0a"], type = "nlb" }
    servers       = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
  }

  expect_failures = [var.listeners, var.scaling]
}

run "what_is_named_is_there" {
  command = plan

  variables {
    # of a target group name one that is there
    alarms = { a = { metric = "m", of = "target_group", target_group = "api", threshold = 1 } }

    # forward to what is there
    listeners = { https = { certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555", port = 443, target_group = "api" } }

    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.alarms, var.listeners]
}

run "alarms_name_a_target_group_and_rules_one_that_is_there" {
  command = plan

  variables {
    # of a target group name one
    alarms = { a = { metric = "m", of = "target_group", threshold = 1 } }

    # rules forward to what is there
    listeners = { https = { certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555", port = 443, rules = { a = { paths = ["/"], priority = 1, target_group = "api" } }, target_group = "app" } }

    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.alarms, var.listeners]
}

run "nothing_is_said_in_vain" {
  command = plan

  variables {
    # of servers name no target group
    alarms = { a = { metric = "m", target_group = "app", threshold = 1 } }

    # that redirect have no rules
    listeners = { http = { port = 80, redirect_to = 443, rules = { a = { paths = ["/"], priority = 1, target_group = "app" } } } }

    # by load names no target group
    scaling = { policies = { r = { target = 60, target_group = "app" } } }

    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    servers       = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.alarms, var.listeners, var.scaling]
}

run "rules_and_policies_are_complete" {
  command = plan

  variables {
    # rules ask for something
    listeners = { https = { certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555", port = 443, rules = { a = { priority = 1, target_group = "app" } }, target_group = "app" } }

    # by requests names a target group
    scaling = { policies = { r = { metric = "ALBRequestCountPerTarget", target = 60 } } }

    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    servers       = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners, var.scaling]
}

run "listeners_do_one_thing" {
  command = plan

  variables {
    listeners = { https = { certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555", fixed_response = { status_code = 404 }, port = 443, target_group = "app" } }

    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "listeners_of_an_nlb_have_no_rules" {
  command = plan

  variables {
    listeners = { a = { port = 80, rules = { a = { paths = ["/"], priority = 1, target_group = "app" } }, target_group = "app" } }

    load_balancer = { subnet_ids = ["subnet-0a"], type = "nlb" }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "listeners_of_an_alb_speak_http" {
  command = plan

  variables {
    listeners = { a = { port = 80, protocol = "TCP", target_group = "app" } }

    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "listeners_of_an_nlb_speak_tcp" {
  command = plan

  variables {
    listeners = { a = { port = 80, protocol = "HTTP", target_group = "app" } }

    load_balancer = { subnet_ids = ["subnet-0a"], type = "nlb" }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "listeners_need_a_certificate_for_https" {
  command = plan

  variables {
    listeners = { a = { port = 443, target_group = "app" } }

    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "listeners_need_a_certificate_for_tls" {
  command = plan

  variables {
    listeners = { a = { port = 443, protocol = "TLS", target_group = "app" } }

    load_balancer = { subnet_ids = ["subnet-0a"], type = "nlb" }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "listeners_take_no_certificate_for_tcp" {
  command = plan

  variables {
    listeners = { a = { certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555", port = 443, target_group = "app" } }

    load_balancer = { subnet_ids = ["subnet-0a"], type = "nlb" }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "the_public_is_kept_out" {
  command = plan

  variables {
    # public ones do not speak HTTP
    listeners = { a = { port = 80, protocol = "HTTP", target_group = "app" } }

    # do not let in everybody
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], ingress = { a = { cidr = "0.0.0.0/0", port = 22 } } }

    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"], internal = false }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners, var.servers]
}

run "names_types_and_images_are_known" {
  command = plan

  variables {
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"], type = "classic" } # are of two types
    name          = "Web"                                                         # has no capitals
    servers       = { image_id = "amazon-linux", subnet_ids = ["subnet-0a"] }     # have an image
  }

  expect_failures = [var.load_balancer, var.name, var.servers]
}

run "blocks_are_blocks" {
  command = plan

  variables {
    # let in blocks
    load_balancer = { allowed_cidrs = ["everybody"], subnet_ids = ["subnet-0a", "subnet-0b"] }

    # go out to blocks
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], egress = { a = { cidr = "everybody", port = 443 } } }
  }

  expect_failures = [var.load_balancer, var.servers]
}

run "everything_stands_somewhere" {
  command = plan

  variables {
    load_balancer = { subnet_ids = ["subnet-0a"] }                          # an ALB stands in two subnets
    servers       = { image_id = "ami-0123456789abcdef0", subnet_ids = [] } # stand somewhere
  }

  expect_failures = [var.load_balancer, var.servers]
}

run "lengths_and_shares_have_bounds" {
  command = plan

  variables {
    # an NLB stands somewhere
    load_balancer = { subnet_ids = [], type = "nlb" }

    # is not too long
    name = "a23456789012345678901234567890123"

    # refresh keeps no negative share
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], refresh = { min_healthy_percentage = -1 } }
  }

  expect_failures = [var.load_balancer, var.name, var.servers]
}

run "target_groups_have_a_load_balancer_and_rules_a_source" {
  command = plan

  variables {
    # let in somebody
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], ingress = { a = { port = 22 } } }

    # need a load balancer
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.servers, var.target_groups]
}

run "ports_and_protocols_are_real" {
  command = plan

  variables {
    # let in TCP or UDP
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], ingress = { a = { cidr = "10.0.0.0/8", port = 1, protocol = "-1" } } }

    # have ports
    target_groups = { app = { port = 0 } }

    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
  }

  expect_failures = [var.servers, var.target_groups]
}

run "protocols_fit" {
  command = plan

  variables {
    # go out by TCP or UDP
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], egress = { a = { cidr = "10.0.0.0/8", port = 1, protocol = "all" } } }

    # of an ALB speak HTTP
    target_groups = { app = { port = 80, protocol = "TCP" } }

    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
  }

  expect_failures = [var.servers, var.target_groups]
}

run "what_excludes_each_other_is_not_mixed" {
  command = plan

  variables {
    # let in block or group
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], ingress = { a = { cidr = "10.0.0.0/8", port = 22, security_group_id = "sg-0a" } } }

    # of an NLB speak TCP
    target_groups = { app = { port = 80, protocol = "HTTP" } }

    load_balancer = { subnet_ids = ["subnet-0a"], type = "nlb" }
  }

  expect_failures = [var.servers, var.target_groups]
}

run "names_states_and_target_types_are_allowed" {
  command = plan

  variables {
    # is not kept by AWS
    name = "internal-web"

    # warm pools have known states
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], warm_pool = { state = "Ready" } }

    # hold instances or addresses
    target_groups = { app = { port = 80, target_type = "lambda" } }

    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
  }

  expect_failures = [var.name, var.servers, var.target_groups]
}

run "times_and_shares_are_possible" {
  command = plan

  variables {
    # refresh keeps a share
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], refresh = { min_healthy_percentage = 101 } }

    # health checks end before the next
    target_groups = { app = { port = 80, health_check = { interval = 5, timeout = 5 } } }

    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
  }

  expect_failures = [var.servers, var.target_groups]
}

# Each validation refuses what it says it refuses, and each of these inputs breaks one rule only. Mocked.
mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  name   = "unit"
  vpc_id = "vpc-0123456789abcdef0"
}

run "alarms_are_of_known_things" {
  command = plan

  variables {
    alarms        = { a = { metric = "m", of = "database", threshold = 1 } }
    servers       = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
  }

  expect_failures = [var.alarms]
}

run "alarms_on_servers_need_servers" {
  command = plan

  variables {
    alarms        = { a = { metric = "m", threshold = 1 } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
  }

  expect_failures = [var.alarms]
}

run "alarms_on_a_load_balancer_need_one" {
  command = plan

  variables {
    alarms  = { a = { metric = "m", of = "load_balancer", threshold = 1 } }
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
  }

  expect_failures = [var.alarms]
}

run "alarms_of_a_target_group_name_one" {
  command = plan

  variables {
    alarms        = { a = { metric = "m", of = "target_group", threshold = 1 } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.alarms]
}

run "alarms_of_a_target_group_name_one_that_is_there" {
  command = plan

  variables {
    alarms        = { a = { metric = "m", of = "target_group", target_group = "api", threshold = 1 } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.alarms]
}

run "alarms_of_servers_name_no_target_group" {
  command = plan

  variables {
    alarms        = { a = { metric = "m", target_group = "app", threshold = 1 } }
    servers       = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.alarms]
}

run "listeners_need_a_load_balancer" {
  command = plan

  variables {
    listeners = { http = { port = 80, redirect_to = 443 } }
    servers   = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
  }

  expect_failures = [var.listeners]
}

run "listeners_have_ports" {
  command = plan

  variables {
    listeners     = { http = { port = 70000, redirect_to = 443 } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
  }

  expect_failures = [var.listeners]
}

run "listeners_that_redirect_have_no_rules" {
  command = plan

  variables {
    listeners     = { http = { port = 80, redirect_to = 443, rules = { a = { paths = ["/"], priority = 1, target_group = "app" } } } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "listeners_have_different_ports" {
  command = plan

  variables {
    listeners     = { a = { port = 80, redirect_to = 443 }, b = { port = 80, redirect_to = 443 } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
  }

  expect_failures = [var.listeners]
}

run "listeners_do_something" {
  command = plan

  variables {
    listeners     = { https = { certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555", port = 443 } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
  }

  expect_failures = [var.listeners]
}

run "listeners_do_one_thing" {
  command = plan

  variables {
    listeners     = { https = { certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555", fixed_response = { status_code = 404 }, port = 443, target_group = "app" } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "listeners_forward_to_what_is_there" {
  command = plan

  variables {
    listeners     = { https = { certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555", port = 443, target_group = "api" } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "listener_rules_forward_to_what_is_there" {
  command = plan

  variables {
    listeners     = { https = { certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555", port = 443, rules = { a = { paths = ["/"], priority = 1, target_group = "api" } }, target_group = "app" } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "listeners_of_an_nlb_forward" {
  command = plan

  variables {
    listeners     = { a = { fixed_response = { status_code = 404 }, port = 80 } }
    load_balancer = { subnet_ids = ["subnet-0a"], type = "nlb" }
  }

  expect_failures = [var.listeners]
}

run "listeners_of_an_nlb_have_no_rules" {
  command = plan

  variables {
    listeners     = { a = { port = 80, rules = { a = { paths = ["/"], priority = 1, target_group = "app" } }, target_group = "app" } }
    load_balancer = { subnet_ids = ["subnet-0a"], type = "nlb" }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "listeners_of_an_alb_speak_http" {
  command = plan

  variables {
    listeners     = { a = { port = 80, protocol = "TCP", target_group = "app" } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "listeners_of_an_nlb_speak_tcp" {
  command = plan

  variables {
    listeners     = { a = { port = 80, protocol = "HTTP", target_group = "app" } }
    load_balancer = { subnet_ids = ["subnet-0a"], type = "nlb" }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "listeners_need_a_certificate_for_https" {
  command = plan

  variables {
    listeners     = { a = { port = 443, target_group = "app" } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "listeners_need_a_certificate_for_tls" {
  command = plan

  variables {
    listeners     = { a = { port = 443, protocol = "TLS", target_group = "app" } }
    load_balancer = { subnet_ids = ["subnet-0a"], type = "nlb" }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "listeners_take_no_certificate_for_tcp" {
  command = plan

  variables {
    listeners     = { a = { certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555", port = 443, target_group = "app" } }
    load_balancer = { subnet_ids = ["subnet-0a"], type = "nlb" }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "public_listeners_do_not_speak_http" {
  command = plan

  variables {
    listeners     = { a = { port = 80, protocol = "HTTP", target_group = "app" } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"], internal = false }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "listener_rules_ask_for_something" {
  command = plan

  variables {
    listeners     = { https = { certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555", port = 443, rules = { a = { priority = 1, target_group = "app" } }, target_group = "app" } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.listeners]
}

run "load_balancers_are_of_two_types" {
  command = plan

  variables {
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"], type = "classic" }
  }

  expect_failures = [var.load_balancer]
}

run "load_balancers_let_in_blocks" {
  command = plan

  variables {
    load_balancer = { allowed_cidrs = ["everybody"], subnet_ids = ["subnet-0a", "subnet-0b"] }
  }

  expect_failures = [var.load_balancer]
}

run "an_alb_stands_in_two_subnets" {
  command = plan

  variables {
    load_balancer = { subnet_ids = ["subnet-0a"] }
  }

  expect_failures = [var.load_balancer]
}

run "an_nlb_stands_somewhere" {
  command = plan

  variables {
    load_balancer = { subnet_ids = [], type = "nlb" }
  }

  expect_failures = [var.load_balancer]
}

run "name_has_no_capitals" {
  command = plan

  variables {
    name = "Web"
  }

  expect_failures = [var.name]
}

run "name_is_not_too_long" {
  command = plan

  variables {
    name = "a23456789012345678901234567890123"
  }

  expect_failures = [var.name]
}

run "name_is_not_kept_by_aws" {
  command = plan

  variables {
    name = "internal-web"
  }

  expect_failures = [var.name]
}

run "scaling_goes_upwards" {
  command = plan

  variables {
    scaling = { max = 1, min = 2 }
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
  }

  expect_failures = [var.scaling]
}

run "scaling_is_not_negative" {
  command = plan

  variables {
    scaling = { max = 1, min = -1 }
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
  }

  expect_failures = [var.scaling]
}

run "scaling_policies_need_servers" {
  command = plan

  variables {
    scaling       = { policies = { cpu = { target = 60 } } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
  }

  expect_failures = [var.scaling]
}

run "scaling_follows_known_metrics" {
  command = plan

  variables {
    scaling = { policies = { cpu = { metric = "CPUUtilization", target = 60 } } }
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
  }

  expect_failures = [var.scaling]
}

run "scaling_by_requests_names_a_target_group" {
  command = plan

  variables {
    scaling       = { policies = { r = { metric = "ALBRequestCountPerTarget", target = 60 } } }
    servers       = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.scaling]
}

run "scaling_by_load_names_no_target_group" {
  command = plan

  variables {
    scaling       = { policies = { r = { target = 60, target_group = "app" } } }
    servers       = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
    target_groups = { app = { port = 8080 } }
  }

  expect_failures = [var.scaling]
}

run "servers_have_an_image" {
  command = plan

  variables {
    servers = { image_id = "amazon-linux", subnet_ids = ["subnet-0a"] }
  }

  expect_failures = [var.servers]
}

run "servers_stand_somewhere" {
  command = plan

  variables {
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = [] }
  }

  expect_failures = [var.servers]
}

run "servers_let_in_somebody" {
  command = plan

  variables {
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], ingress = { a = { port = 22 } } }
  }

  expect_failures = [var.servers]
}

run "servers_do_not_let_in_everybody" {
  command = plan

  variables {
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], ingress = { a = { cidr = "0.0.0.0/0", port = 22 } } }
  }

  expect_failures = [var.servers]
}

run "servers_let_in_block_or_group" {
  command = plan

  variables {
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], ingress = { a = { cidr = "10.0.0.0/8", port = 22, security_group_id = "sg-0a" } } }
  }

  expect_failures = [var.servers]
}

run "servers_go_out_to_blocks" {
  command = plan

  variables {
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], egress = { a = { cidr = "everybody", port = 443 } } }
  }

  expect_failures = [var.servers]
}

run "servers_let_in_tcp_or_udp" {
  command = plan

  variables {
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], ingress = { a = { cidr = "10.0.0.0/8", port = 1, protocol = "-1" } } }
  }

  expect_failures = [var.servers]
}

run "servers_go_out_by_tcp_or_udp" {
  command = plan

  variables {
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], egress = { a = { cidr = "10.0.0.0/8", port = 1, protocol = "all" } } }
  }

  expect_failures = [var.servers]
}

run "warm_pools_have_known_states" {
  command = plan

  variables {
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], warm_pool = { state = "Ready" } }
  }

  expect_failures = [var.servers]
}

run "refresh_keeps_a_share" {
  command = plan

  variables {
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], refresh = { min_healthy_percentage = 101 } }
  }

  expect_failures = [var.servers]
}

run "refresh_keeps_no_negative_share" {
  command = plan

  variables {
    servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"], refresh = { min_healthy_percentage = -1 } }
  }

  expect_failures = [var.servers]
}

run "target_groups_need_a_load_balancer" {
  command = plan

  variables {
    target_groups = { app = { port = 8080 } }
    servers       = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
  }

  expect_failures = [var.target_groups]
}

run "target_groups_have_ports" {
  command = plan

  variables {
    target_groups = { app = { port = 0 } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
  }

  expect_failures = [var.target_groups]
}

run "target_groups_of_an_alb_speak_http" {
  command = plan

  variables {
    target_groups = { app = { port = 80, protocol = "TCP" } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
  }

  expect_failures = [var.target_groups]
}

run "target_groups_of_an_nlb_speak_tcp" {
  command = plan

  variables {
    target_groups = { app = { port = 80, protocol = "HTTP" } }
    load_balancer = { subnet_ids = ["subnet-0a"], type = "nlb" }
  }

  expect_failures = [var.target_groups]
}

run "target_groups_hold_instances_or_addresses" {
  command = plan

  variables {
    target_groups = { app = { port = 80, target_type = "lambda" } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
  }

  expect_failures = [var.target_groups]
}

run "health_checks_end_before_the_next" {
  command = plan

  variables {
    target_groups = { app = { port = 80, health_check = { interval = 5, timeout = 5 } } }
    load_balancer = { subnet_ids = ["subnet-0a", "subnet-0b"] }
  }

  expect_failures = [var.target_groups]
}

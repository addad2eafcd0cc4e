# Servers behind a public load balancer, and a network load balancer alone for targets that others register.
locals {
  tags = { Environment = "example", Team = "platform" }
}

module "web" {
  source = "../.."

  name   = "complete-web"
  vpc_id = module.network.vpc_id

  servers = {
    image_id      = data.aws_ami.linux.id
    instance_type = "t3.small"
    subnet_ids    = values(module.network.subnet_ids["private"])
    policy_arns   = { logs = "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy" }
    refresh       = { min_healthy_percentage = 50, warmup = 120 }
    root_volume   = { size = 20 }
    user_data     = "#!/bin/sh\nexec /opt/app/start\n"
    warm_pool     = { max_prepared = 2, min_size = 1 }

    egress = {
      database = { cidr = "10.31.64.0/18", port = 5432 }
      https    = { cidr = "0.0.0.0/0", port = 443 }
    }
    ingress = {
      metrics = { cidr = "10.31.0.0/16", port = 9100 }
    }
  }

  scaling = {
    max = 4
    min = 2
    policies = {
      cpu      = { target = 60 }
      requests = { metric = "ALBRequestCountPerTarget", target = 500, target_group = "app" }
    }
  }

  load_balancer = {
    access_logs         = { bucket = aws_s3_bucket_policy.logs.bucket, prefix = "web" }
    allowed_cidrs       = ["0.0.0.0/0"]
    deletion_protection = false # an example is destroyed again
    internal            = false
    subnet_ids          = values(module.network.subnet_ids["public"])
  }

  target_groups = {
    api = { port = 9090, health_check = { path = "/health" } }
    app = { port = 8080, health_check = { path = "/health", port = 8081 } }
  }

  listeners = {
    http = { port = 80, redirect_to = 443 }
    https = {
      certificate_arn = aws_acm_certificate.web.arn
      port            = 443
      target_group    = "app"
      rules = {
        api = { hosts = ["api.example.org"], paths = ["/v1/*"], priority = 10, target_group = "api" }
      }
    }
    maintenance = {
      certificate_arn = aws_acm_certificate.web.arn
      fixed_response  = { message = "back soon", status_code = 503 }
      port            = 8443
    }
  }

  alarms = {
    busy      = { metric = "CPUUtilization", threshold = 90 }
    errors    = { metric = "HTTPCode_ELB_5XX_Count", of = "load_balancer", statistic = "Sum", threshold = 10 }
    few       = { comparison = "LessThanThreshold", metric = "GroupInServiceInstances", namespace = "AWS/AutoScaling", threshold = 2 }
    unhealthy = { metric = "UnHealthyHostCount", of = "target_group", target_group = "app", threshold = 1 }
  }

  tags = local.tags
}

module "ingest" {
  source = "../.."

  name   = "complete-ingest"
  vpc_id = module.network.vpc_id

  load_balancer = {
    allowed_cidrs       = ["10.31.0.0/16"]
    deletion_protection = false
    subnet_ids          = values(module.network.subnet_ids["private"])
    type                = "nlb"
  }

  target_groups = {
    syslog = { port = 514, protocol = "UDP", security_groups = { web = module.web.servers.security_group_id }, target_type = "ip", health_check = { port = 8080 } }
  }

  listeners = {
    syslog = { port = 514, protocol = "UDP", target_group = "syslog" }
  }

  tags = local.tags
}

# The newest Amazon Linux. A real stack writes an image down, so that servers are replaced when somebody says so.
data "aws_ami" "linux" {
  most_recent = true
  owners      = ["amazon"]

  filter {
    name   = "name"
    values = ["al2023-ami-2023*-x86_64"]
  }
}

resource "aws_acm_certificate" "web" {
  domain_name       = "www.example.org"
  validation_method = "DNS"

  tags = merge(local.tags, { Name = "complete-web" })

  lifecycle {
    create_before_destroy = true
  }
}

# Every part: a network with three tiers, a cluster, a web server group behind a load balancer, a queue's workers.
module "core" {
  source = "../.."

  name   = "complete"
  labels = { contact = "platform@example.com", purpose = "shows every part" }

  vpc = {
    cidr      = "10.31.0.0/16"
    flow_logs = { retention_days = 30 }
    nat       = "one"
    zones     = ["us-east-1a", "us-east-1b"]
  }

  eks = {
    kubernetes_version = "1.33"
    controllers        = { cluster-autoscaler = {}, load-balancer-controller = {} }
    node_groups        = { general = {} }
  }

  server_groups = {
    web = {
      servers       = { image_id = var.image_id }
      scaling       = { max = 4, min = 2, policies = { cpu = { target = 60 } } }
      load_balancer = { allowed_cidrs = ["10.31.0.0/16"], deletion_protection = false }
      listeners     = { https = { certificate_arn = aws_acm_certificate.web.arn, port = 443, target_group = "app" } }
      target_groups = { app = { port = 8080 } }
    }
    workers = {
      servers = { image_id = var.image_id }
      alarms  = { busy = { metric = "CPUUtilization", threshold = 90 } }
    }
  }

  tags = { Team = "platform" }
}

# In an account of your own, validate it first (aws_acm_certificate_validation): a listener takes only issued ones.
resource "aws_acm_certificate" "web" {
  domain_name       = "www.example.org"
  validation_method = "DNS"

  tags = { Environment = "complete", Name = "www.example.org", Team = "platform" }

  lifecycle {
    create_before_destroy = true
  }
}

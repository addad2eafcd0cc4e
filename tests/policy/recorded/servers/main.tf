variable "vpc_id" {}
variable "name" {}
resource "aws_security_group" "lb" {
  vpc_id = var.vpc_id
  tags   = { Name = var.name }
}
resource "aws_security_group" "app" { vpc_id = var.vpc_id }
resource "aws_vpc_security_group_ingress_rule" "lb" {
  for_each          = toset(["80", "443"])
  security_group_id = aws_security_group.lb.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.key
  to_port           = each.key
}
resource "aws_lb" "this" {
  count           = 1
  subnets         = ["subnet-1"]
  security_groups = [aws_security_group.lb.id]
}
resource "aws_lb_listener" "this" {
  for_each          = { http = 80, https = 443 }
  load_balancer_arn = aws_lb.this[0].arn
  port              = each.value
  protocol          = upper(each.key)
  certificate_arn   = each.key == "https" ? "arn:aws:acm:us-east-1:111111111111:certificate/x" : null
  dynamic "default_action" {
    for_each = each.key == "https" ? [1] : []
    content {
      type             = "forward"
      target_group_arn = aws_lb_target_group.t.arn
    }
  }
  dynamic "default_action" {
    for_each = each.key == "http" ? [1] : []
    content {
      type = "redirect"
      redirect {
        status_code = "HTTP_301"
        protocol    = "HTTPS"
      }
    }
  }
}
resource "aws_lb_target_group" "t" {
  port     = 80
  protocol = "HTTP"
  vpc_id   = var.vpc_id
}
resource "aws_launch_template" "t" {
  image_id = "ami-1"
  dynamic "network_interfaces" {
    for_each = [1]
    content { security_groups = [aws_security_group.app.id] }
  }
  metadata_options { http_tokens = "required" }
  dynamic "block_device_mappings" {
    for_each = [1]
    content {
      device_name = "/dev/xvda"
      ebs { encrypted = true }
    }
  }
}
resource "aws_autoscaling_group" "g" {
  min_size           = 0
  max_size           = 1
  availability_zones = ["us-east-1a"]
  launch_template { id = aws_launch_template.t.id }
}
resource "aws_kms_key" "k" { enable_key_rotation = true }
data "aws_iam_policy_document" "d" {
  statement {
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.k.arn]
  }
}
resource "aws_iam_role" "r" {
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
}
resource "aws_iam_role_policy" "p" {
  role   = aws_iam_role.r.name
  policy = data.aws_iam_policy_document.d.json
}
resource "aws_iam_role_policy" "j" {
  role   = aws_iam_role.r.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "kms:*", Resource = aws_kms_key.k.arn }] })
}

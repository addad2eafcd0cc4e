# The bastion: reachable through Session Manager, by SSH only for those who were named. Mocked applies.
mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:mocked" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mocked" }
  }
}

variables {
  name      = "unit"
  cidr      = "10.0.0.0/16"
  zones     = ["eu-west-1a", "eu-west-1b"]
  flow_logs = null
  tags      = { Team = "platform" }
}

run "session_manager_only" {
  command = apply

  variables {
    bastion = { image_id = "ami-0123456789abcdef0" }
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.bastion_ssh) == 0
    error_message = "Without allowed_cidrs nobody comes in by SSH."
  }

  assert {
    condition     = aws_instance.bastion["this"].metadata_options[0].http_tokens == "required" && aws_instance.bastion["this"].metadata_options[0].http_put_response_hop_limit == 1
    error_message = "Only IMDSv2, and only from the host itself."
  }

  assert {
    condition     = aws_instance.bastion["this"].root_block_device[0].encrypted && aws_instance.bastion["this"].root_block_device[0].volume_size == 8
    error_message = "The root volume must be encrypted."
  }

  assert {
    condition     = aws_instance.bastion["this"].ami == "ami-0123456789abcdef0" && aws_instance.bastion["this"].instance_type == "t3.micro"
    error_message = "The image that was given, on a small host."
  }

  assert {
    condition     = aws_instance.bastion["this"].subnet_id == aws_subnet.this["public/eu-west-1a"].id && aws_instance.bastion["this"].associate_public_ip_address
    error_message = "It stands in the first public subnet, with a public address."
  }

  assert {
    condition     = aws_instance.bastion["this"].vpc_security_group_ids == toset([aws_security_group.bastion["this"].id])
    error_message = "It has its own security group only."
  }

  assert {
    condition     = aws_instance.bastion["this"].iam_instance_profile == aws_iam_instance_profile.bastion["this"].name && aws_iam_instance_profile.bastion["this"].role == aws_iam_role.bastion["this"].name
    error_message = "It must carry its role."
  }

  assert {
    condition     = aws_iam_role_policy_attachment.bastion["this"].policy_arn == "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" && aws_iam_role_policy_attachment.bastion["this"].role == aws_iam_role.bastion["this"].name
    error_message = "Session Manager needs its policy, and nothing more is given."
  }

  assert {
    condition     = jsondecode(aws_iam_role.bastion["this"].assume_role_policy).Statement[0].Principal == { Service = "ec2.amazonaws.com" }
    error_message = "Only instances may take the role."
  }

  assert {
    condition = output.bastion == {
      instance_id       = aws_instance.bastion["this"].id
      private_ip        = aws_instance.bastion["this"].private_ip
      public_ip         = aws_instance.bastion["this"].public_ip
      role_name         = aws_iam_role.bastion["this"].name
      security_group_id = aws_security_group.bastion["this"].id
    }
    error_message = "The bastion is handed out."
  }
}

run "ways_out" {
  command = apply

  variables {
    bastion = { image_id = "ami-0123456789abcdef0" }
  }

  assert {
    condition = alltrue([
      for key, rule in { https = aws_vpc_security_group_egress_rule.bastion_https["this"] } :
      rule.from_port == 443 && rule.to_port == 443 && rule.ip_protocol == "tcp" && rule.cidr_ipv4 == "0.0.0.0/0"
    ])
    error_message = "Outside the VPC only HTTPS."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.bastion_vpc["this"].cidr_ipv4 == "10.0.0.0/16" && aws_vpc_security_group_egress_rule.bastion_vpc["this"].ip_protocol == "tcp"
    error_message = "Inside the VPC every TCP port."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.bastion_vpc["this"].from_port == 0 && aws_vpc_security_group_egress_rule.bastion_vpc["this"].to_port == 65535
    error_message = "Inside the VPC every TCP port."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.bastion_https["this"].security_group_id == aws_security_group.bastion["this"].id && aws_vpc_security_group_egress_rule.bastion_vpc["this"].security_group_id == aws_security_group.bastion["this"].id
    error_message = "The rules must be the bastion's."
  }

  assert {
    condition     = aws_security_group.bastion["this"].vpc_id == aws_vpc.this.id
    error_message = "The security group must be of this VPC."
  }

  assert {
    condition     = aws_instance.bastion["this"].tags["Team"] == "platform" && aws_instance.bastion["this"].root_block_device[0].tags["Team"] == "platform" && aws_security_group.bastion["this"].tags["Team"] == "platform"
    error_message = "The host, its volume and its group must carry the tags."
  }
}

run "ssh_for_some" {
  command = apply

  variables {
    bastion = {
      image_id         = "ami-0123456789abcdef0"
      allowed_cidrs    = ["203.0.113.0/24", "198.51.100.7/32"]
      instance_type    = "t3.small"
      key_name         = "operators"
      kms_key_id       = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
      root_volume_size = 20
      zone             = "eu-west-1b"
    }
  }

  assert {
    condition     = toset([for rule in values(aws_vpc_security_group_ingress_rule.bastion_ssh) : rule.cidr_ipv4]) == toset(["198.51.100.7/32", "203.0.113.0/24"])
    error_message = "Exactly the blocks that were named come in."
  }

  assert {
    condition = alltrue([
      for rule in values(aws_vpc_security_group_ingress_rule.bastion_ssh) :
      rule.from_port == 22 && rule.to_port == 22 && rule.ip_protocol == "tcp" && rule.security_group_id == aws_security_group.bastion["this"].id
    ])
    error_message = "They come in by SSH and by nothing else."
  }

  assert {
    condition     = aws_instance.bastion["this"].key_name == "operators" && aws_instance.bastion["this"].instance_type == "t3.small"
    error_message = "Key and type must be those that were given."
  }

  assert {
    condition     = aws_instance.bastion["this"].root_block_device[0].kms_key_id == var.bastion.kms_key_id && aws_instance.bastion["this"].root_block_device[0].volume_size == 20
    error_message = "Volume size and key must be those that were given."
  }

  assert {
    condition     = aws_instance.bastion["this"].subnet_id == aws_subnet.this["public/eu-west-1b"].id
    error_message = "It must stand in the zone that was given."
  }
}

run "inside" {
  command = apply

  variables {
    bastion = { image_id = "ami-0123456789abcdef0", tier = "private" }
  }

  assert {
    condition     = aws_instance.bastion["this"].subnet_id == aws_subnet.this["private/eu-west-1a"].id && !aws_instance.bastion["this"].associate_public_ip_address
    error_message = "Outside the public tier it has no public address."
  }
}

run "none" {
  command = apply

  assert {
    condition     = output.bastion == null && length(aws_iam_role.bastion) + length(aws_security_group.bastion) == 0
    error_message = "Nobody asked for a bastion."
  }
}

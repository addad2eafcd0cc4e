locals {
  bastion = var.bastion != null ? { this = var.bastion } : {}
}

resource "aws_security_group" "bastion" {
  for_each = local.bastion

  name_prefix = "${var.name}-bastion-"
  description = "Bastion of ${var.name}."
  vpc_id      = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${var.name}-bastion" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "bastion_ssh" {
  for_each = toset(try(var.bastion.allowed_cidrs, []))

  security_group_id = aws_security_group.bastion["this"].id
  description       = "SSH from ${each.key}"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22

  tags = merge(var.tags, { Name = "${var.name}-bastion-ssh" })
}

resource "aws_vpc_security_group_egress_rule" "bastion_https" {
  for_each = local.bastion

  security_group_id = aws_security_group.bastion["this"].id
  description       = "Session Manager and packages"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443

  tags = merge(var.tags, { Name = "${var.name}-bastion-https" })
}

resource "aws_vpc_security_group_egress_rule" "bastion_vpc" {
  for_each = local.bastion

  security_group_id = aws_security_group.bastion["this"].id
  description       = "Everything inside the VPC"
  cidr_ipv4         = aws_vpc.this.cidr_block
  ip_protocol       = "tcp"
  from_port         = 0
  to_port           = 65535

  tags = merge(var.tags, { Name = "${var.name}-bastion-vpc" })
}

resource "aws_iam_role" "bastion" {
  for_each = local.bastion

  name_prefix = "${var.name}-"
  description = "Lets Session Manager reach the bastion of ${var.name}."
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })

  tags = merge(var.tags, { Name = "${var.name}-bastion" })
}

resource "aws_iam_role_policy_attachment" "bastion" {
  for_each = local.bastion

  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
  role       = aws_iam_role.bastion["this"].name
}

resource "aws_iam_instance_profile" "bastion" {
  for_each = local.bastion

  name_prefix = "${var.name}-"
  role        = aws_iam_role.bastion["this"].name

  tags = merge(var.tags, { Name = "${var.name}-bastion" })
}

resource "aws_instance" "bastion" {
  for_each = local.bastion

  ami                         = each.value.image_id
  instance_type               = each.value.instance_type
  associate_public_ip_address = each.value.tier == "public"
  iam_instance_profile        = aws_iam_instance_profile.bastion["this"].name
  key_name                    = each.value.key_name
  subnet_id                   = aws_subnet.this["${each.value.tier}/${coalesce(each.value.zone, var.zones[0])}"].id
  vpc_security_group_ids      = [aws_security_group.bastion["this"].id]

  metadata_options {
    http_endpoint               = "enabled"
    http_put_response_hop_limit = 1
    http_tokens                 = "required"
  }

  root_block_device {
    encrypted   = true
    kms_key_id  = each.value.kms_key_id
    volume_size = each.value.root_volume_size
    volume_type = "gp3"

    tags = merge(var.tags, { Name = "${var.name}-bastion" })
  }

  tags = merge(var.tags, { Name = "${var.name}-bastion" })
}

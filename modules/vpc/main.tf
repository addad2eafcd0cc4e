data "aws_partition" "this" {}

data "aws_region" "this" {}

locals {
  # [new bits, number] of each tier's block inside the VPC. Fixed, so that no tier moves when another comes or goes.
  tier_blocks = {
    database = [2, 1]
    private  = [1, 1]
    public   = [2, 0]
  }

  subnets = merge([
    for tier, settings in var.subnets : {
      for index, zone in var.zones : "${tier}/${zone}" => {
        # Three bits: eight zones, more than any region has.
        cidr = settings.cidrs != null ? settings.cidrs[zone] : cidrsubnet(
          cidrsubnet(var.cidr, local.tier_blocks[tier][0], local.tier_blocks[tier][1]), 3, index
        )
        tags = settings.tags
        tier = tier
        zone = zone
      }
    }
  ]...)
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_hostnames = var.dns_hostnames
  enable_dns_support   = true

  tags = merge(var.tags, { Name = var.name })
}

# Taken over and emptied: what names no security group of its own gets no traffic at all. The empty lists are
# written out, or a rule that somebody adds later would not show in a plan.
resource "aws_default_security_group" "this" {
  vpc_id  = aws_vpc.this.id
  egress  = []
  ingress = []

  tags = merge(var.tags, { Name = "${var.name}-default-closed" })
}

resource "aws_subnet" "this" {
  for_each = local.subnets

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.value.zone
  cidr_block              = each.value.cidr
  map_public_ip_on_launch = false

  tags = merge(var.tags, each.value.tags, {
    Name = "${var.name}-${each.value.tier}-${each.value.zone}"
    Tier = each.value.tier
  })
}

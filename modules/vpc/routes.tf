locals {
  has_public = contains(keys(var.subnets), "public")

  # One private table for each zone, whatever `nat` says: moving between one and per_zone changes routes, not tables.
  route_tables = merge(
    { for tier in ["database", "public"] : tier => tier if contains(keys(var.subnets), tier) },
    { for zone in var.zones : "private/${zone}" => "private" if contains(keys(var.subnets), "private") },
  )

  nat_zones = {
    none     = toset([])
    one      = toset(slice(var.zones, 0, 1))
    per_zone = toset(var.zones)
  }[var.nat]

  # Private zone => zone of the NAT gateway that serves it.
  nat_routes = {
    for zone in var.zones : zone => var.nat == "one" ? var.zones[0] : zone
    if var.nat != "none" && contains(keys(var.subnets), "private")
  }
}

resource "aws_internet_gateway" "this" {
  count = local.has_public ? 1 : 0

  vpc_id = aws_vpc.this.id

  tags = merge(var.tags, { Name = var.name })
}

resource "aws_eip" "nat" {
  for_each = local.nat_zones

  domain = "vpc"

  tags = merge(var.tags, { Name = "${var.name}-nat-${each.key}" })

  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  for_each = local.nat_zones

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.this["public/${each.key}"].id

  tags = merge(var.tags, { Name = "${var.name}-${each.key}" })
}

resource "aws_route_table" "this" {
  for_each = local.route_tables

  vpc_id = aws_vpc.this.id

  tags = merge(var.tags, {
    Name = "${var.name}-${replace(each.key, "/", "-")}"
    Tier = each.value
  })
}

resource "aws_route_table_association" "this" {
  for_each = local.subnets

  route_table_id = aws_route_table.this[each.value.tier == "private" ? each.key : each.value.tier].id
  subnet_id      = aws_subnet.this[each.key].id
}

resource "aws_route" "public" {
  count = local.has_public ? 1 : 0

  route_table_id         = aws_route_table.this["public"].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route" "nat" {
  for_each = local.nat_routes

  route_table_id         = aws_route_table.this["private/${each.key}"].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[each.value].id
}

resource "aws_vpc_endpoint" "gateway" {
  for_each = var.gateway_endpoints

  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${data.aws_region.this.name}.${each.key}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for table in values(aws_route_table.this) : table.id]
  policy            = each.value.policy

  tags = merge(var.tags, { Name = "${var.name}-${each.key}" })
}

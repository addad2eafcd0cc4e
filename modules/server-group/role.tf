resource "aws_iam_role" "this" {
  for_each = local.servers

  name_prefix = "${var.name}-"
  description = "Servers of ${var.name}."
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })

  tags = merge(var.tags, { Name = var.name })
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = var.servers == null ? {} : merge(
    { session_manager = "arn:${data.aws_partition.this.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore" },
    var.servers.policy_arns,
  )

  policy_arn = each.value
  role       = aws_iam_role.this["this"].name
}

resource "aws_iam_instance_profile" "this" {
  for_each = local.servers

  name_prefix = "${var.name}-"
  role        = aws_iam_role.this["this"].name

  tags = merge(var.tags, { Name = var.name })
}

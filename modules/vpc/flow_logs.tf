locals {
  log_to_cloudwatch = try(var.flow_logs.destination, null) == "cloudwatch"
}

resource "aws_flow_log" "this" {
  count = var.flow_logs != null ? 1 : 0

  vpc_id                   = aws_vpc.this.id
  iam_role_arn             = local.log_to_cloudwatch ? aws_iam_role.flow_logs[0].arn : null
  log_destination          = local.log_to_cloudwatch ? aws_cloudwatch_log_group.flow_logs[0].arn : var.flow_logs.bucket_arn
  log_destination_type     = local.log_to_cloudwatch ? "cloud-watch-logs" : "s3"
  max_aggregation_interval = var.flow_logs.interval
  traffic_type             = var.flow_logs.traffic

  tags = merge(var.tags, { Name = var.name })
}

resource "aws_cloudwatch_log_group" "flow_logs" {
  count = local.log_to_cloudwatch ? 1 : 0

  name              = "/aws/vpc/${var.name}/flow-logs"
  kms_key_id        = var.flow_logs.kms_key_arn
  retention_in_days = var.flow_logs.retention_days

  tags = merge(var.tags, { Name = "${var.name}-flow-logs" })
}

resource "aws_iam_role" "flow_logs" {
  count = local.log_to_cloudwatch ? 1 : 0

  name_prefix = "${var.name}-"
  description = "Lets VPC flow logs of ${var.name} write to their log group."
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
    }]
  })

  tags = merge(var.tags, { Name = "${var.name}-flow-logs" })
}

resource "aws_iam_role_policy" "flow_logs" {
  count = local.log_to_cloudwatch ? 1 : 0

  name = "write"
  role = aws_iam_role.flow_logs[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      # Written out, so that a plan shows it whole. No other account's log group can be meant: those need a policy there.
      Resource = "arn:${data.aws_partition.this.partition}:logs:${data.aws_region.this.name}:*:log-group:${aws_cloudwatch_log_group.flow_logs[0].name}:*"
    }]
  })
}

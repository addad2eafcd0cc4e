# Flow logs: to CloudWatch Logs with their own role, to a bucket without, or not at all. Mocked applies.
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
  name    = "unit"
  cidr    = "10.0.0.0/16"
  zones   = ["eu-west-1a"]
  subnets = { private = {} }
}

run "to_cloudwatch" {
  command = apply

  variables {
    flow_logs = {
      interval       = 60
      kms_key_arn    = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
      retention_days = 365
      traffic        = "REJECT"
    }
  }

  assert {
    condition     = aws_flow_log.this[0].vpc_id == aws_vpc.this.id && aws_flow_log.this[0].log_destination_type == "cloud-watch-logs"
    error_message = "The VPC's traffic goes to CloudWatch Logs."
  }

  assert {
    condition     = aws_flow_log.this[0].log_destination == aws_cloudwatch_log_group.flow_logs[0].arn && aws_flow_log.this[0].iam_role_arn == aws_iam_role.flow_logs[0].arn
    error_message = "The flow log writes into its group with its role."
  }

  assert {
    condition     = aws_flow_log.this[0].max_aggregation_interval == 60 && aws_flow_log.this[0].traffic_type == "REJECT"
    error_message = "Interval and traffic must be those that were given."
  }

  assert {
    condition     = aws_cloudwatch_log_group.flow_logs[0].kms_key_id == var.flow_logs.kms_key_arn
    error_message = "The log group must be encrypted with the key that was given."
  }

  assert {
    condition     = aws_cloudwatch_log_group.flow_logs[0].retention_in_days == 365 && aws_cloudwatch_log_group.flow_logs[0].name == "/aws/vpc/unit/flow-logs"
    error_message = "The log group must have its name and retention."
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.flow_logs[0].policy).Statement == [{
      Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Effect   = "Allow"
      Resource = "arn:aws:logs:eu-west-1:*:log-group:/aws/vpc/unit/flow-logs:*"
    }]
    error_message = "The role may write into this group and do nothing else."
  }

  assert {
    condition     = aws_iam_role_policy.flow_logs[0].role == aws_iam_role.flow_logs[0].id
    error_message = "The policy must be the role's."
  }

  assert {
    condition     = jsondecode(aws_iam_role.flow_logs[0].assume_role_policy).Statement[0].Principal == { Service = "vpc-flow-logs.amazonaws.com" }
    error_message = "Only the flow log service may take the role."
  }

  assert {
    condition     = output.flow_logs == { destination_arn = aws_cloudwatch_log_group.flow_logs[0].arn, id = aws_flow_log.this[0].id }
    error_message = "The flow log is handed out."
  }
}

run "to_a_bucket" {
  command = apply

  variables {
    flow_logs = { bucket_arn = "arn:aws:s3:::records", destination = "s3" }
  }

  assert {
    condition     = aws_flow_log.this[0].log_destination_type == "s3" && aws_flow_log.this[0].log_destination == "arn:aws:s3:::records"
    error_message = "The VPC's traffic goes to the bucket."
  }

  assert {
    condition     = length(aws_cloudwatch_log_group.flow_logs) + length(aws_iam_role.flow_logs) + length(aws_iam_role_policy.flow_logs) == 0
    error_message = "A bucket needs neither group nor role."
  }
}

run "off" {
  command = apply

  variables {
    flow_logs = null
  }

  assert {
    condition     = length(aws_flow_log.this) + length(aws_cloudwatch_log_group.flow_logs) == 0
    error_message = "null turns flow logs off."
  }

  assert {
    condition     = output.flow_logs == null
    error_message = "There is none to hand out."
  }
}

# Access logs of the load balancer. Load balancers write only to buckets that S3's own keys encrypt.
data "aws_caller_identity" "this" {}

resource "aws_s3_bucket" "logs" {
  bucket        = "complete-web-logs-${data.aws_caller_identity.this.account_id}"
  force_destroy = true # an example is destroyed again

  tags = merge(local.tags, { Name = "complete-web-logs" })
}

resource "aws_s3_bucket_public_access_block" "logs" {
  bucket = aws_s3_bucket.logs.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "arn:aws:s3:::complete-web-logs-${data.aws_caller_identity.this.account_id}/web/AWSLogs/${data.aws_caller_identity.this.account_id}/*"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.this.account_id } }
    }]
  })
}

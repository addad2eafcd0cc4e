# Everything at once: three tiers over two zones, a NAT gateway for each, endpoints, flow logs and a bastion.
module "vpc" {
  source = "../.."

  name  = "complete"
  cidr  = "10.1.0.0/16"
  zones = ["us-east-1a", "us-east-1b"]
  nat   = "per_zone"

  subnets = {
    public  = { tags = { "kubernetes.io/role/elb" = "1" } }
    private = { tags = { "kubernetes.io/role/internal-elb" = "1" } }
    database = {
      cidrs = {
        us-east-1a = "10.1.64.0/24"
        us-east-1b = "10.1.65.0/24"
      }
    }
  }

  gateway_endpoints = {
    dynamodb = {}
    s3       = {}
  }

  flow_logs = {
    interval       = 60
    kms_key_arn    = aws_kms_key.logs.arn
    retention_days = 365
  }

  bastion = {
    image_id         = data.aws_ami.linux.id
    allowed_cidrs    = ["203.0.113.0/24"]
    key_name         = aws_key_pair.operators.key_name
    root_volume_size = 12
  }

  tags = { Environment = "example", Team = "platform" }
}

data "aws_caller_identity" "this" {}

data "aws_region" "this" {}

# The newest Amazon Linux. A real stack writes an image down, so that the bastion is replaced when somebody says so.
data "aws_ami" "linux" {
  most_recent = true
  owners      = ["amazon"]

  filter {
    name   = "name"
    values = ["al2023-ami-2023*-x86_64"]
  }
}

resource "aws_key_pair" "operators" {
  key_name   = "complete-operators"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBVJI9FnZVoi7rJ7nvMiX7DjYRKBqC3PoD9nWFnTZkqC operators@example.org"

  tags = { Environment = "example", Name = "complete-operators" }
}

resource "aws_kms_key" "logs" {
  description             = "Flow logs of the complete example."
  deletion_window_in_days = 7
  enable_key_rotation     = true
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.this.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "Logs"
        Effect    = "Allow"
        Principal = { Service = "logs.${data.aws_region.this.name}.amazonaws.com" }
        Action    = ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:${data.aws_region.this.name}:${data.aws_caller_identity.this.account_id}:log-group:/aws/vpc/complete/*"
          }
        }
      },
    ]
  })

  tags = { Environment = "example", Name = "complete-logs" }
}

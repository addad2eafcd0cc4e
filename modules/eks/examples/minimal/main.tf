# A private cluster without nodes: what every other input adds to.
module "eks" {
  source = "../.."

  name               = "minimal"
  kubernetes_version = "1.33"
  subnet_ids         = [for subnet in aws_subnet.private : subnet.id]

  tags = { Environment = "example" }
}

# Somewhere to stand. A real stack takes the subnets of its vpc module.
resource "aws_vpc" "this" {
  cidr_block = "10.20.0.0/16"

  tags = { Environment = "example", Name = "eks-minimal" }
}

resource "aws_subnet" "private" {
  for_each = { us-east-1a = "10.20.0.0/24", us-east-1b = "10.20.1.0/24" }

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value

  tags = { Environment = "example", Name = "eks-minimal-${each.key}" }
}

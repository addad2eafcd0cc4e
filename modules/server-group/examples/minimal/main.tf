# Two servers without a load balancer: what every other input adds to.
module "servers" {
  source = "../.."

  name   = "minimal"
  vpc_id = module.network.vpc_id

  scaling = { max = 2, min = 2 }
  servers = {
    image_id   = data.aws_ami.linux.id
    subnet_ids = values(module.network.subnet_ids["private"])
  }

  tags = { Environment = "example" }
}

# The newest Amazon Linux. A real stack writes an image down, so that servers are replaced when somebody says so.
data "aws_ami" "linux" {
  most_recent = true
  owners      = ["amazon"]

  filter {
    name   = "name"
    values = ["al2023-ami-2023*-x86_64"]
  }
}

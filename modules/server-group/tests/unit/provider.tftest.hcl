# Plans with the real provider on the emulator: what the partition makes of policies, what the provider adds to tags.
provider "aws" {
  region = "us-east-1"

  default_tags {
    tags = { Owner = "platform" }
  }
}

provider "aws" {
  alias  = "china"
  region = "cn-north-1"
}

variables {
  name    = "unit"
  vpc_id  = "vpc-0123456789abcdef0"
  servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
  tags    = { Team = "web" }
}

run "policies_are_those_of_the_partition" {
  command = plan

  assert {
    condition = {
      for key, attachment in aws_iam_role_policy_attachment.this : key => attachment.policy_arn
    } == { session_manager = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" }
    error_message = "Session Manager's policy must be AWS's own."
  }

  assert {
    condition     = aws_launch_template.this["this"].tags_all == tomap({ Name = "unit", Owner = "platform", Team = "web" })
    error_message = "Tags of the provider and of the module must both be there."
  }
}

run "elsewhere_they_are_others" {
  command = plan

  providers = {
    aws = aws.china
  }

  assert {
    condition = {
      for key, attachment in aws_iam_role_policy_attachment.this : key => attachment.policy_arn
    } == { session_manager = "arn:aws-cn:iam::aws:policy/AmazonSSMManagedInstanceCore" }
    error_message = "The partition is the provider's, not a constant."
  }
}

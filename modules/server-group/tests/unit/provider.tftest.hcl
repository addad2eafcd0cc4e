# Plans with the real provider on the emulator: the policy that servers get, and what the provider adds to tags.
provider "aws" {
  region = "us-east-1"

  default_tags {
    tags = { Owner = "platform" }
  }
}

variables {
  name    = "unit"
  vpc_id  = "vpc-0123456789abcdef0"
  servers = { image_id = "ami-0123456789abcdef0", subnet_ids = ["subnet-0a"] }
  tags    = { Team = "web" }
}

run "the_policy_is_known_and_tags_are_added_up" {
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

# Plans with the real provider on the emulator: what the region makes of names.
provider "aws" {
  region = "us-east-1"
}

provider "aws" {
  alias  = "europe"
  region = "eu-west-1"
}

variables {
  name              = "unit"
  cidr              = "10.0.0.0/16"
  gateway_endpoints = { dynamodb = {}, s3 = {} }
}

run "endpoints_are_those_of_the_region" {
  command = plan

  variables {
    zones = ["us-east-1a"]
  }

  assert {
    condition = { for key, endpoint in aws_vpc_endpoint.gateway : key => endpoint.service_name } == {
      dynamodb = "com.amazonaws.us-east-1.dynamodb"
      s3       = "com.amazonaws.us-east-1.s3"
    }
    error_message = "Gateway endpoints must name the region's services."
  }
}

run "elsewhere_they_are_others" {
  command = plan

  providers = {
    aws = aws.europe
  }

  variables {
    zones = ["eu-west-1a"]
  }

  assert {
    condition = { for key, endpoint in aws_vpc_endpoint.gateway : key => endpoint.service_name } == {
      dynamodb = "com.amazonaws.eu-west-1.dynamodb"
      s3       = "com.amazonaws.eu-west-1.s3"
    }
    error_message = "The region is the provider's, not a constant."
  }
}

terraform {
  backend "s3" {
    bucket       = "modferry-state-prod"
    key          = "prod/eu-west-1.tfstate"
    region       = "us-east-1"
    use_lockfile = true
  }
}

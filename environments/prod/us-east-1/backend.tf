terraform {
  backend "s3" {
    bucket       = "modferry-state-prod"
    key          = "prod/us-east-1.tfstate"
    region       = "us-east-1"
    use_lockfile = true
  }
}

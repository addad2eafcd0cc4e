terraform {
  backend "s3" {
    bucket       = "modferry-state-dev"
    key          = "dev/us-east-1.tfstate"
    region       = "us-east-1"
    use_lockfile = true
  }
}

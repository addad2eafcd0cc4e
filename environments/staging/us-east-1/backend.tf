terraform {
  backend "s3" {
    bucket       = "modferry-state-staging"
    key          = "staging/us-east-1.tfstate"
    region       = "us-east-1"
    use_lockfile = true
  }
}

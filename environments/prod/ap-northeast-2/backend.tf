terraform {
  backend "s3" {
    bucket       = "modferry-state-prod"
    key          = "prod/ap-northeast-2.tfstate"
    region       = "us-east-1"
    use_lockfile = true
  }
}

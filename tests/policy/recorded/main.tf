provider "aws" {
  region                      = "us-east-1"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}
module "m" {
  source   = "./servers"
  for_each = toset(["a", "b"])
  vpc_id   = aws_vpc.this[0].id
  name     = each.key
}
resource "aws_vpc" "this" {
  count      = 1
  cidr_block = "10.0.0.0/16"
}
resource "aws_flow_log" "this" {
  vpc_id               = aws_vpc.this[0].id
  log_destination      = "arn:aws:s3:::x"
  log_destination_type = "s3"
  traffic_type         = "ALL"
}
resource "aws_ebs_volume" "unset" {
  availability_zone = "us-east-1a"
  size              = 1
}
resource "aws_instance" "i" {
  ami           = "ami-1"
  instance_type = "t3.micro"
}
resource "aws_instance" "good" {
  ami           = "ami-1"
  instance_type = "t3.micro"
  metadata_options { http_tokens = "required" }
  root_block_device { encrypted = true }
  tags = { Name = "good", Vpc = aws_vpc.this[0].id }
}
resource "aws_kms_key" "k" {}
resource "aws_db_instance" "d" {
  instance_class    = "db.t3.micro"
  engine            = "postgres"
  allocated_storage = 5
  username          = "u"
  password          = "verysecretpw"
}
resource "aws_eks_cluster" "c" {
  name     = "c"
  role_arn = "arn:aws:iam::111111111111:role/x"
  vpc_config { subnet_ids = ["subnet-1", "subnet-2"] }
}
resource "aws_s3_bucket" "b" { bucket_prefix = "x" }
resource "aws_s3_bucket_public_access_block" "b" {
  bucket            = aws_s3_bucket.b.id
  block_public_acls = true
}

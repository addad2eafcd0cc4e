variable "certificate_arn" {
  description = "Certificate of the web servers' name; the default is a placeholder that only an emulator accepts."
  type        = string
  default     = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
  nullable    = false
}

variable "image_id" {
  description = "Image of the servers; the default is a placeholder that only an emulator accepts."
  type        = string
  default     = "ami-0123456789abcdef0"
  nullable    = false
}

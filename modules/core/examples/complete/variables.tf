variable "image_id" {
  description = "Image of the servers."
  type        = string
  default     = "ami-0123456789abcdef0"
  nullable    = false
}

variable "image_id" {
  description = "Image of the servers; the default is a placeholder that only an emulator accepts."
  type        = string
  default     = "ami-0123456789abcdef0"
  nullable    = false
}

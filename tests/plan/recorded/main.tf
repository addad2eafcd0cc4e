variable "size" {
  type    = number
  default = 1
}

variable "secret" {
  type      = string
  sensitive = true
}

variable "names" {
  type    = set(string)
  default = ["a", "b.c"]
}

variable "engine" {
  type    = string
  default = "13"
}

resource "terraform_data" "settings" {
  input = { size = var.size, password = var.secret }
}

resource "terraform_data" "database" {
  input            = "data"
  triggers_replace = [var.engine]
}

resource "terraform_data" "each" {
  for_each = var.names
  input    = { key = each.key, of = terraform_data.database.id }
}

output "size" {
  value = var.size
}

output "password" {
  value     = var.secret
  sensitive = true
}

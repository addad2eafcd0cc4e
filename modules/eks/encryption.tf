resource "aws_kms_key" "secrets" {
  count = var.secrets_key == null ? 1 : 0

  deletion_window_in_days = 30
  description             = "Kubernetes secrets of ${var.name}"
  enable_key_rotation     = true

  tags = merge(var.tags, { Name = "${var.name}-secrets" })
}

resource "aws_kms_alias" "secrets" {
  count = var.secrets_key == null ? 1 : 0

  name          = "alias/eks/${var.name}"
  target_key_id = aws_kms_key.secrets[0].key_id
}

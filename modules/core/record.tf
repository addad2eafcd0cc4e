# The record of the environment: what others need to know to work in it, at a name that they can guess.
resource "aws_ssm_parameter" "record" {
  name        = "/environments/${var.name}"
  description = "What the environment ${var.name} is made of."
  type        = "String"

  # Nothing here is secret, and a plan should show what changes.
  insecure_value = jsonencode({
    cidr         = module.vpc.cidr
    cluster      = one(module.eks[*].cluster_name)
    labels       = var.labels
    name         = var.name
    serverGroups = keys(var.server_groups)
    subnets      = module.vpc.subnet_ids
    vpc          = module.vpc.vpc_id
    zones        = var.vpc.zones
  })

  tags = merge(local.tags, { Name = "/environments/${var.name}" })
}

variable "access_entries" {
  description = <<-EOT
    Who may use the Kubernetes API, by a name of your choice. `policies` are EKS access policies by their name
    (`AmazonEKSViewPolicy`), for the whole cluster or for `namespaces`; `kubernetes_groups` are for own RBAC rules.
  EOT
  type = map(object({
    kubernetes_groups = optional(set(string), [])
    policies          = optional(map(object({ namespaces = optional(set(string), []) })), {})
    principal_arn     = string
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for entry in values(var.access_entries) :
      can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$", entry.principal_arn))
    ])
    error_message = "access_entries principal_arn must be the ARN of an IAM role or user."
  }

  validation {
    condition = alltrue(flatten([
      for entry in values(var.access_entries) : [
        for policy in keys(entry.policies) : can(regex("^AmazonEKS[A-Za-z]*Policy$", policy))
      ]
    ]))
    error_message = "access_entries policies must be names of EKS access policies, such as AmazonEKSViewPolicy."
  }

  validation {
    condition = alltrue(flatten([
      for entry in values(var.access_entries) : [
        for group in entry.kubernetes_groups : !startswith(group, "system:")
      ]
    ]))
    error_message = "access_entries kubernetes_groups must not begin with system: EKS refuses them, use policies."
  }
}

variable "addons" {
  description = <<-EOT
    Add-ons by their EKS name. `version` null is the default for the cluster's version, `configuration` is a JSON
    document, `controller` names the entry of `controllers` whose role the add-on gets, `before_nodes` installs it
    before the node groups (the network must be there first). The cluster comes without self-managed add-ons.
  EOT
  type = map(object({
    before_nodes  = optional(bool, false)
    configuration = optional(string)
    controller    = optional(string)
    version       = optional(string)
  }))
  default = {
    coredns    = {}
    kube-proxy = { before_nodes = true }
    vpc-cni    = { before_nodes = true }
  }
  nullable = false

  validation {
    condition = alltrue([
      for addon in values(var.addons) : addon.controller == null ? true : contains(keys(var.controllers), addon.controller)
    ])
    error_message = "addons controller must be a key of controllers."
  }

  validation {
    condition = alltrue([
      for addon in values(var.addons) : addon.configuration == null ? true : can(jsondecode(addon.configuration))
    ])
    error_message = "addons configuration must be a JSON document."
  }
}

variable "controllers" {
  description = <<-EOT
    Roles for the service accounts of controllers. `cluster-autoscaler`, `ebs-csi`, `external-dns` (needs `zone_ids`,
    the only hosted zones it may change) and `load-balancer-controller` are known by their name, with namespace,
    service account and permissions; any other gives its own. `policies` are JSON documents and `policy_arns`
    managed policies, each by a name of your choice, added to what is known.
  EOT
  type = map(object({
    namespace       = optional(string)
    policies        = optional(map(string), {})
    policy_arns     = optional(map(string), {})
    service_account = optional(string)
    zone_ids        = optional(set(string), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.controllers) : can(regex("^[a-z][a-z0-9-]{0,30}$", name))])
    error_message = "controllers must have keys of 1 to 31 of a-z, 0-9 and -, the first a letter."
  }

  validation {
    condition = alltrue([
      for name, controller in var.controllers :
      contains(["cluster-autoscaler", "ebs-csi", "external-dns", "load-balancer-controller"], name) || (
        controller.namespace != null && controller.service_account != null
        && length(controller.policies) + length(controller.policy_arns) > 0
      )
    ])
    error_message = "controllers that are not known by name must give namespace, service_account and policies or policy_arns."
  }

  validation {
    condition = alltrue([
      for controller in values(var.controllers) :
      can(regex("^[a-z0-9-]+$", coalesce(controller.namespace, "default")))
      && can(regex("^[a-z0-9.-]+$", coalesce(controller.service_account, "default")))
    ])
    error_message = "controllers namespace and service_account must be exact names: a wildcard would let others take the role."
  }

  validation {
    condition     = alltrue([for name, controller in var.controllers : (name == "external-dns") == (length(controller.zone_ids) > 0)])
    error_message = "controllers zone_ids must be given for external-dns, and only for it."
  }

  validation {
    condition = alltrue(flatten([
      for controller in values(var.controllers) : [for policy in values(controller.policies) : can(jsondecode(policy))]
    ]))
    error_message = "controllers policies must be JSON documents."
  }
}

variable "endpoint" {
  description = <<-EOT
    Where the Kubernetes API answers: inside the VPC (`private`), and to `public_cidrs` on the internet, where the
    list is not empty.
  EOT
  type = object({
    private      = optional(bool, true)
    public_cidrs = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.endpoint.private || length(var.endpoint.public_cidrs) > 0
    error_message = "endpoint must be private or have public_cidrs: nodes could not reach the API."
  }

  validation {
    condition = alltrue([
      for cidr in var.endpoint.public_cidrs : can(cidrnetmask(cidr)) && try(tonumber(split("/", cidr)[1]), 0) >= 8
    ])
    error_message = "endpoint.public_cidrs must be IPv4 blocks of at most a /8: the API is never open to everybody."
  }
}

variable "kubernetes_version" {
  description = "Kubernetes version of the cluster and its nodes, such as 1.33. EKS goes up one minor version at a time, never down."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "kubernetes_version must be a minor version, such as 1.33."
  }
}

variable "logs" {
  description = "Control plane logs: which `types` are written and for how many days they stay; no types, no log group."
  type = object({
    kms_key_arn    = optional(string)
    retention_days = optional(number, 90)
    types          = optional(set(string), ["api", "audit", "authenticator"])
  })
  default  = {}
  nullable = false

  validation {
    condition = length(setsubtract(
      var.logs.types, ["api", "audit", "authenticator", "controllerManager", "scheduler"]
    )) == 0
    error_message = "logs.types may be api, audit, authenticator, controllerManager and scheduler."
  }

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.logs.retention_days
    )
    error_message = "logs.retention_days must be a period that CloudWatch Logs knows, such as 30, 90 or 365."
  }
}

variable "name" {
  description = "Name of the cluster and prefix of everything with it: 2 to 32 of a-z, 0-9 and -, first a letter."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 32 characters of a-z, 0-9 and -, begin with a letter and not end with -."
  }
}

variable "node_groups" {
  description = <<-EOT
    Managed node groups by name. `desired` is the size at the start; later it belongs to the autoscaler. `taints` are
    by key. `subnet_ids` null takes those of the cluster. Names, instance types, capacity, image and subnets cannot change
    in place: add a second group, drain, drop the first.
  EOT
  type = map(object({
    ami_type       = optional(string, "AL2023_x86_64_STANDARD")
    capacity_type  = optional(string, "ON_DEMAND")
    desired        = optional(number, 2)
    disk_size      = optional(number, 50)
    instance_types = optional(list(string), ["m7i.large"])
    kms_key_arn    = optional(string)
    labels         = optional(map(string), {})
    max            = optional(number, 3)
    min            = optional(number, 1)
    subnet_ids     = optional(set(string))
    taints         = optional(map(object({ effect = optional(string, "NO_SCHEDULE"), value = optional(string) })), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.node_groups) : can(regex("^[a-z][a-z0-9-]{0,29}$", name))])
    error_message = "node_groups must have keys of 1 to 30 of a-z, 0-9 and -, the first a letter."
  }

  validation {
    condition = alltrue([
      for group in values(var.node_groups) : contains(
        ["AL2023_ARM_64_STANDARD", "AL2023_x86_64_NEURON", "AL2023_x86_64_NVIDIA", "AL2023_x86_64_STANDARD"], group.ami_type
      )
    ])
    error_message = "node_groups ami_type must be an Amazon Linux 2023 image, such as AL2023_x86_64_STANDARD."
  }

  validation {
    condition     = alltrue([for group in values(var.node_groups) : contains(["ON_DEMAND", "SPOT"], group.capacity_type)])
    error_message = "node_groups capacity_type must be ON_DEMAND or SPOT."
  }

  validation {
    condition     = alltrue([for group in values(var.node_groups) : group.disk_size >= 20])
    error_message = "node_groups disk_size must be at least 20 (GiB): images of containers need the room."
  }

  validation {
    condition     = alltrue([for group in values(var.node_groups) : length(group.instance_types) > 0])
    error_message = "node_groups instance_types must not be empty."
  }

  validation {
    condition = alltrue([
      for group in values(var.node_groups) :
      0 <= group.min && group.min <= group.desired && group.desired <= group.max && group.max >= 1
    ])
    error_message = "node_groups must have 0 <= min <= desired <= max, and max at least 1."
  }

  validation {
    condition = alltrue(flatten([
      for group in values(var.node_groups) : [
        for taint in values(group.taints) : contains(["NO_EXECUTE", "NO_SCHEDULE", "PREFER_NO_SCHEDULE"], taint.effect)
      ]
    ]))
    error_message = "node_groups taints effect must be NO_EXECUTE, NO_SCHEDULE or PREFER_NO_SCHEDULE."
  }
}

variable "secrets_key" {
  description = "KMS key that encrypts Kubernetes secrets; null makes one, with rotation. It cannot be changed to another later."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.secrets_key == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.secrets_key.arn))
    error_message = "secrets_key.arn must be the ARN of a KMS key (not of an alias)."
  }
}

variable "subnet_ids" {
  description = "Private subnets of the control plane's interfaces and of the nodes, in at least two zones."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must be at least two subnets, in different zones: EKS wants two."
  }
}

variable "tags" {
  description = "Tags of everything that this module makes, instances and volumes of the nodes too; Name is added."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "eks" {
  description = <<-EOT
    A Kubernetes cluster in the private subnets, named after the environment; null leaves it out. The fields are
    the inputs of the eks module, left out ones have its defaults.
  EOT
  type = object({
    access_entries = optional(map(object({
      kubernetes_groups = optional(set(string))
      policies          = optional(map(object({ namespaces = optional(set(string)) })))
      principal_arn     = string
    })))
    addons = optional(map(object({
      before_nodes  = optional(bool)
      configuration = optional(string)
      controller    = optional(string)
      version       = optional(string)
    })))
    controllers = optional(map(object({
      namespace       = optional(string)
      policies        = optional(map(string))
      policy_arns     = optional(map(string))
      service_account = optional(string)
      zone_ids        = optional(set(string))
    })))
    endpoint = optional(object({
      private      = optional(bool)
      public_cidrs = optional(set(string))
    }))
    kubernetes_version = string
    logs = optional(object({
      kms_key_arn    = optional(string)
      retention_days = optional(number)
      types          = optional(set(string))
    }))
    node_groups = optional(map(object({
      ami_type       = optional(string)
      capacity_type  = optional(string)
      desired        = optional(number)
      disk_size      = optional(number)
      instance_types = optional(list(string))
      kms_key_arn    = optional(string)
      labels         = optional(map(string))
      max            = optional(number)
      min            = optional(number)
      taints         = optional(map(object({ effect = optional(string), value = optional(string) })))
    })))
    secrets_key = optional(object({ arn = string }))
  })
  default = null

  validation {
    condition     = var.eks == null || (contains(keys(coalesce(var.vpc.subnets, { private = null })), "private") && length(var.vpc.zones) >= 2)
    error_message = "eks needs the private tier in vpc.subnets and two or more vpc.zones: EKS wants subnets in two zones."
  }

  validation {
    condition     = var.eks == null || coalesce(var.vpc.dns_hostnames, true)
    error_message = "eks needs vpc.dns_hostnames: the private endpoint is found by its name."
  }

  validation {
    condition     = length(try(coalesce(var.eks.node_groups), {})) == 0 || coalesce(var.vpc.nat, "none") != "none"
    error_message = "eks.node_groups need vpc.nat one or per_zone: nodes without a way out can neither load images nor join."
  }
}

variable "labels" {
  description = "What people and programs should know about the environment (owner, purpose, contact), kept in its record."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "name" {
  description = "Name of the environment and prefix of everything in it: 2 to 24 of a-z, 0-9 and -, first a letter."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,22}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 24 characters of a-z, 0-9 and -, begin with a letter and not end with -."
  }
}

variable "server_groups" {
  description = <<-EOT
    Server groups by name, each in the environment's VPC and named `<name>-<key>`. The fields are the inputs of the
    server-group module, left out ones have its defaults; in place of subnets, `tier` says where servers (private
    when left out) and load balancer (private when internal, else public) stand.
  EOT
  type = map(object({
    alarms = optional(map(object({
      metric             = string
      threshold          = number
      actions            = optional(list(string))
      comparison         = optional(string)
      evaluation_periods = optional(number)
      missing_data       = optional(string)
      namespace          = optional(string)
      of                 = optional(string)
      period             = optional(number)
      statistic          = optional(string)
      target_group       = optional(string)
    })))
    listeners = optional(map(object({
      port            = number
      certificate_arn = optional(string)
      fixed_response = optional(object({
        status_code  = number
        content_type = optional(string)
        message      = optional(string)
      }))
      protocol    = optional(string)
      redirect_to = optional(number)
      rules = optional(map(object({
        priority     = number
        target_group = string
        hosts        = optional(list(string))
        paths        = optional(list(string))
      })))
      ssl_policy   = optional(string)
      target_group = optional(string)
    })))
    load_balancer = optional(object({
      access_logs         = optional(object({ bucket = string, prefix = optional(string) }))
      allowed_cidrs       = optional(list(string))
      deletion_protection = optional(bool)
      idle_timeout        = optional(number)
      internal            = optional(bool, true)
      tier                = optional(string)
      type                = optional(string)
    }))
    scaling = optional(object({
      max = optional(number)
      min = optional(number)
      policies = optional(map(object({
        target       = number
        metric       = optional(string)
        target_group = optional(string)
      })))
    }))
    servers = optional(object({
      image_id = string
      egress = optional(map(object({
        cidr     = string
        port     = number
        protocol = optional(string)
      })))
      health_check_grace = optional(number)
      ingress = optional(map(object({
        port              = number
        cidr              = optional(string)
        protocol          = optional(string)
        security_group_id = optional(string)
      })))
      instance_type = optional(string)
      key_name      = optional(string)
      policy_arns   = optional(map(string))
      refresh = optional(object({
        auto_rollback          = optional(bool)
        min_healthy_percentage = optional(number)
        warmup                 = optional(number)
      }))
      root_volume = optional(object({
        device_name = optional(string)
        kms_key_id  = optional(string)
        size        = optional(number)
      }))
      target_group_arns = optional(map(string))
      tier              = optional(string, "private")
      user_data         = optional(string)
      warm_pool = optional(object({
        max_prepared = optional(number)
        min_size     = optional(number)
        state        = optional(string)
      }))
    }))
    target_groups = optional(map(object({
      port                 = number
      attach               = optional(bool)
      deregistration_delay = optional(number)
      health_check = optional(object({
        healthy_threshold   = optional(number)
        interval            = optional(number)
        matcher             = optional(string)
        path                = optional(string)
        port                = optional(number)
        protocol            = optional(string)
        timeout             = optional(number)
        unhealthy_threshold = optional(number)
      }))
      protocol        = optional(string)
      security_groups = optional(map(string))
      target_type     = optional(string)
    })))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key in keys(var.server_groups) : can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", key)) && key != "eks"])
    error_message = "server_groups must have keys of a-z, 0-9 and -, other than eks: they end names."
  }

  validation {
    condition     = alltrue([for key in keys(var.server_groups) : length("${var.name}-${key}") <= 32])
    error_message = "server_groups keys with name before them must not be longer than 32: load balancers allow no more."
  }

  validation {
    condition     = alltrue([for group in values(var.server_groups) : group.servers != null || group.load_balancer != null])
    error_message = "server_groups must each have servers or a load_balancer."
  }

  validation {
    condition = alltrue([
      for group in values(var.server_groups) : alltrue([
        for tier in [
          try(group.servers.tier, null),
          try(coalesce(group.load_balancer.tier, group.load_balancer.internal ? "private" : "public"), null),
        ] : tier == null ? true : contains(keys(coalesce(var.vpc.subnets, { database = null, private = null, public = null })), tier)
      ])
    ])
    error_message = "server_groups must stand in tiers that vpc.subnets has."
  }
}

variable "tags" {
  description = "Tags of everything in the environment; Environment and Name are added."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = !contains(keys(var.tags), "Environment")
    error_message = "tags must not hold Environment: it is name."
  }
}

variable "vpc" {
  description = "The network. The fields are the inputs of the vpc module, left out ones have its defaults."
  type = object({
    bastion = optional(object({
      image_id         = string
      allowed_cidrs    = optional(list(string))
      instance_type    = optional(string)
      key_name         = optional(string)
      kms_key_id       = optional(string)
      root_volume_size = optional(number)
      tier             = optional(string)
      zone             = optional(string)
    }))
    cidr          = string
    dns_hostnames = optional(bool)
    flow_logs = optional(object({
      bucket_arn     = optional(string)
      destination    = optional(string)
      interval       = optional(number)
      kms_key_arn    = optional(string)
      retention_days = optional(number)
      traffic        = optional(string)
    }))
    gateway_endpoints = optional(map(object({ policy = optional(string) })))
    nat               = optional(string)
    subnets = optional(map(object({
      cidrs = optional(map(string))
      tags  = optional(map(string))
    })))
    zones = list(string)
  })
  nullable = false
}

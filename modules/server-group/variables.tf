variable "alarms" {
  description = <<-EOT
    CloudWatch alarms by name. `of` is what the metric measures: `servers`, `load_balancer` or `target_group` (then
    `target_group` is its key); `actions` are ARNs, such as an SNS topic's, told of both alarm and recovery.
  EOT
  type = map(object({
    metric             = string
    threshold          = number
    actions            = optional(list(string), [])
    comparison         = optional(string, "GreaterThanOrEqualToThreshold")
    evaluation_periods = optional(number, 3)
    missing_data       = optional(string, "missing")
    namespace          = optional(string)
    of                 = optional(string, "servers")
    period             = optional(number, 60)
    statistic          = optional(string, "Average")
    target_group       = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for alarm in values(var.alarms) : contains(["load_balancer", "servers", "target_group"], alarm.of)])
    error_message = "alarms of must be servers, load_balancer or target_group."
  }

  validation {
    condition = alltrue([
      for alarm in values(var.alarms) : alarm.of == "servers" ? var.servers != null : var.load_balancer != null
    ])
    error_message = "alarms must be of a part that is there: servers or load_balancer is null."
  }

  validation {
    condition = alltrue([
      for alarm in values(var.alarms) :
      (alarm.of == "target_group") == (alarm.target_group != null) && (alarm.target_group == null ? true : contains(keys(var.target_groups), alarm.target_group))
    ])
    error_message = "alarms of a target_group name one of target_groups, other alarms none."
  }
}

variable "name" {
  description = "Name of the group and prefix of everything in it: 2 to 32 of a-z, 0-9 and -, first a letter."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 32 characters of a-z, 0-9 and -, begin with a letter and not end with -."
  }

  validation {
    condition     = !startswith(var.name, "internal-")
    error_message = "name must not begin with internal-: AWS keeps that for itself."
  }
}

variable "scaling" {
  description = <<-EOT
    How many servers: `min` to `max`, and between them target tracking `policies` by name. `metric` is a predefined
    one (`ASGAverageCPUUtilization`, `ASGAverageNetworkIn`, `ASGAverageNetworkOut`, or `ALBRequestCountPerTarget`
    of `target_group`); `target` is the value to keep. Without policies the group stays at `min`.
  EOT
  type = object({
    max = optional(number, 1)
    min = optional(number, 1)
    policies = optional(map(object({
      target       = number
      metric       = optional(string, "ASGAverageCPUUtilization")
      target_group = optional(string)
    })), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.scaling.min >= 0 && var.scaling.min <= var.scaling.max
    error_message = "scaling.min must be between 0 and scaling.max."
  }

  validation {
    condition     = length(var.scaling.policies) == 0 || var.servers != null
    error_message = "scaling.policies need servers."
  }

  validation {
    condition = alltrue([
      for policy in values(var.scaling.policies) : contains(
        ["ALBRequestCountPerTarget", "ASGAverageCPUUtilization", "ASGAverageNetworkIn", "ASGAverageNetworkOut"], policy.metric
      )
    ])
    error_message = "scaling.policies metrics must be ALBRequestCountPerTarget, ASGAverageCPUUtilization, ASGAverageNetworkIn or ASGAverageNetworkOut."
  }

  validation {
    condition = alltrue([
      for policy in values(var.scaling.policies) :
      policy.metric == "ALBRequestCountPerTarget" ? contains(keys(var.target_groups), coalesce(policy.target_group, "?")) : policy.target_group == null
    ])
    error_message = "scaling.policies of ALBRequestCountPerTarget name one of target_groups, others none."
  }
}

variable "servers" {
  description = <<-EOT
    The servers, null for a load balancer alone. `ingress` opens ports beyond those of the load balancer, to a block
    or a security group; `egress` replaces the default (HTTPS only). Session Manager always works, SSH where
    `key_name` and `ingress` say so; `policy_arns` adds to the role. A change of the launch template replaces the
    servers step by step (`refresh`). `target_group_arns` joins load balancers made elsewhere. `warm_pool` is off
    when null.
  EOT
  type = object({
    image_id   = string
    subnet_ids = list(string)
    egress = optional(map(object({
      cidr     = string
      port     = number
      protocol = optional(string, "tcp")
    })), { https = { cidr = "0.0.0.0/0", port = 443 } })
    health_check_grace = optional(number, 300)
    ingress = optional(map(object({
      port              = number
      cidr              = optional(string)
      protocol          = optional(string, "tcp")
      security_group_id = optional(string)
    })), {})
    instance_type = optional(string, "t3.micro")
    key_name      = optional(string)
    policy_arns   = optional(map(string), {})
    refresh = optional(object({
      auto_rollback          = optional(bool, true)
      min_healthy_percentage = optional(number, 90)
      warmup                 = optional(number)
    }), {})
    root_volume = optional(object({
      device_name = optional(string, "/dev/xvda")
      kms_key_id  = optional(string)
      size        = optional(number, 8)
    }), {})
    target_group_arns = optional(map(string), {})
    user_data         = optional(string)
    warm_pool = optional(object({
      max_prepared = optional(number)
      min_size     = optional(number, 0)
      state        = optional(string, "Stopped")
    }))
  })
  default = null

  validation {
    condition     = var.servers == null ? true : can(regex("^ami-[0-9a-f]{8,17}$", var.servers.image_id))
    error_message = "servers.image_id must be the id of an image, such as ami-0123456789abcdef0."
  }

  validation {
    condition     = var.servers == null ? true : length(var.servers.subnet_ids) > 0
    error_message = "servers.subnet_ids must name at least one subnet."
  }

  validation {
    condition = alltrue([
      for rule in values(try(var.servers.ingress, {})) : rule.cidr != null ? (
        rule.security_group_id == null && try(tonumber(split("/", rule.cidr)[1]), 0) >= 8
      ) : rule.security_group_id != null
    ])
    error_message = "servers.ingress must give a cidr (at most a /8, never everybody) or a security_group_id, not both."
  }

  validation {
    condition     = alltrue([for rule in values(try(var.servers.egress, {})) : can(cidrhost(rule.cidr, 0))])
    error_message = "servers.egress must give CIDR blocks."
  }

  validation {
    condition = alltrue([
      for rule in concat(values(try(var.servers.ingress, {}))[*].protocol, values(try(var.servers.egress, {}))[*].protocol) :
      contains(["tcp", "udp"], rule)
    ])
    error_message = "servers.ingress and servers.egress protocols must be tcp or udp."
  }

  validation {
    condition     = contains(["Hibernated", "Running", "Stopped"], try(coalesce(var.servers.warm_pool.state), "Stopped"))
    error_message = "servers.warm_pool.state must be Stopped, Running or Hibernated."
  }

  validation {
    condition     = try(var.servers.refresh.min_healthy_percentage, 90) >= 0 && try(var.servers.refresh.min_healthy_percentage, 90) <= 100
    error_message = "servers.refresh.min_healthy_percentage must be between 0 and 100."
  }
}

variable "tags" {
  description = "Tags of everything that this module makes, servers and their volumes included; Name is added."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "vpc_id" {
  description = "VPC of the security groups and target groups."
  type        = string
  nullable    = false
}

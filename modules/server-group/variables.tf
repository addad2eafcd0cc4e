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

variable "listeners" {
  description = <<-EOT
    Listeners by name. Each does one thing: forward to the target group `target_group`, redirect to HTTPS on port
    `redirect_to`, or answer with `fixed_response`. `protocol` null means HTTPS on an ALB (HTTP for a redirect), TCP on
    an NLB; HTTPS and TLS need `certificate_arn`. `rules` (ALB) send hosts or paths to other target groups.
  EOT
  type = map(object({
    port            = number
    certificate_arn = optional(string)
    fixed_response = optional(object({
      status_code  = number
      content_type = optional(string, "text/plain")
      message      = optional(string, "")
    }))
    protocol    = optional(string)
    redirect_to = optional(number)
    rules = optional(map(object({
      priority     = number
      target_group = string
      hosts        = optional(list(string), [])
      paths        = optional(list(string), [])
    })), {})
    ssl_policy   = optional(string, "ELBSecurityPolicy-TLS13-1-2-2021-06")
    target_group = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(var.listeners) == 0 || var.load_balancer != null
    error_message = "listeners need a load_balancer."
  }

  validation {
    condition     = alltrue([for listener in values(var.listeners) : listener.port >= 1 && listener.port <= 65535])
    error_message = "listeners ports must be between 1 and 65535."
  }

  validation {
    condition     = alltrue([for listener in values(var.listeners) : listener.redirect_to == null || length(listener.rules) == 0])
    error_message = "listeners that redirect have no rules."
  }

  validation {
    condition     = length(distinct(values(var.listeners)[*].port)) == length(var.listeners)
    error_message = "listeners must have different ports."
  }

  validation {
    condition = alltrue([
      for listener in values(var.listeners) :
      length([for act in [listener.target_group, listener.redirect_to, listener.fixed_response] : act if act != null]) == 1
    ])
    error_message = "listeners must each have one of target_group, redirect_to and fixed_response."
  }

  validation {
    condition = alltrue(flatten([
      for listener in values(var.listeners) : [
        for key in concat(listener.target_group[*], values(listener.rules)[*].target_group) : contains(keys(var.target_groups), key)
      ]
    ]))
    error_message = "listeners and their rules must name target groups in target_groups."
  }

  validation {
    condition = try(var.load_balancer.type, "alb") == "alb" || alltrue([
      for listener in values(var.listeners) : listener.target_group != null && length(listener.rules) == 0
    ])
    error_message = "listeners of an NLB can only forward: redirect_to, fixed_response and rules need an ALB."
  }

  validation {
    condition = alltrue([
      for listener in values(var.listeners) : listener.protocol == null ? true : contains(
        try(var.load_balancer.type, "alb") == "alb" ? ["HTTP", "HTTPS"] : ["TCP", "TLS", "UDP"], listener.protocol
      )
    ])
    error_message = "listeners protocol must be HTTP or HTTPS on an ALB, TCP, TLS or UDP on an NLB."
  }

  validation {
    condition = alltrue([
      for listener in values(var.listeners) : (listener.certificate_arn != null) == contains(
        ["HTTPS", "TLS"],
        coalesce(listener.protocol, try(var.load_balancer.type, "alb") == "nlb" ? "TCP" : listener.redirect_to == null ? "HTTPS" : "HTTP")
      )
    ])
    error_message = "listeners need certificate_arn for HTTPS (an ALB's default) and TLS, and only for them."
  }

  validation {
    condition = try(var.load_balancer.internal, true) || alltrue([
      for listener in values(var.listeners) : coalesce(listener.protocol, "HTTPS") != "HTTP" || listener.redirect_to != null
    ])
    error_message = "listeners of a public load balancer may speak HTTP only to redirect_to HTTPS."
  }

  validation {
    condition = alltrue(flatten([
      for listener in values(var.listeners) : [
        for rule in values(listener.rules) : length(rule.hosts) + length(rule.paths) > 0
      ]
    ]))
    error_message = "listeners rules must give hosts or paths."
  }
}

variable "load_balancer" {
  description = <<-EOT
    The load balancer, null for servers alone. `type` is `alb` or `nlb`; `allowed_cidrs` may reach its listeners;
    `access_logs` go to a bucket that lets the load balancer write. Deletion protection must be turned off and
    applied before the load balancer can be destroyed.
  EOT
  type = object({
    subnet_ids          = list(string)
    access_logs         = optional(object({ bucket = string, prefix = optional(string) }))
    allowed_cidrs       = optional(list(string), [])
    deletion_protection = optional(bool, true)
    idle_timeout        = optional(number, 60)
    internal            = optional(bool, true)
    type                = optional(string, "alb")
  })
  default = null

  validation {
    condition     = contains(["alb", "nlb"], try(var.load_balancer.type, "alb"))
    error_message = "load_balancer.type must be alb or nlb."
  }

  validation {
    condition     = alltrue([for cidr in try(var.load_balancer.allowed_cidrs, []) : can(cidrhost(cidr, 0))])
    error_message = "load_balancer.allowed_cidrs must be CIDR blocks."
  }

  validation {
    condition     = var.load_balancer == null ? true : length(var.load_balancer.subnet_ids) >= (var.load_balancer.type == "nlb" ? 1 : 2)
    error_message = "load_balancer.subnet_ids must name two or more subnets for an ALB, one or more for an NLB."
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

variable "target_groups" {
  description = <<-EOT
    Target groups by name; the servers join those with `attach`. `protocol` is HTTP or HTTPS on an ALB (HTTP when
    null), TCP, TLS or UDP on an NLB (TCP when null). The load balancer may
    also reach `security_groups` (by name): those of targets that others register.
  EOT
  type = map(object({
    port                 = number
    attach               = optional(bool, true)
    deregistration_delay = optional(number, 60)
    health_check = optional(object({
      healthy_threshold   = optional(number, 3)
      interval            = optional(number, 30)
      matcher             = optional(string, "200")
      path                = optional(string, "/")
      port                = optional(number)
      protocol            = optional(string)
      timeout             = optional(number, 5)
      unhealthy_threshold = optional(number, 3)
    }), {})
    protocol        = optional(string)
    security_groups = optional(map(string), {})
    target_type     = optional(string, "instance")
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(var.target_groups) == 0 || var.load_balancer != null
    error_message = "target_groups need a load_balancer."
  }

  validation {
    condition     = alltrue([for group in values(var.target_groups) : group.port >= 1 && group.port <= 65535])
    error_message = "target_groups ports must be between 1 and 65535."
  }

  validation {
    condition = alltrue([
      for group in values(var.target_groups) : group.protocol == null ? true : contains(
        try(var.load_balancer.type, "alb") == "alb" ? ["HTTP", "HTTPS"] : ["TCP", "TLS", "UDP"], group.protocol
      )
    ])
    error_message = "target_groups protocol must be HTTP or HTTPS on an ALB, TCP, TLS or UDP on an NLB."
  }

  validation {
    condition     = alltrue([for group in values(var.target_groups) : contains(["instance", "ip"], group.target_type)])
    error_message = "target_groups target_type must be instance or ip."
  }

  validation {
    condition     = alltrue([for group in values(var.target_groups) : group.health_check.timeout < group.health_check.interval])
    error_message = "target_groups health_check.timeout must be shorter than its interval."
  }
}

variable "vpc_id" {
  description = "VPC of the security groups and target groups."
  type        = string
  nullable    = false
}

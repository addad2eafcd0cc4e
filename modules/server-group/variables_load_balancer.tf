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

variable "bastion" {
  description = <<-EOT
    One host to reach private addresses through; null leaves it out. Session Manager always works, SSH only
    from `allowed_cidrs` and with `key_name`. `tier` is where it stands (`public` gives it a public
    address). Changing `image_id` replaces the host.
  EOT
  type = object({
    image_id         = string
    allowed_cidrs    = optional(list(string), [])
    instance_type    = optional(string, "t3.micro")
    key_name         = optional(string)
    kms_key_id       = optional(string)
    root_volume_size = optional(number, 8)
    tier             = optional(string, "public")
    zone             = optional(string)
  })
  default = null

  validation {
    condition     = var.bastion == null ? true : can(regex("^ami-[0-9a-f]{8,17}$", var.bastion.image_id))
    error_message = "bastion.image_id must be the id of an image, such as ami-0123456789abcdef0."
  }

  validation {
    condition = var.bastion == null ? true : alltrue([
      for cidr in var.bastion.allowed_cidrs : can(cidrhost(cidr, 0)) && try(tonumber(split("/", cidr)[1]), 0) >= 8
    ])
    error_message = "bastion.allowed_cidrs must be CIDR blocks of at most a /8: SSH is never open to everybody."
  }

  validation {
    condition     = var.bastion == null ? true : length(var.bastion.allowed_cidrs) == 0 || var.bastion.key_name != null
    error_message = "bastion.allowed_cidrs opens SSH, which needs bastion.key_name."
  }

  validation {
    condition     = var.bastion == null ? true : var.bastion.root_volume_size >= 8
    error_message = "bastion.root_volume_size must be at least 8 (GiB)."
  }

  validation {
    condition     = var.bastion == null ? true : contains(keys(var.subnets), var.bastion.tier)
    error_message = "bastion.tier must be one of the tiers in subnets."
  }

  validation {
    condition     = try(var.bastion.zone, null) == null ? true : contains(var.zones, var.bastion.zone)
    error_message = "bastion.zone must be one of zones."
  }
}

variable "cidr" {
  description = "IPv4 block of the VPC, /16 to /28 (to /23 where subnets are computed from it)."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(cidrhost(var.cidr, 0) == split("/", var.cidr)[0], false)
    error_message = "cidr must be an IPv4 block that starts at its first address, such as 10.0.0.0/16."
  }

  validation {
    condition     = try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 28, false)
    error_message = "cidr must be between /16 and /28: AWS accepts no other size."
  }
}

variable "dns_hostnames" {
  description = "Give instances with public addresses a DNS name. Private endpoints (EKS, interface endpoints) need it."
  type        = bool
  default     = true
  nullable    = false
}

variable "flow_logs" {
  description = <<-EOT
    Record of the VPC's traffic; on unless null. `destination` is `cloudwatch` (a log group and the role to
    write it are made here) or `s3` (into `bucket_arn`).
  EOT
  type = object({
    bucket_arn     = optional(string)
    destination    = optional(string, "cloudwatch")
    interval       = optional(number, 600)
    kms_key_arn    = optional(string)
    retention_days = optional(number, 90)
    traffic        = optional(string, "ALL")
  })
  default = {}

  validation {
    condition     = contains(["cloudwatch", "s3"], try(var.flow_logs.destination, "cloudwatch"))
    error_message = "flow_logs.destination must be cloudwatch or s3."
  }

  validation {
    condition     = (try(var.flow_logs.destination, "cloudwatch") == "s3") == (try(var.flow_logs.bucket_arn, null) != null)
    error_message = "flow_logs.bucket_arn must be given for destination s3, and only for it."
  }

  validation {
    condition     = contains([60, 600], try(var.flow_logs.interval, 600))
    error_message = "flow_logs.interval must be 60 or 600 (seconds)."
  }

  validation {
    condition     = contains(["ACCEPT", "ALL", "REJECT"], try(var.flow_logs.traffic, "ALL"))
    error_message = "flow_logs.traffic must be ACCEPT, ALL or REJECT."
  }

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      try(var.flow_logs.retention_days, 90)
    )
    error_message = "flow_logs.retention_days must be a period that CloudWatch Logs knows, such as 30, 90 or 365."
  }
}

variable "gateway_endpoints" {
  description = "Gateway endpoints by service (`s3`, `dynamodb`), free of charge; `policy` is a JSON document, null allows all."
  type        = map(object({ policy = optional(string) }))
  default     = { s3 = {} }
  nullable    = false

  validation {
    condition     = alltrue([for service in keys(var.gateway_endpoints) : contains(["dynamodb", "s3"], service)])
    error_message = "gateway_endpoints may have the keys s3 and dynamodb: AWS has no other gateway endpoints."
  }

  validation {
    condition     = alltrue([for endpoint in values(var.gateway_endpoints) : endpoint.policy == null || can(jsondecode(endpoint.policy))])
    error_message = "gateway_endpoints policies must be JSON documents."
  }
}

variable "name" {
  description = "Name of the VPC and prefix of everything in it: 2 to 32 of a-z, 0-9 and -, first a letter."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 32 characters of a-z, 0-9 and -, begin with a letter and not end with -."
  }
}

variable "nat" {
  description = "NAT gateways for the private tier: `none`, `one` (in the first zone) or `per_zone`."
  type        = string
  default     = "none"
  nullable    = false

  validation {
    condition     = contains(["none", "one", "per_zone"], var.nat)
    error_message = "nat must be none, one or per_zone."
  }

  validation {
    condition     = var.nat == "none" || contains(keys(var.subnets), "public")
    error_message = "nat needs the public tier: a NAT gateway stands in a public subnet."
  }
}

variable "subnets" {
  description = <<-EOT
    Tiers by name (`public`, `private`, `database`), each with one subnet per zone. `cidrs` gives blocks by zone;
    null computes them: the upper half of the VPC is private, the first quarter public, the second database, each
    cut in eight. Adding a zone or a tier never moves another subnet.
  EOT
  type = map(object({
    cidrs = optional(map(string))
    tags  = optional(map(string), {})
  }))
  default = {
    database = {}
    private  = {}
    public   = {}
  }
  nullable = false

  validation {
    condition     = alltrue([for tier in keys(var.subnets) : contains(["database", "private", "public"], tier)])
    error_message = "subnets may have the keys public, private and database."
  }

  validation {
    condition = try(tonumber(split("/", var.cidr)[1]) <= 23, false) || alltrue([
      for tier in values(var.subnets) : tier.cidrs != null
    ])
    error_message = "subnets without cidrs need a cidr of /23 or larger: a smaller one leaves less than a /28 for each."
  }

  validation {
    condition = alltrue([
      for tier in values(var.subnets) : tier.cidrs == null ? true : toset(keys(tier.cidrs)) == toset(var.zones)
    ])
    error_message = "subnets with cidrs must give one block for each of zones."
  }

  validation {
    condition = alltrue(flatten([
      for tier in values(var.subnets) : [
        for cidr in values(coalesce(tier.cidrs, {})) :
        try(
          tonumber(split("/", cidr)[1]) >= tonumber(split("/", var.cidr)[1])
          && tonumber(split("/", cidr)[1]) <= 28
          && cidrhost("${split("/", cidr)[0]}/${split("/", var.cidr)[1]}", 0) == cidrhost(var.cidr, 0),
          false
        )
      ]
    ]))
    error_message = "subnets cidrs must be blocks inside cidr, no smaller than /28."
  }
}

variable "tags" {
  description = "Tags of everything that this module makes; Name is added."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "zones" {
  description = "Availability zones, such as us-east-1a. Append new ones at the end: computed blocks follow the order."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.zones) >= 1 && length(var.zones) <= 8
    error_message = "zones must name one to eight availability zones."
  }

  validation {
    condition     = length(var.zones) == length(toset(var.zones))
    error_message = "zones must not name a zone twice."
  }

  validation {
    condition     = alltrue([for zone in var.zones : can(regex("^[a-z]{2}(-[a-z0-9]+)+-[0-9]+[a-z]$", zone))])
    error_message = "zones must be names of availability zones, such as us-east-1a."
  }
}

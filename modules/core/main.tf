locals {
  tags = tomap(merge(var.tags, { Environment = var.name }))

  # Kubernetes finds the subnets of its load balancers by these tags.
  cluster_subnet_tags = var.eks == null ? {} : {
    private = { "kubernetes.io/role/internal-elb" = "1" }
    public  = { "kubernetes.io/role/elb" = "1" }
  }

  subnets = {
    for tier, settings in coalesce(var.vpc.subnets, { database = {}, private = {}, public = {} }) : tier => {
      cidrs = try(settings.cidrs, null)
      tags  = merge(lookup(local.cluster_subnet_tags, tier, {}), try(settings.tags, null))
    }
  }
}

module "vpc" {
  source = "../vpc"

  name              = var.name
  bastion           = var.vpc.bastion
  cidr              = var.vpc.cidr
  dns_hostnames     = var.vpc.dns_hostnames
  flow_logs         = var.vpc.flow_logs
  gateway_endpoints = var.vpc.gateway_endpoints
  nat               = var.vpc.nat
  subnets           = local.subnets
  tags              = local.tags
  zones             = var.vpc.zones
}

module "eks" {
  source = "../eks"
  count  = var.eks == null ? 0 : 1

  name               = var.name
  access_entries     = var.eks.access_entries
  addons             = var.eks.addons
  controllers        = var.eks.controllers
  endpoint           = var.eks.endpoint
  kubernetes_version = var.eks.kubernetes_version
  logs               = var.eks.logs
  node_groups        = var.eks.node_groups
  secrets_key        = var.eks.secrets_key
  subnet_ids         = values(module.vpc.subnet_ids["private"])
  tags               = local.tags
}

module "server_group" {
  source   = "../server-group"
  for_each = var.server_groups

  name      = "${var.name}-${each.key}"
  alarms    = each.value.alarms
  listeners = each.value.listeners
  load_balancer = each.value.load_balancer == null ? null : merge(each.value.load_balancer, {
    subnet_ids = values(module.vpc.subnet_ids[
      coalesce(each.value.load_balancer.tier, each.value.load_balancer.internal ? "private" : "public")
    ])
  })
  scaling = each.value.scaling
  servers = each.value.servers == null ? null : merge(each.value.servers, {
    subnet_ids = values(module.vpc.subnet_ids[each.value.servers.tier])
  })
  tags          = local.tags
  target_groups = each.value.target_groups
  vpc_id        = module.vpc.vpc_id
}

# Plans with the real provider on the emulator: what roles for service accounts may do, and in whose name.

variables {
  name               = "unit"
  kubernetes_version = "1.33"
  subnet_ids         = ["subnet-0a", "subnet-0b"]
  tags               = { Team = "platform" }

  addons = {
    aws-ebs-csi-driver = { controller = "ebs-csi" }
    vpc-cni            = { before_nodes = true, controller = "network" }
  }

  controllers = {
    cluster-autoscaler       = { namespace = "scaling", policies = { more = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" } }
    ebs-csi                  = {}
    external-dns             = { service_account = "dns", zone_ids = ["Z1EXAMPLE", "Z2EXAMPLE"] }
    load-balancer-controller = {}
    network = {
      namespace       = "kube-system"
      policy_arns     = { cni = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy" }
      service_account = "aws-node"
    }
  }
}

run "known_controllers_have_their_namespace_and_account" {
  command = plan

  assert {
    condition = { for name, controller in local.controllers : name => "${controller.namespace}/${controller.service_account}" } == {
      cluster-autoscaler       = "scaling/cluster-autoscaler"
      ebs-csi                  = "kube-system/ebs-csi-controller-sa"
      external-dns             = "external-dns/dns"
      load-balancer-controller = "kube-system/aws-load-balancer-controller"
      network                  = "kube-system/aws-node"
    }
    error_message = "What is given must win over what is known."
  }

  assert {
    condition     = toset(keys(aws_iam_role.controller)) == toset(keys(var.controllers))
    error_message = "Each controller must have one role."
  }

  assert {
    condition     = alltrue([for role in values(aws_iam_role.controller) : role.tags["Team"] == "platform" && length(role.tags["Name"]) > 0])
    error_message = "Roles must be tagged."
  }
}

run "each_has_its_policies_and_no_others" {
  command = plan

  assert {
    condition = toset(keys(aws_iam_role_policy.controller)) == toset([
      "cluster-autoscaler/cluster-autoscaler",
      "cluster-autoscaler/more",
      "external-dns/external-dns",
      "load-balancer-controller/load-balancer-controller",
    ])
    error_message = "Policies must be those that are known and those that were given."
  }

  assert {
    condition = { for key, attachment in aws_iam_role_policy_attachment.controller : key => attachment.policy_arn } == {
      "ebs-csi/ebs-csi" = "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"
      "network/cni"     = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"
    }
    error_message = "Managed policies must be those that are known and those that were given."
  }
}

run "external_dns_changes_its_zones_only" {
  command = plan

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.controller["external-dns/external-dns"].policy).Statement : statement.Resource
      if contains(statement.Action, "route53:ChangeResourceRecordSets")
    ] == [["arn:aws:route53:::hostedzone/Z1EXAMPLE", "arn:aws:route53:::hostedzone/Z2EXAMPLE"]]
    error_message = "Records may change in the given zones and nowhere else."
  }
}

run "the_autoscaler_scales_its_own_cluster_only" {
  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.controller["cluster-autoscaler/cluster-autoscaler"].policy).Statement :
      try(statement.Condition.StringEquals["aws:ResourceTag/k8s.io/cluster-autoscaler/unit"] == "owned", false)
      || alltrue([for action in statement.Action : can(regex(":(Describe|Get)", action))])
    ])
    error_message = "Whatever changes something must be bound to the tag of this cluster."
  }
}

run "the_load_balancer_controller_deletes_only_what_clusters_made" {
  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.controller["load-balancer-controller/load-balancer-controller"].policy).Statement :
      try(statement.Condition.Null["aws:ResourceTag/elbv2.k8s.aws/cluster"] == "false", false)
      || alltrue([for action in statement.Action : !can(regex(":Delete(LoadBalancer|SecurityGroup|TargetGroup)$", action))])
    ])
    error_message = "Load balancers, target groups and security groups that no cluster tagged must be safe."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.controller["load-balancer-controller/load-balancer-controller"].policy, "$${partition}")
    error_message = "ARNs in the policy must name the partition."
  }
}

run "the_cluster_role_is_for_eks" {
  command = plan

  assert {
    condition = (
      jsondecode(aws_iam_role.cluster.assume_role_policy).Statement[0].Principal.Service == "eks.amazonaws.com"
      && aws_iam_role_policy_attachment.cluster.policy_arn == "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
    )
    error_message = "Only EKS takes the role of the cluster, with the permissions that EKS wants."
  }

  assert {
    condition     = aws_iam_openid_connect_provider.this.client_id_list == toset(["sts.amazonaws.com"])
    error_message = "Tokens must be meant for STS."
  }
}

# Node groups and what their servers are made from, with a mocked provider.
mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  name               = "unit"
  kubernetes_version = "1.33"
  subnet_ids         = ["subnet-0a", "subnet-0b"]
  tags               = { Team = "platform" }

  node_groups = {
    batch = {
      ami_type       = "AL2023_ARM_64_STANDARD"
      capacity_type  = "SPOT"
      desired        = 0
      disk_size      = 100
      instance_types = ["m7g.large", "m6g.large"]
      kms_key_arn    = "arn:aws:kms:us-east-1:123456789012:key/2"
      labels         = { workload = "batch" }
      max            = 10
      min            = 0
      subnet_ids     = ["subnet-0c"]
      taints         = { batch = { effect = "NO_EXECUTE", value = "yes" }, slow = {} }
    }
    general = {}
  }
}

run "instances_are_hardened" {
  command = plan

  assert {
    condition = alltrue([
      for template in values(aws_launch_template.this) : template.metadata_options[0].http_tokens == "required"
    ])
    error_message = "IMDSv2 must be required."
  }

  assert {
    condition = alltrue([
      for template in values(aws_launch_template.this) : template.metadata_options[0].http_put_response_hop_limit == 1
    ])
    error_message = "Pods must not reach the node's credentials."
  }

  assert {
    condition = alltrue([
      for template in values(aws_launch_template.this) :
      template.block_device_mappings[0].ebs[0].encrypted == "true" && template.block_device_mappings[0].device_name == "/dev/xvda"
    ])
    error_message = "The root volume must be encrypted."
  }

  assert {
    condition = alltrue([
      for template in values(aws_launch_template.this) :
      template.block_device_mappings[0].ebs[0].volume_type == "gp3" && template.block_device_mappings[0].ebs[0].delete_on_termination == "true"
    ])
    error_message = "Volumes must be gp3 and go with their instance."
  }

  assert {
    condition = alltrue([
      for template in values(aws_launch_template.this) : template.key_name == null && template.update_default_version
    ])
    error_message = "There must be no SSH key, and the newest version must be the default."
  }
}

run "what_a_group_says_counts" {
  command = plan

  assert {
    condition = alltrue([
      aws_eks_node_group.this["batch"].ami_type == "AL2023_ARM_64_STANDARD",
      aws_eks_node_group.this["batch"].capacity_type == "SPOT",
      aws_eks_node_group.this["batch"].instance_types == tolist(["m7g.large", "m6g.large"]),
      aws_eks_node_group.this["batch"].labels == tomap({ workload = "batch" }),
      aws_eks_node_group.this["batch"].subnet_ids == toset(["subnet-0c"]),
      aws_launch_template.this["batch"].block_device_mappings[0].ebs[0].volume_size == 100,
      aws_launch_template.this["batch"].block_device_mappings[0].ebs[0].kms_key_id == "arn:aws:kms:us-east-1:123456789012:key/2",
    ])
    error_message = "Each field of a group must reach AWS."
  }

  assert {
    condition = (
      aws_eks_node_group.this["batch"].scaling_config[0].min_size == 0
      && aws_eks_node_group.this["batch"].scaling_config[0].desired_size == 0
      && aws_eks_node_group.this["batch"].scaling_config[0].max_size == 10
    )
    error_message = "min, desired and max must reach AWS."
  }

  assert {
    condition = toset([
      for taint in aws_eks_node_group.this["batch"].taint : "${taint.key}:${coalesce(taint.value, "-")}:${taint.effect}"
    ]) == toset(["batch:yes:NO_EXECUTE", "slow:-:NO_SCHEDULE"])
    error_message = "Taints must have key, value and effect, NO_SCHEDULE by default."
  }
}

run "what_a_group_leaves_out_has_defaults" {
  command = plan

  assert {
    condition = alltrue([
      aws_eks_node_group.this["general"].ami_type == "AL2023_x86_64_STANDARD",
      aws_eks_node_group.this["general"].capacity_type == "ON_DEMAND",
      aws_eks_node_group.this["general"].instance_types == tolist(["m7i.large"]),
      aws_eks_node_group.this["general"].subnet_ids == toset(["subnet-0a", "subnet-0b"]),
      length(aws_eks_node_group.this["general"].taint) == 0,
      aws_launch_template.this["general"].block_device_mappings[0].ebs[0].volume_size == 50,
    ])
    error_message = "Defaults must be the documented ones."
  }

  assert {
    condition = (
      aws_eks_node_group.this["general"].scaling_config[0].min_size == 1
      && aws_eks_node_group.this["general"].scaling_config[0].desired_size == 2
      && aws_eks_node_group.this["general"].scaling_config[0].max_size == 3
    )
    error_message = "A group must have two nodes, one to three."
  }

  assert {
    condition     = aws_eks_node_group.this["general"].update_config[0].max_unavailable_percentage == 33
    error_message = "Two thirds of the nodes must stay while a group is updated."
  }

  assert {
    condition     = aws_eks_node_group.this["general"].version == "1.33"
    error_message = "Nodes must run the version of the cluster."
  }
}

run "nodes_share_a_role_with_four_policies" {
  command = plan

  assert {
    condition     = length(aws_iam_role.node) == 1 && jsondecode(aws_iam_role.node[0].assume_role_policy).Statement[0].Principal.Service == "ec2.amazonaws.com"
    error_message = "Only instances take the node's role."
  }

  assert {
    condition = toset(keys(aws_iam_role_policy_attachment.node)) == toset([
      "AmazonEC2ContainerRegistryReadOnly", "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonSSMManagedInstanceCore",
    ])
    error_message = "Nodes must be able to join, network, load images and be reached by Session Manager."
  }
}

run "instances_and_volumes_have_the_tags" {
  command = plan

  assert {
    condition = alltrue([
      for template in values(aws_launch_template.this) :
      toset(template.tag_specifications[*].resource_type) == toset(["instance", "network-interface", "volume"])
    ])
    error_message = "Instances, interfaces and volumes must be tagged."
  }

  assert {
    condition = alltrue(flatten([
      for template in values(aws_launch_template.this) : [
        for specification in template.tag_specifications :
        specification.tags["Team"] == "platform" && startswith(specification.tags["Name"], "unit-eks-")
      ]
    ]))
    error_message = "Their tags must be the caller's and Name."
  }

  assert {
    condition = alltrue([
      for tags in concat(values(aws_launch_template.this)[*].tags, values(aws_eks_node_group.this)[*].tags, aws_iam_role.node[*].tags) :
      tags["Team"] == "platform" && length(tags["Name"]) > 0
    ])
    error_message = "Templates, groups and the role must be tagged."
  }
}

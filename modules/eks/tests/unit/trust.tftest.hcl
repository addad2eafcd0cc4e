# Who may take a controller's role. The issuer is known only after apply: here a mocked one is known in the plan.
mock_provider "aws" {
  override_during = plan

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_resource "aws_eks_cluster" {
    defaults = {
      certificate_authority = [{ data = "bW9ja2Vk" }]
      identity              = [{ oidc = [{ issuer = "https://oidc.example.com/id/ABC" }] }]
    }
  }

  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/id/ABC" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mocked" }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/mocked" }
  }
}

variables {
  name               = "unit"
  kubernetes_version = "1.33"
  subnet_ids         = ["subnet-0a", "subnet-0b"]
  addons             = { aws-ebs-csi-driver = { controller = "ebs-csi" }, vpc-cni = { before_nodes = true, controller = "ebs-csi" } }
  controllers        = { cluster-autoscaler = {}, ebs-csi = {} }
}

run "a_role_is_for_one_service_account_of_this_cluster" {
  command = plan

  assert {
    condition     = aws_iam_openid_connect_provider.this.url == "https://oidc.example.com/id/ABC"
    error_message = "The identity provider must be this cluster's."
  }

  assert {
    condition = jsondecode(aws_iam_role.controller["cluster-autoscaler"].assume_role_policy).Statement == [{
      Action = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "oidc.example.com/id/ABC:aud" = "sts.amazonaws.com"
          "oidc.example.com/id/ABC:sub" = "system:serviceaccount:kube-system:cluster-autoscaler"
        }
      }
      Effect    = "Allow"
      Principal = { Federated = "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/id/ABC" }
    }]
    error_message = "Exactly one service account may take the role, with a token for STS."
  }

  assert {
    condition     = output.oidc_provider == { arn = aws_iam_openid_connect_provider.this.arn, issuer = "oidc.example.com/id/ABC" }
    error_message = "The output must have ARN and issuer."
  }
}

run "addons_take_the_role_of_their_controller" {
  command = plan

  assert {
    condition = alltrue([
      for addon in [aws_eks_addon.this["aws-ebs-csi-driver"], aws_eks_addon.before_nodes["vpc-cni"]] :
      addon.service_account_role_arn == "arn:aws:iam::123456789012:role/mocked"
    ])
    error_message = "An add-on with a controller must have its role."
  }
}

run "the_cluster_may_use_its_key_and_no_other" {
  command = plan

  assert {
    condition     = jsondecode(aws_iam_role_policy.cluster_secrets.policy).Statement[0].Resource == "arn:aws:kms:us-east-1:123456789012:key/mocked"
    error_message = "The permission must be for the key of this cluster."
  }

  assert {
    condition     = aws_eks_cluster.this.encryption_config[0].provider[0].key_arn == "arn:aws:kms:us-east-1:123456789012:key/mocked"
    error_message = "The module's own key must encrypt the secrets."
  }
}

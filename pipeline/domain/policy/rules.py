"""The table of policy rules. Adding a rule is adding a row, and its fixture folder of the same name."""

from pipeline.domain.policy import access, compute, encryption, listeners, network, upkeep
from pipeline.domain.policy.rule import PolicyOptions, PolicyRule


def policy_rules(options: PolicyOptions) -> tuple[PolicyRule, ...]:
    """All rules that apply under these options, in the order of the table."""
    wanted = ", ".join(options.tags)
    return (
        PolicyRule(
            id="ebs-encrypted",
            says="EBS volumes are encrypted.",
            remedy="set encrypted = true, for launch templates in block_device_mappings",
            find=encryption.volumes,
        ),
        PolicyRule(
            id="eks-secrets-encrypted",
            says="EKS clusters encrypt Kubernetes secrets with a KMS key.",
            remedy='set encryption_config with resources = ["secrets"]',
            find=encryption.eks_secrets,
        ),
        PolicyRule(
            id="s3-encrypted",
            says="S3 buckets state their default encryption.",
            remedy="add an aws_s3_bucket_server_side_encryption_configuration for the bucket",
            find=encryption.buckets,
        ),
        *(
            PolicyRule(
                id="logs-encrypted",
                says="CloudWatch log groups are encrypted with a KMS key.",
                remedy="set kms_key_id",
                find=encryption.log_groups,
            )
            for _ in range(options.encrypted_logs)
        ),
        PolicyRule(
            id="storage-encrypted",
            says="Databases, caches, search domains and file systems are encrypted at rest.",
            remedy="set storage_encrypted (or the type's own switch) to true",
            find=encryption.stores,
        ),
        PolicyRule(
            id="kms-rotation",
            says="Symmetric KMS keys rotate.",
            remedy="set enable_key_rotation = true",
            find=encryption.key_rotation,
        ),
        PolicyRule(
            id="open-ingress",
            says="Nothing lets everybody in but the listener ports of a load balancer.",
            remedy="name the address ranges, or let only the load balancer carry the group, for its listeners' ports",
            find=network.open_ingress,
        ),
        PolicyRule(
            id="public-ssh",
            says="SSH and RDP are not open to everybody.",
            remedy="use Session Manager, or name the address ranges",
            find=network.public_ssh,
        ),
        PolicyRule(
            id="eks-endpoint",
            says="A public EKS endpoint has an allow-list.",
            remedy="set endpoint_public_access = false, or public_access_cidrs to named ranges",
            find=network.eks_endpoint,
        ),
        PolicyRule(
            id="public-database",
            says="Databases have no public address.",
            remedy="set publicly_accessible = false",
            find=network.public_database,
        ),
        PolicyRule(
            id="flow-logs",
            says="Each VPC has a flow log.",
            remedy="add an aws_flow_log for the VPC",
            find=network.flow_logs,
        ),
        PolicyRule(
            id="imdsv2",
            says="Instances answer only IMDSv2.",
            remedy='set metadata_options { http_tokens = "required" }',
            find=compute.imdsv2,
        ),
        PolicyRule(
            id="plaintext-listener",
            says="A plaintext listener only redirects to HTTPS.",
            remedy="redirect to HTTPS, or use an HTTPS or TLS listener",
            find=listeners.plaintext,
        ),
        PolicyRule(
            id="tls-policy",
            says="TLS listeners speak TLS 1.2 or newer.",
            remedy='set ssl_policy = "ELBSecurityPolicy-TLS13-1-2-2021-06"',
            find=listeners.tls_policy,
        ),
        PolicyRule(
            id="s3-public-access",
            says="S3 buckets block public access.",
            remedy="add an aws_s3_bucket_public_access_block with all four switches on",
            find=access.public_bucket,
        ),
        PolicyRule(
            id="iam-administrator",
            says="No policy allows every action on every resource.",
            remedy="name the actions and the resources",
            find=access.administrator,
        ),
        PolicyRule(
            id="public-principal",
            says="No resource or trust policy allows everybody without a condition.",
            remedy="name the principals, or add a condition",
            find=access.public_principal,
        ),
        PolicyRule(
            id="tags",
            says=f"Every taggable resource has the tags {wanted}." if wanted else "Every taggable resource has a tag.",
            remedy=f"set {wanted}" if wanted else "set tags, or default_tags of the provider",
            find=upkeep.tags(options.tags),
        ),
        PolicyRule(
            id="no-commands",
            says="Modules start no commands on the machine that applies them.",
            remedy="remove the provisioner, null_resource or external data source",
            find=upkeep.no_commands,
        ),
    )

"""Rules about data at rest and in transit: volumes, EKS secrets, buckets, log groups, databases, keys, TLS.

Not set counts as off wherever AWS's own default is off or hangs on the account: a module's user cannot see it.
"""

from collections.abc import Iterator

from pipeline.domain.policy.joins import joined
from pipeline.domain.policy.planned import UNKNOWN, Node, Planned, Resource
from pipeline.domain.policy.rule import Hit, hit, unsure
from pipeline.domain.shapes import as_list

_STORES: dict[str, tuple[str, ...]] = {
    "aws_db_instance": ("storage_encrypted",),
    "aws_docdb_cluster": ("storage_encrypted",),
    "aws_efs_file_system": ("encrypted",),
    "aws_elasticache_replication_group": ("at_rest_encryption_enabled",),
    "aws_neptune_cluster": ("storage_encrypted",),
    "aws_opensearch_domain": ("encrypt_at_rest", "enabled"),
    "aws_rds_cluster": ("storage_encrypted",),
    "aws_redshift_cluster": ("encrypted",),
}


def volumes(plan: Planned) -> Iterator[Hit]:
    """EBS volumes by themselves, of instances, launch templates and launch configurations."""
    for volume in plan.of_type("aws_ebs_volume"):
        yield from _on(volume, "encrypted", volume.root.at("encrypted"))
    for instance in plan.of_type("aws_instance", "aws_launch_configuration"):
        if not (instance.type == "aws_instance" and _has_blocks(instance, "launch_template")):
            yield from _on(instance, "root_block_device", instance.root.block("root_block_device").at("encrypted"))
        yield from _each(instance, "ebs_block_device")
    for template in plan.of_type("aws_launch_template"):
        mappings = template.root.at("block_device_mappings")
        if mappings.setting is UNKNOWN:
            yield unsure(template, "block_device_mappings")
        elif not mappings.blocks():
            yield hit(template, "block_device_mappings", "leaves the root volume to the image's own choice")
        for mapping in mappings.blocks():
            if not mapping.at("no_device").value and not mapping.at("virtual_name").value:
                yield from _on(template, "block_device_mappings", mapping.block("ebs").at("encrypted"))


def eks_secrets(plan: Planned) -> Iterator[Hit]:
    """Each cluster encrypts `secrets` with a key of its own."""
    for cluster in plan.of_type("aws_eks_cluster"):
        block = cluster.root.block("encryption_config")
        resources = block.at("resources").setting
        if resources is UNKNOWN or block.unknown is True:
            yield unsure(cluster, "encryption_config")
        elif "secrets" not in as_list(resources):
            yield hit(cluster, "encryption_config", "does not encrypt Kubernetes secrets with a KMS key")


def buckets(plan: Planned) -> Iterator[Hit]:
    """Each bucket has an explicit default encryption (AWS's own default is no statement of the module)."""
    kind = "aws_s3_bucket_server_side_encryption_configuration"
    for bucket in plan.of_type("aws_s3_bucket"):
        found = joined(plan, bucket, plan.of_type(kind), "bucket")
        if found.certain:
            continue
        if found.possible:
            yield unsure(bucket, "bucket", "may or may not be the bucket of an encryption configuration")
        else:
            yield hit(bucket, "bucket", "has no server-side encryption configuration")


def log_groups(plan: Planned) -> Iterator[Hit]:
    """Each log group has a KMS key. A key that is created in the same plan is unknown, but it is one."""
    for group in plan.of_type("aws_cloudwatch_log_group"):
        key = group.root.at("kms_key_id")
        if key.setting is UNKNOWN and not plan.trace(group, "kms_key_id").origins:
            yield unsure(group, "kms_key_id")
        elif not key.setting:
            yield hit(group, "kms_key_id", "is not encrypted with a KMS key")


def stores(plan: Planned) -> Iterator[Hit]:
    """Databases, caches, search domains and file systems. A replica is encrypted as its source is."""
    for store in plan.of_type(*_STORES):
        *blocks, last = _STORES[store.type]
        node = store.root
        for step in blocks:
            node = node.block(step)
        if store.setting("replicate_source_db") and not node.at(last).setting:
            if not store.root.at("kms_key_id").setting:
                yield unsure(store, last, "is encrypted as its source is, which this plan does not show")
            continue
        yield from _on(store, ".".join(_STORES[store.type]), node.at(last))


def key_rotation(plan: Planned) -> Iterator[Hit]:
    """Symmetric encryption keys rotate; AWS cannot rotate the others."""
    for key in plan.of_type("aws_kms_key"):
        usage = key.setting("key_usage") or "ENCRYPT_DECRYPT"
        spec = key.setting("customer_master_key_spec") or "SYMMETRIC_DEFAULT"
        if UNKNOWN in (usage, spec):
            yield unsure(key, "key_usage")
        elif usage == "ENCRYPT_DECRYPT" and spec == "SYMMETRIC_DEFAULT":
            yield from _on(key, "enable_key_rotation", key.root.at("enable_key_rotation"), "is off")


def _each(resource: Resource, name: str) -> Iterator[Hit]:
    outer = resource.root.at(name)
    if outer.setting is UNKNOWN:
        yield unsure(resource, name)
    for block in outer.blocks():
        if not block.at("no_device").value:
            yield from _on(resource, name, block.at("encrypted"))


def _has_blocks(resource: Resource, name: str) -> bool:
    node = resource.root.at(name)
    return bool(node.blocks()) or node.setting is UNKNOWN


def _on(resource: Resource, attribute: str, node: Node, says: str = "is not encrypted") -> Iterator[Hit]:
    """The provider spells some flags as strings ("true")."""
    value = node.setting
    if value is UNKNOWN:
        yield unsure(resource, attribute)
    elif value not in (True, "true"):
        yield hit(resource, attribute, says)

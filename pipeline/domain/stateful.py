"""Which resources hold data that a destroy or replace would lose, and what a plan would lose (R6).

A row is a type, or a glob over types, and what is lost. In the table is what cannot be made again from code:
data, images, keys, history. So is an EKS cluster: the objects that applications keep in it (and the volumes
they claimed) are not in Terraform, and every workload stops. Not in it: compute that is meant to be replaced,
caches of nothing (target groups, launch templates), objects whose content is in the code.
Extensible by configuration; nothing can be taken out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pipeline.domain.plan_changes import Action, Change, read_changes

STATEFUL: Mapping[str, str] = {
    "aws_ami": "the image",
    "aws_backup_vault": "the recovery points in it",
    "aws_cloudwatch_log_group": "the logs in it",
    "aws_cognito_user_pool": "the users in it",
    "aws_db_instance": "the database",
    "aws_db_snapshot": "the snapshot",
    "aws_directory_service_directory": "the directory",
    "aws_docdb_cluster": "the databases in the cluster",
    "aws_docdbelastic_cluster": "the databases in the cluster",
    "aws_dynamodb_table": "the items of the table",
    "aws_ebs_snapshot": "the snapshot",
    "aws_ebs_volume": "the volume's data",
    "aws_ecr_repository": "the images in it",
    "aws_efs_file_system": "the files in it",
    "aws_eks_cluster": "the objects that applications keep in the cluster, and every workload stops",
    "aws_elasticache_cluster": "what is cached or stored in it",
    "aws_elasticache_replication_group": "what is cached or stored in it",
    "aws_elasticache_serverless_cache": "what is cached or stored in it",
    "aws_elasticsearch_domain": "the indexes",
    "aws_fsx_*file_system": "the files in it",
    "aws_fsx_*_volume": "the files in it",
    "aws_glacier_vault": "the archives in it",
    "aws_keyspaces_table": "the rows of the table",
    "aws_kinesis_stream": "the records not read yet",
    "aws_kms_*key": "everything that it encrypted, for ever once its waiting period is over",
    "aws_memorydb_cluster": "what is stored in it",
    "aws_mq_broker": "the messages in it",
    "aws_msk_cluster": "the topics",
    "aws_msk_serverless_cluster": "the topics",
    "aws_neptune_cluster": "the graph",
    "aws_opensearch_domain": "the indexes",
    "aws_opensearchserverless_collection": "the indexes",
    "aws_qldb_ledger": "the ledger",
    "aws_rds_cluster": "the databases in the cluster",
    "aws_redshift_cluster": "the databases in the cluster",
    "aws_redshiftserverless_namespace": "the databases in it",
    "aws_route53_zone": "the records made outside of Terraform, and the delegation",
    "aws_s3_bucket": "the objects in it",
    "aws_s3_directory_bucket": "the objects in it",
    "aws_secretsmanager_secret": "the secret and its versions",
    "aws_sqs_queue": "the messages in it",
    "aws_timestreamwrite_table": "the records of the table",
}


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One stateful object that a plan would destroy or replace; `forced_by` are the attributes that force it."""

    address: str
    type: str
    action: Action
    loses: str
    forced_by: tuple[str, ...] = ()

    def __str__(self) -> str:
        because = f", forced by {', '.join(self.forced_by)}" if self.forced_by else ""
        return f"{self.action} of {self.address}{because}: {self.loses} would be lost."


def what_it_holds(kind: str, more: Iterable[str] = ()) -> str:
    """What an object of this type holds, empty where nothing; `more` are further types or globs."""
    for pattern, holds in (*STATEFUL.items(), *((pattern, "what it holds") for pattern in more)):
        if fnmatchcase(kind, pattern):
            return holds
    return ""


def losses_among(changes: Iterable[Change], more: Iterable[str] = ()) -> tuple[Loss, ...]:
    """The losses among changes, in their order. Forgotten objects live on and are no loss.

    A leftover of an interrupted replacement (deposed) counts: it is the old object, with the old data.
    """
    patterns = tuple(more)
    return tuple(
        Loss(
            address=change.name,
            type=change.type,
            action=change.action,
            loses=what_it_holds(change.type, patterns),
            forced_by=change.forced_by,
        )
        for change in changes
        if change.action in (Action.DESTROY, Action.REPLACE) and what_it_holds(change.type, patterns)
    )


def stateful_losses(plan: Mapping[str, object], more: Iterable[str] = ()) -> tuple[Loss, ...]:
    """The losses of a plan document, by address. Raises UndecidedError where it cannot be read."""
    return losses_among(read_changes(plan), more)

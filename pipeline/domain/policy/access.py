"""Rules about permissions: no administrator policies, no policy that trusts everybody, no public bucket."""

from collections.abc import Iterator

from pipeline.domain.policy.documents import Statement, statements
from pipeline.domain.policy.joins import joined
from pipeline.domain.policy.planned import UNKNOWN, Mark, Node, Planned, Resource
from pipeline.domain.policy.rule import Hit, hit, unsure
from pipeline.domain.shapes import as_list

_IDENTITY = ("aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy")
_ATTACHMENTS = (
    "aws_iam_policy_attachment",
    "aws_iam_role_policy_attachment",
    "aws_iam_user_policy_attachment",
    "aws_iam_group_policy_attachment",
)
_TRUSTING = {
    "aws_ecr_repository_policy": "policy",
    "aws_iam_role": "assume_role_policy",
    "aws_kms_key": "policy",
    "aws_kms_key_policy": "policy",
    "aws_s3_bucket_policy": "policy",
    "aws_secretsmanager_secret_policy": "policy",
    "aws_sns_topic_policy": "policy",
    "aws_sqs_queue_policy": "policy",
}
_BLOCKS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
_PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read")


def administrator(plan: Planned) -> Iterator[Hit]:
    """No identity policy allows every action (or all but some) on every resource, and none is AWS's own such."""
    for policy in plan.of_type(*_IDENTITY):
        yield from _all_powerful(plan, policy, "policy", policy.root.at("policy"))
    for role in plan.of_type("aws_iam_role"):
        for inline in role.root.at("inline_policy").blocks():
            yield from _all_powerful(plan, role, "inline_policy", inline.at("policy"))
        arns = role.root.at("managed_policy_arns")
        if any(str(arn).endswith("policy/AdministratorAccess") for arn in as_list(arns.value)):
            yield hit(role, "managed_policy_arns", "is an administrator")
    for attachment in plan.of_type(*_ATTACHMENTS):
        if str(attachment.setting("policy_arn")).endswith("policy/AdministratorAccess"):
            yield hit(attachment, "policy_arn", "makes an administrator")


def public_principal(plan: Planned) -> Iterator[Hit]:
    """No resource or trust policy allows everybody without a condition.

    A document that no data source explains stays undecided. A KMS key's policy that was not set is AWS's own.
    """
    for resource in plan.of_type(*_TRUSTING):
        attribute = _TRUSTING[resource.type]
        found = statements(plan, resource, attribute, resource.root.at(attribute))
        if isinstance(found, Mark):
            yield unsure(resource, attribute)
            continue
        for statement in found:
            if not statement.allows or statement.conditional:
                continue
            if "*" in statement.principals:
                yield hit(resource, attribute, "allows everybody without a condition")
            elif _may_be_anyone(statement):
                yield unsure(resource, attribute, "names a principal known only after the apply")


def public_bucket(plan: Planned) -> Iterator[Hit]:
    """Each bucket has a public access block with all four switches on, and no public canned ACL."""
    for acl in plan.of_type("aws_s3_bucket_acl", "aws_s3_bucket"):
        if acl.setting("acl") in _PUBLIC_ACLS:
            yield hit(acl, "acl", "is a public ACL")
    blocks = plan.of_type("aws_s3_bucket_public_access_block")
    for bucket in plan.of_type("aws_s3_bucket"):
        found = joined(plan, bucket, blocks, "bucket")
        if not found.certain and found.possible:
            yield unsure(bucket, "bucket", "may or may not be the bucket of a public access block")
        elif not found.certain:
            yield hit(bucket, "bucket", "has no public access block")
    for block in blocks:
        for switch in _BLOCKS:
            value = block.setting(switch)
            if value is UNKNOWN:
                yield unsure(block, switch)
            elif value is not True:
                yield hit(block, switch, "is off")


def _all_powerful(plan: Planned, resource: Resource, attribute: str, node: Node) -> Iterator[Hit]:
    found = statements(plan, resource, attribute, node)
    if isinstance(found, Mark):
        yield unsure(resource, attribute, "is a policy known only after the apply")
        return
    for statement in found:
        if not statement.allows:
            continue
        every_action = statement.all_but_actions or bool({"*", "*:*"} & set(statement.actions))
        unknown_action = None in statement.actions
        if every_action and "*" in statement.resources:
            yield hit(resource, attribute, "allows every action on every resource")
        elif (every_action or unknown_action) and {"*", None} & set(statement.resources):
            yield unsure(resource, attribute, "has a statement known only after the apply")


def _may_be_anyone(statement: Statement) -> bool:
    """An unknown principal is the ARN of something that this plan creates or of a stranger: who knows."""
    return None in statement.principals

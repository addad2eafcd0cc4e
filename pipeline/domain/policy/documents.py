"""IAM policy documents in a plan: read where they are known, traced to a data source's statements where not."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.domain.policy.joins import leads_to
from pipeline.domain.policy.planned import UNKNOWN, Mark, Node, Planned, Resource
from pipeline.domain.shapes import as_list, as_mapping


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement; a member None stands for something known only after the apply.

    All but some principals is everybody: `NotPrincipal` reads as `*`.
    """

    allows: bool
    actions: tuple[str | None, ...]
    all_but_actions: bool
    resources: tuple[str | None, ...]
    principals: tuple[str | None, ...]
    conditional: bool


def statements(plan: Planned, resource: Resource, attribute: str, node: Node) -> tuple[Statement, ...] | Mark:
    """The statements of the document at a place, or UNKNOWN. Nothing there gives no statement.

    A document that is known only after the apply is followed to the `aws_iam_policy_document` data source that
    it comes from: its actions are written in the plan even where an ARN beside them is not.
    """
    value = node.setting
    if value is UNKNOWN:
        return _traced(plan, resource, attribute)
    if not isinstance(value, str) or not value.strip():
        return ()
    return _parsed(value)


def _traced(plan: Planned, resource: Resource, attribute: str) -> tuple[Statement, ...] | Mark:
    trace = plan.trace(resource, attribute)
    sources = [r for r in plan.resources if r.mode == "data" and leads_to(plan, trace, resource, r)]
    kinds = {origin.name.split(".")[1] for origin in trace.origins if origin.name.startswith("data.")}
    if trace.lost or kinds != {"aws_iam_policy_document"} or len(sources) != len(trace.origins):
        return UNKNOWN
    found: list[Statement] = []
    for source in sources:
        merged = [source.root.at(name) for name in ("source_policy_documents", "override_policy_documents")]
        if source.root.at("statement").setting is UNKNOWN or any(node.hides for node in merged):
            return UNKNOWN
        found += [_from_block(block) for block in source.root.at("statement").blocks()]
        for text in (text for node in merged for text in as_list(node.value)):
            inner = _parsed(str(text))
            if isinstance(inner, Mark):
                return UNKNOWN
            found += inner
    return tuple(found)


def _from_block(block: Node) -> Statement:
    principals = [_members(inner.at("identifiers")) for inner in block.at("principals").blocks()]
    conditions = block.at("condition")
    return Statement(
        allows=block.at("effect").setting in (None, "Allow", UNKNOWN),
        actions=_members(block.at("actions")),
        all_but_actions=bool(as_list(block.at("not_actions").value)),
        resources=_members(block.at("resources")),
        principals=(
            *(member for members in principals for member in members),
            *("*" for _ in block.at("not_principals").blocks()),
        ),
        conditional=bool(conditions.blocks()),
    )


def _members(node: Node) -> tuple[str | None, ...]:
    if node.setting is UNKNOWN:
        return (None,)
    return tuple(str(n.value) if n.unknown is not True else None for n in node.blocks())


def _parsed(text: str) -> tuple[Statement, ...] | Mark:
    try:
        document = json.loads(text)
    except ValueError:
        return UNKNOWN
    if not isinstance(document, Mapping):
        return UNKNOWN
    return tuple(_from_json(as_mapping(row)) for row in _many(document.get("Statement")))


def _from_json(row: Mapping[str, object]) -> Statement:
    return Statement(
        allows=row.get("Effect") == "Allow",
        actions=tuple(str(action) for action in _many(row.get("Action"))),
        all_but_actions="NotAction" in row,
        resources=tuple(str(resource) for resource in _many(row.get("Resource"))),
        principals=(*_principals(row.get("Principal")), *("*" for _ in range("NotPrincipal" in row))),
        conditional=bool(row.get("Condition")),
    )


def _principals(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for members in value.values():
            yield from (str(member) for member in _many(members))
    else:
        yield from (str(member) for member in _many(value))


def _many(value: object) -> tuple[object, ...]:
    """IAM writes one of something without a list."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list) else (value,)

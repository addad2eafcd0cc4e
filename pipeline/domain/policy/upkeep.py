"""Rules about what keeps a fleet in order: tags on everything taggable, and no commands hidden in modules."""

from collections.abc import Iterator
from functools import partial

from pipeline.domain.policy.planned import UNKNOWN, Node, Planned, Resource
from pipeline.domain.policy.rule import Find, Hit, hit, unsure
from pipeline.domain.shapes import as_list, as_mapping

_OUTSIDE_PROVIDERS = ("hashicorp/external", "hashicorp/null", "hashicorp/local")


def tags(required: tuple[str, ...]) -> Find:
    """The rule for these tag names; without names, any one tag is enough."""
    return partial(_tags, required)


def no_commands(plan: Planned) -> Iterator[Hit]:
    """Modules start nothing: no provisioner, no null_resource, no data source `external`, none of their providers.

    Read from the configuration, so that a resource whose count is 0 here is seen as well.
    """
    if not plan.configured:
        sentence = "is missing from the plan, so nothing can be said about provisioners"
        yield Hit(address="(plan)", attribute="configuration", says=sentence, unknown=True)
    for (module, name), resource in plan.configuration.resources.items():
        address = ".".join([part for call in module for part in ("module", call)] + [name])
        for provisioner in as_list(resource.get("provisioners")):
            starts = as_mapping(provisioner).get("type")
            yield Hit(address=address, attribute="provisioner", says=f"starts a {starts} provisioner")
        provider = str(plan.provider(resource).get("full_name", ""))
        kind = str(resource.get("type"))
        if kind in ("null_resource", "external") or provider.endswith(_OUTSIDE_PROVIDERS):
            yield Hit(address=address, attribute="type", says=f"is of type {kind}, which acts on this machine")


def _tags(required: tuple[str, ...], plan: Planned) -> Iterator[Hit]:
    for resource in plan.resources:
        if resource.mode != "managed" or not resource.type.startswith("aws_"):
            continue
        if resource.type == "aws_autoscaling_group":
            yield from _judged(required, resource, "tag", _asg_names(resource.root.at("tag")), complete=True)
        elif {"tags", "tags_all"} & {*as_mapping(resource.root.value), *as_mapping(resource.root.unknown)}:
            own, every = resource.root.at("tags"), resource.root.at("tags_all")
            names = _names(own) | _names(every)
            complete = own.setting is not UNKNOWN and (every.unknown is not True or _no_defaults(plan, resource))
            yield from _judged(required, resource, "tags", names, complete=complete)


def _judged(
    required: tuple[str, ...], resource: Resource, attribute: str, names: set[str], *, complete: bool
) -> Iterator[Hit]:
    """Names are judged, values are not; `complete` is false while default tags may still add names."""
    missing = sorted(set(required) - names)
    if (names and not required) or (required and not missing):
        return
    says = f"lacks {', '.join(missing)}" if required else "has no tag"
    yield hit(resource, attribute, says) if complete else unsure(resource, attribute, f"{says} that is known yet")


def _no_defaults(plan: Planned, resource: Resource) -> bool:
    """Where neither a resource nor its provider names tags, the provider leaves `tags_all` unknown."""
    provider = plan.provider(resource.config)
    return bool(provider) and "default_tags" not in as_mapping(provider.get("expressions"))


def _names(node: Node) -> set[str]:
    """A name whose value is unknown is a name: it stands among the unknown marks."""
    return set(as_mapping(node.value)) | {name for name, mark in as_mapping(node.unknown).items() if mark is True}


def _asg_names(node: Node) -> set[str]:
    return {str(block.at("key").value) for block in node.blocks()}

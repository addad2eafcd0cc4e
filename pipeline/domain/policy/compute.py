"""Rules about instances and clusters' machines: the metadata service answers only to session tokens (IMDSv2)."""

from collections.abc import Iterator

from pipeline.domain.policy.joins import leads_to
from pipeline.domain.policy.planned import UNKNOWN, Planned, Resource
from pipeline.domain.policy.rule import Hit, hit, unsure


def imdsv2(plan: Planned) -> Iterator[Hit]:
    """`http_tokens = "required"`, or no metadata service at all. Not set, an account's or image's default holds.

    An instance from a launch template without options of its own has the template's, which is checked itself.
    """
    for machine in plan.of_type("aws_instance", "aws_launch_template", "aws_launch_configuration"):
        options = machine.root.block("metadata_options")
        tokens, endpoint = options.at("http_tokens").setting, options.at("http_endpoint").setting
        if tokens == "required" or endpoint == "disabled":
            continue
        if tokens is UNKNOWN:
            yield unsure(machine, "metadata_options.http_tokens")
        elif tokens is None and machine.root.at("launch_template").blocks():
            if not _template_is_here(plan, machine):
                yield unsure(machine, "launch_template", "has the options of a template outside this plan")
        else:
            yield hit(machine, "metadata_options.http_tokens", "answers IMDSv1")


def _template_is_here(plan: Planned, machine: Resource) -> bool:
    trace = plan.trace(machine, "launch_template")
    held = {machine.root.block("launch_template").at(name).value for name in ("id", "name")} - {None}
    return any(
        leads_to(plan, trace, machine, template) or {template.root.at(name).value for name in ("id", "name")} & held
        for template in plan.of_type("aws_launch_template")
    )

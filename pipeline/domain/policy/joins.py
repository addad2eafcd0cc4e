"""Which objects of a plan belong together: a bucket and its encryption, a balancer and its security group.

Two ways to know, the surer first: both sides' names are known and equal (or not), or the configuration
traces one to the other. Where the trail is lost, the answer is None: could not find out.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.domain.policy.planned import UNKNOWN, Planned, Resource
from pipeline.domain.policy.references import Origin, Trace
from pipeline.domain.shapes import as_list

_NAMES = ("id", "arn", "bucket", "name")


@dataclass(frozen=True, kw_only=True)
class Joined:
    """The partners that were found, and those of which it could not be found out."""

    certain: tuple[Resource, ...] = ()
    possible: tuple[Resource, ...] = ()


def points_at(plan: Planned, source: Resource, attribute: str, target: Resource) -> bool | None:
    """Whether `source.attribute` holds the name, id or ARN of `target`; None where that is not knowable."""
    held = _held(source, attribute)
    names = {v for v in (target.root.at(n).value for n in _NAMES) if isinstance(v, str)}
    if held is not None and held & names:
        return True
    if held is not None and isinstance(target.root.at("id").value, str):
        return False
    trace = plan.trace(source, attribute)
    led = leads_to(plan, trace, source, target)
    if led or held is not None:
        return bool(led)
    return None if led is None or trace.lost or not plan.configured else False


def leads_to(plan: Planned, trace: Trace, source: Resource, target: Resource) -> bool | None:
    """Whether the trace of something in `source` names `target`, instance keys and module instances included.

    None where it names some instance of its resource, and nothing tells which.
    """
    answers = {
        _is_instance(plan, origin, source, target)
        for origin in trace.origins
        if (origin.module, origin.name) == (target.module, target.static_name)
        and (source.module != target.module or source.module_address == target.module_address)
    }
    return True if True in answers else None if None in answers else False


def joined(plan: Planned, target: Resource, sources: Iterable[Resource], attribute: str) -> Joined:
    """All of `sources` whose `attribute` points at `target`."""
    certain, possible = [], []
    for source in sources:
        answer = points_at(plan, source, attribute, target)
        if answer:
            certain.append(source)
        elif answer is None:
            possible.append(source)
    return Joined(certain=tuple(certain), possible=tuple(possible))


def _held(source: Resource, attribute: str) -> set[str] | None:
    """The strings an attribute holds; None where at least one is not known."""
    node = source.root.at(attribute)
    if node.hides or node.setting is UNKNOWN:
        return None
    if isinstance(node.value, str):
        return {node.value}
    return {value for value in as_list(node.value) if isinstance(value, str)}


def _is_instance(plan: Planned, origin: Origin, source: Resource, target: Resource) -> bool | None:
    if origin.key is not None:
        return origin.key == target.index
    if target.index is None:
        return True
    if origin.same_key:
        return source.index == target.index
    return True if len(plan.instances(target)) == 1 else None

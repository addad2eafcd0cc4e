"""Which objects of a plan belong together: a bucket and its encryption, a balancer and its security group.

Two ways to know, the surer first: both sides' names are known and equal (or not), or the configuration
traces one to the other. Where the trail is lost, the answer is None: could not find out.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.domain.policy.planned import UNKNOWN, Planned, Resource
from pipeline.domain.policy.references import Trace
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
    if leads_to(trace, source, target):
        return True
    return None if held is None and (trace.lost or not plan.configured) else False


def leads_to(trace: Trace, source: Resource, target: Resource) -> bool:
    """Whether the trace of something in `source` names `target`, instance keys and module instances included."""
    for origin in trace.origins:
        if (origin.module, origin.name) != (target.module, target.static_name):
            continue
        if source.module == target.module and source.module_address != target.module_address:
            continue
        key = origin.key if origin.key is not None else source.index
        if key is None or target.index is None or key == target.index or _counted_apart(origin.key, key, target):
            return True
    return False


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


def _counted_apart(written: str | None, key: str, target: Resource) -> bool:
    """An instance `[0]` and an instance `["a"]` count different things: their keys say nothing."""
    return written is None and key.startswith('"') != str(target.index).startswith('"')

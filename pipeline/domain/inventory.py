"""What stacks hold, counted from their states: resources by type, stack and region.

Format: Terraform's state version 4 (`terraform state pull`); the region is the attribute of that name, else the
fourth part of the ARN (arn:partition:service:region:account:resource), else unknown.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One object of a state; `region` is empty for global ones and where the state does not say."""

    address: str
    type: str
    region: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """How many resources of one type a stack has in one region."""

    environment: str
    stack: str
    type: str
    region: str
    count: int


def resources_in(state: Mapping[str, Any] | None) -> tuple[Resource, ...]:
    """The managed resources of a state (None: there is no state), sorted by address."""
    return tuple(sorted(_read(state or {}), key=lambda one: one.address))


def count(environment: str, stack: str, resources: Iterable[Resource]) -> tuple[Line, ...]:
    """One stack's lines, sorted by type and region."""
    counted = Counter((one.type, one.region) for one in resources)
    return tuple(
        Line(environment=environment, stack=stack, type=kind, region=region, count=number)
        for (kind, region), number in sorted(counted.items())
    )


def difference(before: Iterable[Mapping[str, Any]], now: Iterable[Line]) -> dict[str, int]:
    """Type → how many more (or fewer) there are than in an earlier inventory's lines; equal ones are left out."""
    then: Counter[str] = Counter()
    for line in before:
        then[str(line["type"])] += int(line["count"])
    today: Counter[str] = Counter()
    for one in now:
        today[one.type] += one.count
    return {kind: today[kind] - then[kind] for kind in sorted({*then, *today}) if today[kind] != then[kind]}


def _read(state: Mapping[str, Any]) -> Iterable[Resource]:
    for resource in state.get("resources", ()):
        if resource.get("mode") != "managed":
            continue
        prefix = f"{resource['module']}." if resource.get("module") else ""
        for instance in resource.get("instances", ()):
            key = instance.get("index_key")
            index = "" if key is None else f"[{key}]" if isinstance(key, int) else f'["{key}"]'
            attributes = instance.get("attributes") or {}
            yield Resource(
                address=f"{prefix}{resource['type']}.{resource['name']}{index}",
                type=str(resource["type"]),
                region=_region(attributes),
            )


def _region(attributes: Mapping[str, Any]) -> str:
    if isinstance(attributes.get("region"), str):
        return str(attributes["region"])
    parts = str(attributes.get("arn") or "").split(":")
    return parts[3] if len(parts) > 5 and parts[0] == "arn" else ""

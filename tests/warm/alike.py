"""What differs from run to run is taken out of plans and states: then two runs of one configuration are alike.

Ids, names and times that AWS makes up are given labels by where they come from: the value of the attribute `id` of
`module.this.aws_vpc.this[0]` becomes `<module.this.aws_vpc.this[0].id>` wherever it stands. So a reference that
leads to the wrong resource is seen, though the ids themselves are never the same twice.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

MADE_UP = re.compile(
    r"\b[a-z]+-[0-9a-f]{8,17}\b"  # vpc-0a1b…, subnet-…
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"  # UUIDs
    r"|\b[A-Z0-9]{16,21}\b|\b(?=[a-z]*\d)[a-z0-9]{20}\b"  # ids of IAM, OIDC
    r"|\b[0-9a-f]{16,64}\b"  # of load balancers, hashes
    r"|\b20\d{2}[01]\d[0-3]\d\d{8,20}\b"  # Terraform's own unique names: a time with a counter
)
TIME = re.compile(r"\b20\d{2}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[ +]?\+?\d{2}:?\d{2}( UTC)?)?|\b\d{10}\.\d+\b")
ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b(?!/)|(?<=\bec2-)(?:\d{1,3}-){3}\d{1,3}\b")


ROLE = re.compile(r"\bAROA[A-Z0-9]{10,20}\b")
"""A role's unique id, which moto makes up anew each time that it is asked who asks (GetCallerIdentity)."""


def of_plan(document: Mapping[str, Any]) -> Any:
    """A plan's JSON without the time, the order of what Terraform lists by chance, and ids that nobody kept."""
    plan = {key: value for key, value in document.items() if key not in ("timestamp", "relevant_attributes")}
    relevant = sorted(document.get("relevant_attributes", ()), key=json.dumps)
    return json.loads(ROLE.sub("<role>", json.dumps({**plan, "relevant_attributes": relevant})))


def of_state(document: Mapping[str, Any], account: str) -> Any:
    """`terraform show -json` of a state, labelled."""
    values = document.get("values", {})
    labels: dict[str, str] = {account: "<account>"}
    for resource in sorted(resources(values.get("root_module", {})), key=lambda r: r["address"]):
        for name, value in sorted(resource["values"].items()):
            _label(labels, f"{resource['address']}.{name}", value)
    replaced = _replaced(values, labels)
    assert isinstance(replaced, dict)
    return replaced


def resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every resource of a module and of those that it calls."""
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from resources(child)


def _label(labels: dict[str, str], where: str, value: object) -> None:
    """Texts that AWS made up get the name of the first place, by address and attribute, that holds them."""
    if isinstance(value, str):
        for number, match in enumerate(MADE_UP.finditer(value)):
            labels.setdefault(match[0], f"<{where}{f'#{number}' if number else ''}>")
    elif isinstance(value, dict):
        for key, below in sorted(value.items()):
            _label(labels, f"{where}.{key}", below)


def _replaced(value: object, labels: Mapping[str, str]) -> object:
    if isinstance(value, dict):
        return {key: _replaced(below, labels) for key, below in value.items()}
    if isinstance(value, list):
        found = [_replaced(below, labels) for below in value]
        # Sets are listed by hashes of values that are never the same twice.
        return sorted(found, key=json.dumps)
    if isinstance(value, str):
        text = MADE_UP.sub(lambda match: labels.get(match[0], "<made up>"), TIME.sub("<time>", value))
        return ADDRESS.sub("<address>", text.replace(next(iter(labels)), "<account>"))
    return value

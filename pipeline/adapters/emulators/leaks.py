"""What an account holds, before and after: the difference is what a test left behind.

Promise: about forty-five describe calls, about a second against moto. The emulator's own list of objects still
names what was deleted, and the tagging API misses much; describing each kind does neither. What AWS keeps for a
while after its deletion (terminated instances, keys that wait for their end) is not a leak.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from pipeline.adapters.emulators.leak_kinds import GLOBAL, KINDS, OF_A_VPC, Kind

Client = Callable[[str, str], Any]
"""(service, region) → boto3 client of the account."""

THREADS = 8
T = TypeVar("T")
R = TypeVar("R")


def _none(text: str) -> None:
    """No service is missing."""


def snapshot(client: Client, region: str = "us-east-1", *, missing: Callable[[str], object] = _none) -> frozenset[str]:
    """`service:kind:name` of everything in the account and region.

    Errors of boto3 are raised, since not knowing what is there is no answer; except where `missing` (usually
    `Emulator.unsupported`) says that the emulator does not have the service: then there is nothing in it.
    """
    regions = {kind.service: "us-east-1" if kind.service in GLOBAL else region for kind in KINDS}
    clients = {service: client(service, where) for service, where in regions.items()}  # not in threads: boto3
    with ThreadPoolExecutor(THREADS) as pool:
        lists = list(pool.map(_here(lambda kind: _list(clients[kind.service], kind, missing)), KINDS))
        listed = {kind.name: found for kind, found in zip(KINDS, lists, strict=True)}
        keys = [one["KeyId"] for one in listed["key"]]
        ending = set(pool.map(_here(lambda key: _ending(clients["kms"], key)), keys))
        # AWS makes its own keys (alias/aws/ebs) when something is first encrypted, and nobody can delete them.
        ending |= {one.get("TargetKeyId") for one in listed["key-alias"] if one["AliasName"].startswith("alias/aws/")}
    vpcs = {one["VpcId"] for one in listed["vpc"]}
    held = set()
    for kind in KINDS:
        for one in listed[kind.name]:
            name = str(one[kind.key] if kind.key else one)
            if kind.name in OF_A_VPC and one.get("VpcId") not in vpcs:
                continue
            if kind.name == "key" and name in ending:
                continue
            if kind.name == "key-alias" and ":alias/aws/" in name:
                continue
            held.add(f"{kind.service}:{kind.name}:{name}")
    return frozenset(held)


def difference(before: frozenset[str], after: frozenset[str]) -> tuple[str, ...]:
    """What is there now and was not before, sorted."""
    return tuple(sorted(after - before))


def _here(ask: Callable[[T], R]) -> Callable[[T], R]:
    """`ask` for threads that do not know in which context they ask (shared_clients.py: as which account)."""
    context = copy_context()
    return lambda one: context.copy().run(ask, one)


def _list(client: Any, kind: Kind, missing: Callable[[str], object]) -> list[Any]:
    from botocore.exceptions import ClientError

    try:
        return _all(client, kind)
    except ClientError as error:
        if missing(str(error)):
            return []
        raise


def _all(client: Any, kind: Kind) -> list[Any]:
    if client.can_paginate(kind.call):
        pages: Iterator[Mapping[str, Any]] = iter(client.get_paginator(kind.call).paginate(**kind.given))
    else:
        pages = iter([getattr(client, kind.call)(**kind.given)])
    return [one for page in pages for one in _at(page, kind.path) if not _is_gone(one, kind)]


def _at(answer: Any, path: str) -> list[Any]:
    """Everything at a dotted path, through lists."""
    found = [answer]
    for part in path.split("."):
        parts = [one.get(part) or [] for one in found]
        found = [one for many in parts for one in (many if isinstance(many, list) else [many])]
    return found


def _is_gone(one: Any, kind: Kind) -> bool:
    return any(value in dead for path, dead in kind.gone.items() for value in _at(one, path))


def _ending(kms: Any, key: str) -> str | None:
    """The key's name if it waits for its deletion."""
    return key if kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion" else None

"""A plan's identity: one hash over what would change, equal for two plans of the same change (R5).

In the hash: of each changed object its address, previous address, deposed key, provider, steps, before and
after; of each changed output its name, action, before and after. Secrets enter as HMAC-SHA256 under a key,
unknowns as a mark; the order of objects and keys does not matter. Not in it: times, versions, drift, the
reason for a replacement, and which account and region the stack's providers speak to: the stack's own files
say that, and their digest stands beside this hash in the approval.

Without a key two different secrets look the same. A plan that brings in a secret is then `unkeyed`, and what
is its own alone enters the hash: approval of it holds for this very plan and for no re-plan.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from pipeline.domain.plan_changes import Action, Change, OutputChange, read_changes, read_output_changes
from pipeline.domain.plan_values import Place, Secrets, encode, sides
from pipeline.domain.shapes import as_mapping
from pipeline.domain.stateful import Loss, losses_among

_VERSION = "modferry-plan-1"


@dataclass(frozen=True, kw_only=True)
class PlanSummary:
    """A plan in short. Counts are of objects, a replacement counts once. `unkeyed` are the addresses (and
    `output.<name>`) that bring in a secret without a key; `partial`: targeted or deferred, not all there is."""

    hash: str
    add: int = 0
    change: int = 0
    replace: int = 0
    destroy: int = 0
    forget: int = 0
    move: int = 0
    imported: int = 0
    outputs: int = 0
    losses: tuple[Loss, ...] = ()
    unkeyed: tuple[str, ...] = ()
    partial: bool = False

    @property
    def changes(self) -> int:
        """How many objects would be made, changed or unmade; moves and imports touch only the state."""
        return self.add + self.change + self.replace + self.destroy + self.forget

    @property
    def is_empty(self) -> bool:
        """Nothing at all would change, neither in the cloud nor in the state, and that is the whole plan."""
        return not (self.changes or self.move or self.imported or self.outputs or self.partial)


def summarise(
    plan: Mapping[str, object], *, key: bytes | None = None, stateful: Iterable[str] = (), once: str = ""
) -> PlanSummary:
    """Reads a plan document; `key` is MODFERRY_HASH_KEY, `stateful` are types beside the table's.

    `once` is something that no other plan has, best the sha256 of the saved plan file. It matters without a key
    only; the plan's own timestamp, which is used too, counts whole seconds.
    Raises UndecidedError where the document is no whole plan of format 1.x.
    """
    changes, outputs = read_changes(plan), read_output_changes(plan)
    secrets = find_secrets(plan, key)
    unkeyed = _unkeyed(changes, outputs, secrets) if key is None else ()
    alone = f"{plan.get('timestamp', '')} {once}" if unkeyed else ""
    counts = Counter(change.action for change in changes)
    return PlanSummary(
        hash=_hash(changes, outputs, secrets, partial=plan.get("complete") is False, alone=alone),
        add=counts[Action.CREATE],
        change=counts[Action.UPDATE],
        replace=counts[Action.REPLACE],
        destroy=counts[Action.DESTROY],
        forget=counts[Action.FORGET],
        move=counts[Action.MOVE],
        imported=counts[Action.IMPORT],
        outputs=len(outputs),
        losses=losses_among(changes, stateful),
        unkeyed=unkeyed,
        partial=plan.get("complete") is False,
    )


def find_secrets(plan: Mapping[str, object], key: bytes | None = None) -> Secrets:
    """All secret texts of a plan: under sensitive marks anywhere in it, and values of sensitive variables."""
    return Secrets.of(_marked_places(plan), key)


def _marked_places(plan: Mapping[str, object]) -> Iterator[Place]:
    for change in read_changes(plan):
        yield from sides(change.values)
    for output in read_output_changes(plan):
        yield from sides(output.values)
    declared = as_mapping(as_mapping(as_mapping(plan.get("configuration")).get("root_module")).get("variables"))
    for name, given in as_mapping(plan.get("variables")).items():
        if as_mapping(declared.get(name)).get("sensitive"):
            yield Place(value=as_mapping(given).get("value"), sensitive=True)


def _unkeyed(changes: Iterable[Change], outputs: Iterable[OutputChange], secrets: Secrets) -> tuple[str, ...]:
    objects = tuple(change.name for change in changes if secrets.changed(change.values))
    return objects + tuple(f"output.{output.name}" for output in outputs if secrets.changed(output.values))


def _hash(
    changes: Iterable[Change],
    outputs: Iterable[OutputChange],
    secrets: Secrets,
    *,
    partial: bool,
    alone: str,
) -> str:
    objects = []
    for change in changes:
        before, after = sides(change.values)
        objects.append(
            {
                "address": change.address,
                "previous": change.previous,
                "deposed": change.deposed,
                "imported": change.imported,
                "provider": change.provider,
                "type": change.type,
                "steps": list(change.steps),
                "before": secrets.canonical(before),
                "after": secrets.canonical(after),
            }
        )
    about = {
        "version": _VERSION,
        "objects": sorted(objects, key=encode),
        "outputs": {
            output.name: [output.action, *(secrets.canonical(side) for side in sides(output.values))]
            for output in outputs
        },
        "partial": partial,
        "alone": alone,
    }
    return sha256(encode(about).encode()).hexdigest()

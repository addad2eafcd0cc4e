"""What an approval is about: the promotion, the wave's stacks, what they become and their plans (R5)."""

import json
from collections.abc import Mapping
from hashlib import sha256

from pipeline.domain.gate import Allowed, Decision, Refused
from pipeline.domain.promotion.phases import Kind
from pipeline.domain.promotion.record import Content, PlanFacts


def approval_hash(
    kind: Kind,
    environment: str,
    targets: Mapping[str, str],
    stacks: Mapping[str, tuple[Content, PlanFacts]],
) -> str:
    """One hash to approve. Equal for an identical re-plan of the same content, different for all else.

    It names no promotion id and no commit, so that `--plan-only` shows the hash that the promotion will ask for.
    """
    about = {
        "kind": str(kind),
        "environment": environment,
        "targets": dict(targets),
        "stacks": {stack: [content.digest, facts.hash] for stack, (content, facts) in stacks.items()},
    }
    text = json.dumps(about, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:16]


def judge_losses(stack: str, facts: PlanFacts, accepted: frozenset[str]) -> Decision:
    """Each stateful resource that a plan would destroy or replace was accepted by its full name, `stack:address` (R6).

    Fails closed: data that is gone does not come back with the next version, and an address without its stack would
    be a yes for every stack that has such a resource.
    """
    lost = [address for address in facts.losses if f"{stack}:{address}" not in accepted]
    if not lost:
        return Allowed(notes=tuple(f"accepted: {stack} loses {address}" for address in facts.losses))
    return Refused(
        reasons=tuple(f"{stack} would lose {address}, which holds data." for address in lost),
        remedy="save the data, then " + " ".join(f"--accept-loss {stack}:{address}" for address in lost),
    )


def judge_size(stack: str, facts: PlanFacts, limit: int) -> Decision:
    """No more changes than the environment allows at once (0: no limit).

    Fails closed: a plan that changes much more than expected is the sign of a wrong plan.
    """
    if not limit or facts.changes <= limit:
        return Allowed()
    return Refused(
        reasons=(f"{stack} would change {facts.changes} objects; at most {limit} are allowed at once.",),
        remedy="raise max_changes of the environment in modferry.toml, or move in smaller steps",
    )

"""`modferry stack retire`: take a stack's folder away, only when nothing of it is left."""

from dataclasses import dataclass
from typing import Any

from pipeline.commands.ferry.ports import Ferry
from pipeline.domain.promotion.claims import fleet_of
from pipeline.domain.promotion.work import Job
from pipeline.errors import BusyError, RefusedError, UsageError

NAMED = 5
"""How many resources a refusal names."""


@dataclass(frozen=True, kw_only=True)
class Retired:
    """A stack whose state is empty. `files`: paths in the repository that go away."""

    environment: str
    stack: str
    files: tuple[str, ...]

    def to_json(self, *, written: bool) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "environment": self.environment,
            "stack": self.stack,
            "files": list(self.files),
            "written": written,
            "next": "commit the removal and merge it to main",
        }


def retire(ferry: Ferry, environment: str, stack: str) -> Retired:
    """What may be taken away. Raises RefusedError while resources are left, BusyError while it is promoted."""
    ferry.environment(environment)
    main = ferry.trunk.fetch_with_ledger()
    files = ferry.trunk.files(main, environment, stack)
    if not files:
        raise UsageError(f"There is no stack {environment}/{stack} on main.", remedy="modferry status")
    claim = fleet_of(ferry.ledger.history()).claim(environment, stack)
    if claim:
        raise BusyError(f"{environment}/{stack} is part of {claim.title}.", remedy="modferry recover, or wait for it")
    left = ferry.stacks.resources(Job(environment=environment, stack=stack, commit=main, files=files, key="retire"))
    if left:
        named = ", ".join(one.address for one in left[:NAMED])
        more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
        raise RefusedError(
            f"{environment}/{stack} still has {len(left)} resources: {named}{more}.",
            remedy=f"take its resources out of its files, then modferry deploy {environment}/{stack}",
        )
    home = f"{ferry.settings.environments_path}/{environment}/{stack}/"
    return Retired(environment=environment, stack=stack, files=tuple(home + path for path in sorted(files)))

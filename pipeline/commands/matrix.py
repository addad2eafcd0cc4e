"""`modferry ci matrix`: the suites of a test run dealt to N machines, as a GitHub matrix.

Every machine deals again for itself (`modferry test --shard I/N`), so all must look at one ledger: the
workflow hands the ledger's commit on.
"""

from dataclasses import dataclass
from typing import Any

from pipeline.commands.modules import changed_since
from pipeline.commands.project import Project
from pipeline.domain.parts import in_shard
from pipeline.domain.verdict import Suite

UNKNOWN = 30.0
"""Seconds that a suite is taken to last before it ever ran (the same as domain/parts.in_shard takes)."""


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One machine's share."""

    index: int
    count: int
    suites: tuple[tuple[str, Suite], ...]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """One row of `include`."""
        return {
            "shard": f"{self.index}/{self.count}",
            "suites": ", ".join(f"{module} {suite}" for module, suite in self.suites),
            "seconds": round(self.seconds),
        }


def plan_matrix(project: Project, *, shards: int, since: str | None, target: str | None) -> tuple[Shard, ...]:
    """Shards with something to do; fewer than asked for where there are fewer suites."""
    graph = project.graph()
    names = graph.order() if since is None else changed_since(project, graph, since)
    suites = [(name, Suite(suite)) for name in names for suite in project.settings.test.suites]
    count = min(shards, len(suites))
    seconds, where = project.ledger.history().seconds, target or project.settings.test.target
    found = []
    for index in range(1, count + 1):
        mine = in_shard(suites, seconds, where, (index, count))
        found.append(
            Shard(
                index=index,
                count=count,
                suites=tuple(suite for suite in suites if suite in mine),
                seconds=sum(seconds.get((name, suite, where), UNKNOWN) for name, suite in mine),
            )
        )
    return tuple(found)


def to_github(shards: tuple[Shard, ...]) -> dict[str, Any]:
    """What `strategy.matrix` takes through `fromJSON`."""
    return {"include": [shard.to_json() for shard in shards]}

"""`modferry inventory`: what every stack holds, counted from its state, and what changed since it was last recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.commands.ferry.crew import Stop, run_all
from pipeline.commands.ferry.ports import Ferry
from pipeline.domain.inventory import Line, count, difference
from pipeline.domain.ledger import Draft
from pipeline.domain.promotion.work import Job
from pipeline.errors import Exit, ModferryError, UsageError

KIND = "inventory"


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """The lines of all stacks; `unknown`: stack → why its state could not be read; `changes` since `since`."""

    lines: tuple[Line, ...]
    unknown: Mapping[str, str]
    since: str
    changes: Mapping[str, int]
    recorded: bool

    @property
    def code(self) -> Exit:
        """20 where a state could not be read: a sum that lacks a stack is no sum."""
        return Exit.UNDECIDED if self.unknown else Exit.DONE

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "resources": [asdict(line) for line in self.lines],
            "total": sum(line.count for line in self.lines),
            "unknown": [{"stack": stack, "why": why} for stack, why in self.unknown.items()],
            "since": self.since or None,
            "changes": dict(self.changes),
            "recorded": self.recorded,
        }


def take_inventory(ferry: Ferry, environments: Sequence[str], *, record: bool) -> Inventory:
    """Read the state of every stack of these environments (none: of all). `record` writes it into the ledger.

    Raises UsageError where there is no stack. What could not be read is not recorded.
    """
    for name in environments:
        ferry.environment(name)
    main = ferry.trunk.fetch_with_ledger()
    chosen = tuple(environments or ferry.settings.order)
    names = {
        f"{environment}/{s}": (environment, s) for environment in chosen for s in ferry.trunk.stacks(main, environment)
    }
    if not names:
        raise UsageError("There is no stack to look at.", remedy="add one in environments/<env>/<stack>/")
    found: dict[str, tuple[Line, ...]] = {}
    unknown: dict[str, str] = {}

    def look(label: str) -> None:
        environment, stack = names[label]
        files = ferry.trunk.files(main, environment, stack)
        job = Job(environment=environment, stack=stack, commit=main, files=files, key="inventory")
        try:
            found[label] = count(environment, stack, ferry.stacks.resources(job))
        except ModferryError as error:
            unknown[label] = error.what

    run_all(list(names), look, width=max(e.parallel for e in ferry.settings.environment), stop=Stop())
    lines = tuple(line for label in names for line in found.get(label, ()))
    before = [one for one in ferry.ledger.history().inventories if one.body["environments"] == sorted(chosen)]
    last = before[-1] if before else None
    recorded = record and not unknown
    if recorded:
        body = {"environments": sorted(chosen), "resources": [asdict(line) for line in lines]}
        ferry.ledger.append(lambda _: [Draft(kind=KIND, body=body)], push=True)
    return Inventory(
        lines=lines,
        unknown=dict(sorted(unknown.items())),
        since=last.at if last else "",
        changes=difference(last.body["resources"], lines) if last and not unknown else {},
        recorded=recorded,
    )

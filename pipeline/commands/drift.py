"""`modferry drift`: plan every stack as main says, and as it was applied, and tell apart what differs.

Nothing is applied but by `fix_drift`, through the engine; Terraform's state lock is taken as for any plan. What could
not be planned is unknown, and unknown is never "in sync". Differences that the noise rules of modferry.toml cover are
named and do not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from pipeline.commands.attempts import Attempt, attempt, worst
from pipeline.commands.deploy import deploy
from pipeline.commands.ferry.crew import Stop, run_all
from pipeline.commands.ferry.ports import Ferry
from pipeline.domain.fleet.noise import Ignored, join_ignored, split_noise
from pipeline.domain.pins import content_digest
from pipeline.domain.plan_differences import Difference
from pipeline.domain.promotion.claims import fleet_of
from pipeline.domain.promotion.fold import Fleet
from pipeline.domain.promotion.record import PlanFacts
from pipeline.domain.promotion.work import Job, Planned
from pipeline.errors import Exit, ModferryError, UsageError


class Drift(StrEnum):
    """What a plan of a stack says, from good to bad."""

    IN_SYNC = "in_sync"
    NOT_APPLIED = "not_applied"
    RESTLESS = "never_settles"
    OUTSIDE = "changed_outside"
    BOTH = "changed_outside_and_not_applied"
    UNMANAGED = "never_applied"
    UNKNOWN = "unknown"


SAYS = {
    Drift.IN_SYNC: "is what main says",
    Drift.NOT_APPLIED: "main has changed and was not applied",
    Drift.RESTLESS: "would change, though neither its code nor what it manages has changed",
    Drift.OUTSIDE: "was changed outside of Terraform",
    Drift.BOTH: "was changed outside, and main has changed and was not applied",
    Drift.UNMANAGED: "was never applied by modferry",
    Drift.UNKNOWN: "could not be found out",
}


FIXABLE = (Drift.NOT_APPLIED, Drift.OUTSIDE)
"""What `deploy` puts right: main is what was reviewed. Where both sides changed, a person says which one holds; what
never settles would fail its own second plan."""


@dataclass(frozen=True, kw_only=True)
class DriftRow:
    """One stack: what differs, the plan against main in numbers, the plan for people, what is noise in it."""

    environment: str
    stack: str
    drift: Drift
    facts: PlanFacts | None
    shown: str
    remedy: str
    ignored: tuple[Ignored, ...] = ()
    outside: tuple[Difference, ...] = ()
    """What changed outside and is no noise; also what code does not set and a plan leaves alone."""
    fix: Attempt | None = None

    @property
    def name(self) -> str:
        """`prod/us-east-1`."""
        return f"{self.environment}/{self.stack}"

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "environment": self.environment,
            "stack": self.stack,
            "drift": str(self.drift),
            "plan": self.facts.to_body() if self.facts else None,
            "shown": self.shown,
            "ignored": [one.to_json() for one in self.ignored],
            "outside": [{"address": one.address, "attributes": list(one.attributes)} for one in self.outside],
            "next": self.remedy,
            "fix": self.fix.to_json() if self.fix else None,
        }


def find_drift(ferry: Ferry, environments: Sequence[str]) -> tuple[DriftRow, ...]:
    """Every stack of these environments (none: of all), in order."""
    for name in environments:
        ferry.environment(name)
    main = ferry.trunk.fetch_with_ledger()
    fleet = fleet_of(ferry.ledger.history())
    names = [
        (environment, stack)
        for environment in (environments or ferry.settings.order)
        for stack in ferry.trunk.stacks(main, environment)
    ]
    if not names:
        raise UsageError("There is no stack to look at.", remedy="add one in environments/<env>/<stack>/")
    rows: dict[str, DriftRow] = {}
    by_label = {f"{environment}/{stack}": (environment, stack) for environment, stack in names}

    def look(label: str) -> None:
        rows[label] = _look(ferry, fleet, main, *by_label[label])

    run_all(list(by_label), look, width=max(e.parallel for e in ferry.settings.environment), stop=Stop())
    return tuple(rows[label] for label in by_label)


def fix_drift(ferry: Ferry, rows: Sequence[DriftRow], *, dry_run: bool) -> tuple[DriftRow, ...]:
    """Deploy main to every stack whose drift that puts right, one after the other; the rows with what became of it.

    The first one that does not end verified stops the later ones. What was changed outside is lost with it: a gate
    that asks (approval, data) asks here too.
    """
    stopped = ""
    fixed: list[DriftRow] = []
    for row in rows:
        if row.drift is Drift.IN_SYNC:
            fixed.append(row)
            continue
        fix = _fix(ferry, row, stopped, dry_run=dry_run)
        if not (fix.is_good or stopped) and row.drift in FIXABLE:
            stopped = f"{row.name} is {fix.phase}."
        fixed.append(replace(row, fix=fix))
    return tuple(fixed)


def _fix(ferry: Ferry, row: DriftRow, stopped: str, *, dry_run: bool) -> Attempt:
    if row.drift not in FIXABLE:
        return Attempt(phase="left", code=Exit.REFUSED, reason=f"It {SAYS[row.drift]}.", next=row.remedy)
    if stopped or dry_run:
        phase, code = ("left", Exit.REFUSED) if stopped else ("planned", Exit.DONE)
        return Attempt(phase=phase, code=code, reason=stopped, next=f"modferry deploy {row.name}")
    return attempt(lambda: deploy(ferry, row.environment, row.stack))


def exit_of(rows: Sequence[DriftRow]) -> Exit:
    """20 when any stack is unknown; else the worst that became of a deploy; else 10 when any differs, else 0."""
    if any(row.drift is Drift.UNKNOWN for row in rows):
        return Exit.UNDECIDED
    made = worst((row.fix for row in rows if row.fix and row.fix.phase != "left"), Exit.DONE)
    if made is not Exit.DONE:
        return made
    good = all(row.drift is Drift.IN_SYNC or (row.fix and row.fix.phase == "verified") for row in rows)
    return Exit.DONE if good else Exit.REFUSED


def _look(ferry: Ferry, fleet: Fleet, main: str, environment: str, stack: str) -> DriftRow:
    applied = fleet.stack(environment, stack).content
    files = ferry.trunk.files(main, environment, stack)
    try:
        plan = _plan(ferry, Job(environment=environment, stack=stack, commit=main, files=files, key="main"))
        if applied is None:
            drift = Drift.UNMANAGED
        elif content_digest(files) == applied.digest:
            drift = Drift.IN_SYNC if plan.is_empty else Drift.OUTSIDE if plan.outside else Drift.RESTLESS
        else:
            was = ferry.trunk.files(applied.commit, environment, stack)
            job = Job(environment=environment, stack=stack, commit=applied.commit, files=was, key="applied")
            drift = Drift.NOT_APPLIED if _plan(ferry, job).is_empty else Drift.BOTH
    except ModferryError as error:
        return DriftRow(
            environment=environment, stack=stack, drift=Drift.UNKNOWN, facts=None, shown=error.what, remedy=error.remedy
        )
    return DriftRow(
        environment=environment,
        stack=stack,
        drift=drift,
        facts=plan.planned.facts,
        shown=plan.planned.shown,
        remedy="" if drift is Drift.IN_SYNC else f"modferry deploy {environment}/{stack} --plan-only",
        ignored=plan.ignored,
        outside=plan.outside,
    )


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """A plan with the noise in it; empty also where it is nothing but noise. `outside` is without noise."""

    planned: Planned
    is_empty: bool
    ignored: tuple[Ignored, ...]
    outside: tuple[Difference, ...]


def _plan(ferry: Ferry, job: Job) -> _Plan:
    try:
        planned = ferry.stacks.plan(job, may_upgrade=False)
    finally:
        ferry.stacks.drop(job)
    rules = ferry.settings.noise
    real, ignored = split_noise(planned.differences, rules, job.environment)
    outside, quiet = split_noise(planned.outside, rules, job.environment)
    return _Plan(
        planned=planned,
        is_empty=planned.facts.empty or bool(ignored and not real),
        ignored=join_ignored(ignored, quiet),
        outside=outside,
    )

"""`modferry yank`, `hold`, `unhold`: decide on the newest history, write one entry, on origin before it returns."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pipeline.commands.project import Project
from pipeline.domain.fleet.behind import final_releases
from pipeline.domain.fleet.stops import Decided, Stop, find_release, plan_hold, plan_unhold, plan_yank, running
from pipeline.domain.history import History
from pipeline.domain.ledger import Draft
from pipeline.domain.promotion.eligibility import why_stopped
from pipeline.errors import UsageError


class Act(StrEnum):
    """What is written."""

    YANK = "yank"
    HOLD = "hold"
    UNHOLD = "unhold"


@dataclass(frozen=True, kw_only=True)
class StopResult:
    """What came of it. `entry` is the ledger entry's id; empty in a dry run and when nothing was to do.

    `stacks`: where a yanked (or held) version runs now, as (environment, stack).
    """

    act: Act
    stop: Stop
    says: str
    writes: bool
    entry: str
    stacks: tuple[tuple[str, str], ...]
    remedies: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "module": self.stop.module,
            "version": str(self.stop.version),
            "environment": self.stop.environment or None,
            "reason": self.stop.reason,
            "written": bool(self.entry),
            "entry": self.entry or None,
            "says": self.says,
            "stacks": [
                {"environment": environment, "stack": stack, "next": remedy}
                for (environment, stack), remedy in zip(self.stacks, self.remedies, strict=True)
            ],
        }


def stop_version(project: Project, act: Act, stop: Stop, *, dry_run: bool) -> StopResult:
    """Yank, hold or unhold. Raises UsageError for what was never released, or for an unknown environment."""
    if not stop.reason.strip():
        raise UsageError("The reason is empty: whoever meets this later must know why.", remedy="--reason TEXT")
    if stop.environment:
        project.settings.in_environment(stop.environment)
    decided: Decided | None = None

    def decide(history: History) -> Sequence[Draft]:
        nonlocal decided
        decided = _plan(history, act, stop, project.settings.order)
        return decided.drafts

    written = ""
    if dry_run:
        project.ledger.fetch()
        decide(project.ledger.history())
    else:
        entries = project.ledger.append(decide, push=True)
        written = entries[-1].id if entries else ""
    assert decided is not None
    history = project.ledger.history()
    stacks = running(history, find_release(history, stop)) if act is not Act.UNHOLD else ()
    return StopResult(
        act=act,
        stop=stop,
        says=decided.says,
        writes=bool(decided.drafts),
        entry=written,
        stacks=stacks,
        remedies=tuple(_mend(history, stop, environment, project.settings.order) for environment, _ in stacks),
    )


def _plan(history: History, act: Act, stop: Stop, order: tuple[str, ...]) -> Decided:
    match act:
        case Act.YANK:
            return plan_yank(history, stop)
        case Act.HOLD:
            return plan_hold(history, stop, order)
        case Act.UNHOLD:
            return plan_unhold(history, stop, order)


def _mend(history: History, stop: Stop, environment: str, order: tuple[str, ...]) -> str:
    """The command that takes an environment off this version: forward to the newest later one that is neither held
    there nor failing, else back."""
    newer = (one for one in reversed(final_releases(history).get(stop.module, ())) if one.version > stop.version)
    good = next((one for one in newer if not why_stopped(history, one.module, one.version, environment, order)), None)
    if good:
        return f"modferry promote {stop.module} {good.version} --to {environment}"
    return f"modferry rollback {environment} {stop.module} --reason TEXT"

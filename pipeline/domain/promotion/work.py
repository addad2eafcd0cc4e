"""What is handed to the outside to work on a stack, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from pipeline.domain.plan import PlanSummary
from pipeline.domain.plan_differences import Difference
from pipeline.domain.promotion.record import PlanFacts


@dataclass(frozen=True, kw_only=True)
class Job:
    """One stack with the files that it should run: the tree of `commit`, with `files` in the stack's folder.

    `key` tells jobs apart that work on one stack one after the other (forward and back).
    """

    environment: str
    stack: str
    commit: str
    files: Mapping[str, bytes]
    key: str

    @property
    def name(self) -> str:
        """`prod/us-east-1`."""
        return f"{self.environment}/{self.stack}"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A saved plan, waiting with the adapter, in short; `lock` is the lock file after init. `differences`: what it
    would change, `outside`: what refreshing found changed since the state was written, both for rules by address."""

    facts: PlanFacts
    lock: bytes | None = None
    shown: str = ""
    """The plan for people, one line a change."""
    differences: tuple[Difference, ...] = ()
    outside: tuple[Difference, ...] = ()
    taken: Mapping[str, str] = field(default_factory=dict)
    """Tag → the commit whose files were planned for it, where Terraform did not fetch them itself."""


class CheckVerdict(StrEnum):
    """What a verification can say. Inconclusive: it could not find out, which is neither pass nor fail."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


_SEVERITY = (CheckVerdict.PASSED, CheckVerdict.INCONCLUSIVE, CheckVerdict.FAILED)


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One check of a stack: how often it was tried, how long it took, why it is not passed."""

    name: str
    verdict: CheckVerdict
    message: str = ""
    attempts: int = 1
    seconds: float = 0.0

    def to_body(self) -> dict[str, object]:
        """As the ledger keeps it (the evidence of the verification)."""
        body: dict[str, object] = {"name": self.name, "verdict": str(self.verdict), "attempts": self.attempts}
        return {**body, "seconds": round(self.seconds, 2), **({"message": self.message} if self.message else {})}


@dataclass(frozen=True, kw_only=True)
class Verification:
    """All checks of a stack after an apply; as bad as the worst of them."""

    checks: tuple[CheckResult, ...]

    @property
    def verdict(self) -> CheckVerdict:
        """Failed wins over inconclusive. No check at all is inconclusive: nothing was looked at."""
        return max((c.verdict for c in self.checks), key=_SEVERITY.index, default=CheckVerdict.INCONCLUSIVE)

    @property
    def reason(self) -> str:
        """What did not pass, in one sentence."""
        bad = [c for c in self.checks if c.verdict is self.verdict]
        return "; ".join(f"{c.name}: {c.message}" for c in bad if c.verdict is not CheckVerdict.PASSED)


class Landing(Enum):
    """What became of a push to main: there; main moved first; or origin would not have it."""

    LANDED = "landed"
    MOVED = "moved"
    REJECTED = "rejected"


def facts_of(summary: PlanSummary, *, empty: bool) -> PlanFacts:
    """What is kept of a plan; `empty`: Terraform, too, says that there is nothing to do."""
    return PlanFacts(
        hash=summary.hash,
        add=summary.add,
        change=summary.change,
        replace=summary.replace,
        destroy=summary.destroy,
        losses=tuple(loss.address for loss in summary.losses),
        empty=empty,
        marked=bool(summary.unkeyed),
    )

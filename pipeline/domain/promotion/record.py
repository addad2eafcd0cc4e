"""The values of a promotion: contents, plans in short, holders, the promotion itself. All read from the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.domain.promotion.phases import GOING_BACK, TOUCHED, Kind, Outcome, Phase, StackPhase


@dataclass(frozen=True, kw_only=True)
class Content:
    """What is applied to a stack, written so that anybody can make it again from the repository.

    The stack's files at `commit`, with the pins of `pins` (module → ref) moved in them and, where `lock` is
    not empty, `.terraform.lock.hcl` with that text. `digest` is the sha256 over the outcome and proves it;
    `shape` is the same with all pins blanked: equal shapes differ by pins alone.
    """

    commit: str
    pins: Mapping[str, str]
    digest: str
    shape: str
    lock: str = ""

    def to_body(self) -> dict[str, Any]:
        """As the ledger keeps it."""
        body = {"commit": self.commit, "pins": dict(self.pins), "digest": self.digest, "shape": self.shape}
        return {**body, "lock": self.lock} if self.lock else body

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> "Content":
        """As read from the ledger."""
        return cls(
            commit=body["commit"],
            pins=dict(body["pins"]),
            digest=body["digest"],
            shape=body["shape"],
            lock=body.get("lock", ""),
        )


@dataclass(frozen=True, kw_only=True)
class PlanFacts:
    """A plan in short: canonical hash, how much it changes, and the stateful addresses it would lose."""

    hash: str
    add: int = 0
    change: int = 0
    replace: int = 0
    destroy: int = 0
    losses: tuple[str, ...] = ()
    empty: bool = False
    marked: bool = False
    """A sensitive change without a key: its approval does not survive a re-plan."""

    def to_body(self) -> dict[str, Any]:
        """As the ledger and `--json` keep it."""
        body: dict[str, Any] = {
            "hash": self.hash,
            "add": self.add,
            "change": self.change,
            "replace": self.replace,
            "destroy": self.destroy,
        }
        return {**body, "losses": list(self.losses)} if self.losses else body

    @property
    def changes(self) -> int:
        """How many objects would change."""
        return self.add + self.change + self.replace + self.destroy


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who runs a promotion: `mark` is `<pid>.<start time>` on `host` (hostname and boot), `actor` a person."""

    host: str
    mark: str
    actor: str
    since: str = ""

    def to_body(self) -> dict[str, Any]:
        """As the ledger keeps it."""
        return {"host": self.host, "mark": self.mark, "actor": self.actor}


@dataclass(frozen=True, kw_only=True)
class StackRun:
    """One stack in one promotion.

    `origin` is where it came from (None: nothing was applied before), `target` the pins it goes to, `lock` the
    lock file's text where the target brings its own; `content` what it becomes, `plan` how, once announced;
    `shown` a plan that was shown and waits for approval. `touched_at`: when it was changed by this promotion last,
    or perhaps changed.
    """

    stack: str
    wave: int
    origin: Content | None
    target: Mapping[str, str]
    lock: str = ""
    phase: StackPhase = StackPhase.PENDING
    content: Content | None = None
    plan: Mapping[str, Any] = field(default_factory=dict)
    shown: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    touched_at: str = ""

    @property
    def is_touched(self) -> bool:
        """Changed, or perhaps changed, and not on its way back."""
        return self.phase in TOUCHED


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """A promotion as the ledger tells it. `targets` are module → version as asked for; `base` main's commit
    when it opened; `fence` the number that only its current holder may write with."""

    id: str
    kind: Kind
    environment: str
    targets: Mapping[str, str]
    waves: tuple[tuple[str, ...], ...]
    stacks: Mapping[str, StackRun]
    holder: Holder
    fence: int
    base: str
    opened_at: str
    reason: str = ""
    bypass: str = ""
    past: tuple[Holder, ...] = ()
    """Who held it before, oldest first: a dead one may have left a state locked."""
    phase: Phase = Phase.OPENED
    wave: int = 0
    landed: Mapping[int, str] = field(default_factory=dict)
    """Wave → commit on main that holds its pins (deploy: the commit that was applied)."""
    landed_at: str = ""
    outcome: Outcome | None = None
    closed_at: str = ""
    why: str = ""
    """The reason of the last move: what failed, or what it waits for."""
    remedy: str = ""
    """What to do about it, where the one who closed it knew."""
    approval: str = ""
    """The hash that a waiting promotion asks for."""
    approved: Mapping[str, str] = field(default_factory=dict)
    """Approved hash → by whom."""
    asked: str = ""
    """The person who asked to take it back; empty: it goes back by itself."""

    @property
    def is_open(self) -> bool:
        """Whether it still claims its stacks."""
        return self.phase is not Phase.CLOSED

    @property
    def is_going_back(self) -> bool:
        """Whether it has failed and restores. A rollback that is stuck has not turned round."""
        if self.phase is Phase.STUCK and self.kind is Kind.ROLLBACK:
            return any(run.phase in GOING_BACK for run in self.stacks.values())
        return self.phase in (Phase.FAILING, Phase.RESTORING, Phase.STUCK)

    @property
    def title(self) -> str:
        """For people: `promote core 1.2.0 to prod (p-12)`."""
        what = ", ".join(f"{module} {version}" for module, version in self.targets.items())
        return f"{self.kind} {what or 'main'} to {self.environment} ({self.id})"


@dataclass(frozen=True, kw_only=True)
class Stable:
    """A content that a whole promotion left verified on a stack, and when."""

    content: Content
    at: str
    promotion: str


@dataclass(frozen=True, kw_only=True)
class StackState:
    """A stack between promotions: what is applied, whether that was verified and when, and its past.

    `stables` are the contents of promotions that closed as verified, oldest first; the last is the stable one.
    """

    environment: str
    stack: str
    content: Content | None = None
    verified_at: str = ""
    stables: tuple[Stable, ...] = ()
    promotion: str = ""
    """The open promotion that claims it."""
    last: str = ""
    """The promotion that touched it last."""
    note: str = ""

    @property
    def stable(self) -> Content | None:
        """What it returns to."""
        return self.stables[-1].content if self.stables else None

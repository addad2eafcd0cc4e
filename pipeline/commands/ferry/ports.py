"""What the engine needs from the outside: main on origin, and hands that work on stacks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pipeline.domain.gate import Decision
from pipeline.domain.inventory import Resource
from pipeline.domain.promotion.record import Holder, Promotion
from pipeline.domain.promotion.work import Job, Landing, Planned, Verification
from pipeline.domain.settings import Environment, Settings
from pipeline.domain.version import TagFormat, Version
from pipeline.ports import Decide, Ledger


class Trunk(Protocol):
    """Main on origin. Nothing here touches the user's checkout."""

    def fetch(self) -> str:
        """The newest commit of main on origin. Raises UndecidedError when origin cannot be asked."""
        ...

    def fetch_with_ledger(self) -> str:
        """As `fetch`, and as the ledger's own: both in one question where that can be."""
        ...

    def stacks(self, commit: str, environment: str) -> Sequence[str]:
        """Names of the environment's stacks at a commit, sorted."""
        ...

    def files(self, commit: str, environment: str, stack: str) -> dict[str, bytes]:
        """A stack's files at a commit, by path below its folder; empty when there is no such stack."""
        ...

    def tags(self, names: Sequence[str]) -> Mapping[str, str]:
        """Tag → commit on origin now, peeled; absent ones are left out."""
        ...

    def check_push(self) -> None:
        """Raises RefusedError when we may not push to main (asked with a dry run)."""
        ...

    def commit(self, parent: str, environment: str, files: Mapping[str, Mapping[str, bytes]], message: str) -> str:
        """A commit on `parent` that writes files (stack → path → bytes); no branch moves."""
        ...

    def land(self, commit: str, decide: Decide) -> tuple[Landing, str]:
        """Push a commit to main and what `decide` writes to the ledger, both or neither; with origin's words."""
        ...


class Stacks(Protocol):
    """Hands that plan, apply and verify. A job that was planned is remembered until it is dropped."""

    def plan(self, job: Job, *, may_upgrade: bool) -> Planned:
        """Make the private copy, init and save a plan; changes nothing.

        The lock file is read-only unless the configuration demands another provider and `may_upgrade`.
        Raises TestsFailedError when Terraform says no, BusyError when somebody else has the state's lock,
        UndecidedError when it could not be found out.
        """
        ...

    def apply(self, job: Job) -> None:
        """Apply exactly the plan that was saved; raises as `plan`."""
        ...

    def verify(self, job: Job) -> Verification:
        """The second plan is empty, and the environment's checks; never raises for what it can record."""
        ...

    def resources(self, job: Job) -> tuple[Resource, ...]:
        """What the stack's state holds; raises as `plan`. Takes no lock, changes nothing."""
        ...

    def may_break(self, holder: Holder, since: str) -> None:
        """From now on a state lock that this dead holder left after `since` is broken when a plan meets it.

        A lock of anybody else stays, and the plan raises BusyError naming its holder.
        """
        ...

    def drop(self, job: Job) -> None:
        """Forget a job and remove its files."""
        ...


@dataclass(frozen=True, kw_only=True)
class Ferry:
    """Everything that a promotion is run with."""

    settings: Settings
    source: str
    tags: TagFormat
    trunk: Trunk
    ledger: Ledger
    stacks: Stacks
    holder: Holder
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    say: Callable[[str], None]
    prove: Callable[[str, str, str], Decision]
    """(main, tag, the commit that it names on origin) → whether who may sign vouches for the version; Allowed where
    main has no `allowed_signers`."""
    is_dead: Callable[[Holder], bool | None] = lambda _: None
    """True: provably dead; False: alive; None: nobody here can know."""
    end_leftovers: Callable[[Holder], object] = lambda _: None
    """End programs that a dead holder started and that still run on this machine."""
    notify: Callable[[Promotion, str, str], None] = lambda *_: None
    """Tell whoever wants to know where a run of the engine left a promotion: its public phase, what comes next."""
    approvals: frozenset[str] = frozenset()
    accepted: frozenset[str] = frozenset()
    """Stateful addresses (`stack:address`) that a person agreed to lose."""
    root: str = ""
    """The name of the root module, whose tags have no module part; empty: there is none."""

    def environment(self, name: str) -> Environment:
        """The environment's settings."""
        return self.settings.in_environment(name)

    def ref(self, module: str, version: Version) -> str:
        """The tag that pins a version."""
        return self.tags.tag(module, version, root=module == self.root).text

    def version(self, module: str, ref: str) -> Version | None:
        """The version that a ref pins; None when it is no version tag."""
        tag = self.tags.parse(ref, (module,), root=module if module == self.root else None)
        return tag.version if tag else None

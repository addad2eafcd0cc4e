"""A small world that remembers: origin (main, tags, ledger), a cloud, and hands that work in it.

Several simulated processes share one world. `faults` sees the name of every effect before and after it
happens and may raise there: an error that the engine must handle, or `Died` (kill -9), which nothing catches.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import RLock

from pipeline.commands.ferry.ports import Ferry
from pipeline.domain.gate import Allowed
from pipeline.domain.history import History, fold
from pipeline.domain.inventory import Resource
from pipeline.domain.ledger import Draft, Entry, check_chain, write
from pipeline.domain.pins import content_digest, find_pins, refs_of
from pipeline.domain.plan_differences import Difference
from pipeline.domain.promotion.record import Holder, PlanFacts
from pipeline.domain.promotion.work import CheckResult, CheckVerdict, Job, Landing, Planned, Verification
from pipeline.domain.settings import Environment, Settings
from pipeline.domain.version import TagFormat, Version
from pipeline.errors import BusyError, TestsFailedError, UndecidedError
from pipeline.ports import Decide

SOURCE = "https://example.test/acme/infra.git"
BEGIN = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Died(BaseException):
    """The process is gone: nothing may catch this."""


Faults = Callable[[str], None]


@dataclass(kw_only=True)
class World:
    """Origin and cloud. Versions are `module/1.0.0`: `bad` ones fail verification, `unsure` ones cannot be
    verified, `broken` ones fail in apply, `unplannable` ones in plan, `lossy` ones replace a database when a
    stack goes to or from them."""

    entries: list[Entry] = field(default_factory=list)
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    main: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)
    """Tag → the commit whose files were planned for it, where Terraform did not fetch them."""
    cloud: dict[str, str] = field(default_factory=dict)
    """Stack → digest of the content that runs there, or `<digest>+half` after a torn apply."""
    locks: dict[str, str] = field(default_factory=dict)
    applied: list[tuple[str, str]] = field(default_factory=list)
    """Every apply that changed something: (stack, digest)."""
    crossed: list[bool] = field(default_factory=list)
    """Of each apply: whether it replaced the database."""
    bad: set[str] = field(default_factory=set)
    bad_at: set[tuple[str, str]] = field(default_factory=set)
    """As `bad`, on one stack only."""
    unsure: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    lossy: set[str] = field(default_factory=set)
    unplannable: set[str] = field(default_factory=set)
    churn: dict[str, tuple[Difference, ...]] = field(default_factory=dict)
    """What the plan of a stack shows although the stack runs its content: noise, or something changed outside."""
    restless: set[str] = field(default_factory=set)
    """Stacks whose churn was not changed outside: their plans are never empty."""
    touched: dict[str, tuple[Difference, ...]] = field(default_factory=dict)
    """What changed outside and no plan puts right: code does not set it."""
    known: dict[str, set[str]] = field(default_factory=dict)
    """Digest → the versions in that content."""
    rejects: bool = False
    now: datetime = BEGIN
    dead: set[str] = field(default_factory=set)
    replayed: History = field(default_factory=History)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(100_000)))
    turn: RLock = field(default_factory=RLock)

    def history(self) -> History:
        """The replay of the whole ledger; what is new is folded into what was."""
        folded = self.replayed.last.number if self.replayed.last else 0
        check_chain(self.entries[folded:], after=self.replayed.last)
        return fold(self.replayed, self.entries[folded:])

    def loses(self, runs: str, digest: str) -> bool:
        """Whether going from one content to another replaces the database."""
        one, other = (self.known.get(text.partition("+")[0], set()) & self.lossy for text in (runs, digest))
        return bool(runs) and bool(one) != bool(other)

    def write(self, kind: str, **body: object) -> None:
        """Append an entry as if another command did."""
        self.append([Draft(kind=kind, body=body)])

    def append(self, drafts: Sequence[Draft]) -> tuple[Entry, ...]:
        """Write and tick."""
        self.now += timedelta(seconds=1)
        after = self.entries[-1] if self.entries else None
        new = write(drafts, after=after, now=self.now, actor="tester")
        self.entries.extend(new)
        return new

    def commit(self, changes: Mapping[str, bytes], parent: str | None = None) -> str:
        """A commit on `parent` (default: main)."""
        parent = self.main if parent is None else parent
        files = {**self.commits.get(parent, {}), **changes}
        name = sha256(repr((parent, sorted(files.items()), len(self.commits))).encode()).hexdigest()[:40]
        self.commits[name], self.parents[name] = files, parent
        return name

    def push(self, changes: Mapping[str, bytes]) -> str:
        """Somebody pushes to main."""
        self.main = self.commit(changes)
        return self.main

    def contains(self, old: str, new: str) -> bool:
        """Whether `old` is an ancestor of `new`."""
        while new and new != old:
            new = self.parents.get(new, "")
        return bool(new)

    def release(self, module: str, version: str, **more: object) -> None:
        """A released version with its tag; `more` is what its entry says besides."""
        tag, commit = f"{module}/v{version}", sha256(f"{module}{version}".encode()).hexdigest()[:40]
        self.tags[tag] = commit
        self.write(
            "release",
            module=module,
            version=version,
            tag=tag,
            commit=commit,
            digest="sha256:0",
            shipped="sha256:0",
            bump="minor",
            evidence=[],
            **more,
        )

    def stack(self, environment: str, stack: str, **pins: str) -> None:
        """Main gets a stack that pins modules (module=version)."""
        self.push({f"environments/{environment}/{stack}/main.tf": stack_text(environment, stack, 1, **pins)})

    def pins(self, environment: str, stack: str) -> dict[str, str]:
        """What main pins there."""
        return refs_of(find_pins(self.files(self.main, environment, stack), SOURCE))

    def files(self, commit: str, environment: str, stack: str) -> dict[str, bytes]:
        """A stack's files at a commit."""
        prefix = f"environments/{environment}/{stack}/"
        return {p[len(prefix) :]: data for p, data in self.commits[commit].items() if p.startswith(prefix)}


def stack_text(environment: str, stack: str, size: int = 1, **pins: str) -> bytes:
    """A stack's main.tf."""
    calls = "".join(
        f'module "{m}" {{\n  source = "git::{SOURCE}//modules/{m}?ref={m}/v{v}"\n}}\n' for m, v in pins.items()
    )
    return f"# {environment}/{stack}\nlocals {{\n  size = {size}\n}}\n{calls}".encode()


@dataclass(kw_only=True)
class FakeTrunk:
    """The port Trunk."""

    world: World
    faults: Faults

    def fetch(self) -> str:
        """Main now."""
        self.faults("fetch")
        return self.world.main

    def fetch_with_ledger(self) -> str:
        """Main now; the ledger is always read anew."""
        return self.fetch()

    def stacks(self, commit: str, environment: str) -> Sequence[str]:
        """Folders of the environment."""
        prefix = f"environments/{environment}/"
        return sorted({p[len(prefix) :].split("/")[0] for p in self.world.commits[commit] if p.startswith(prefix)})

    def files(self, commit: str, environment: str, stack: str) -> dict[str, bytes]:
        """A stack's files."""
        return self.world.files(commit, environment, stack)

    def tags(self, names: Sequence[str]) -> Mapping[str, str]:
        """Origin's tags."""
        return {name: self.world.tags[name] for name in names if name in self.world.tags}

    def check_push(self) -> None:
        """Always allowed; what is rejected later is another matter."""

    def commit(self, parent: str, environment: str, files: Mapping[str, Mapping[str, bytes]], message: str) -> str:
        """A commit object."""
        paths = {f"environments/{environment}/{s}/{n}": data for s, some in files.items() for n, data in some.items()}
        return self.world.commit(paths, parent)

    def land(self, commit: str, decide: Decide) -> tuple[Landing, str]:
        """Main and ledger at once."""
        self.faults("before land")
        with self.world.turn:
            drafts = decide(self.world.history())
            if self.world.rejects:
                return Landing.REJECTED, "protected branch"
            if not self.world.contains(self.world.main, commit):
                return Landing.MOVED, "fetch first"
            self.world.main = commit
            self.world.append(drafts)
        self.faults("after land")
        return Landing.LANDED, ""


@dataclass(kw_only=True)
class FakeLedger:
    """The port Ledger, straight on origin."""

    world: World
    faults: Faults

    def history(self) -> History:
        """The replay."""
        with self.world.turn:
            return self.world.history()

    def fetch(self) -> None:
        """Nothing is cached here."""

    def append(self, decide: Decide, *, push: bool) -> tuple[Entry, ...]:
        """Compare and swap: nobody writes between the decision and the entry."""
        assert push, "promotions write on origin"
        with self.world.turn:
            drafts = decide(self.world.history())
            name = "+".join(draft.kind for draft in drafts)
            self.faults(f"before write {name}")
            new = self.world.append(drafts)
        self.faults(f"after write {name}")
        return new


@dataclass(kw_only=True)
class FakeStacks:
    """The port Stacks: the cloud runs contents; a plan is empty when the content already runs."""

    world: World
    faults: Faults
    holder: Holder
    planned: dict[tuple[str, str], str] = field(default_factory=dict)
    breakable: set[str] = field(default_factory=set)

    def plan(self, job: Job, *, may_upgrade: bool) -> Planned:
        """Compare the content with what runs."""
        self.faults(f"plan {job.name}")
        self._check_lock(job)
        digest = content_digest(job.files)
        runs = self.world.cloud.get(job.name, "")
        versions = {f"{m}/{v}" for m, v in self._versions(job)}
        self.world.known[digest] = versions
        if versions & self.world.unplannable:
            raise TestsFailedError("Error: unsupported argument")
        lossy = self.world.loses(runs, digest)
        churn = self.world.churn.get(job.name, ())
        facts = PlanFacts(
            hash=sha256(f"{runs}→{digest}{churn or ''}".encode()).hexdigest(),
            change=int(runs != digest) + len(churn),
            replace=int(lossy),
            losses=("aws_db_instance.this",) if lossy else (),
            empty=runs == digest and not churn,
        )
        self.planned[job.name, job.key] = digest
        code = (Difference(address="thing.this", action="update", attributes=("size",)),) if runs != digest else ()
        outside = (*self.world.touched.get(job.name, ()), *(() if job.name in self.world.restless else churn))
        return Planned(facts=facts, differences=(*code, *churn), outside=outside, taken=self.world.taken)

    def apply(self, job: Job) -> None:
        """The cloud runs the content; a broken version stops half way."""
        digest = self.planned[job.name, job.key]
        self._check_lock(job)
        self.faults(f"before apply {job.name}")
        self.world.locks[job.name] = self.holder.mark
        try:
            self.world.crossed.append(self.world.loses(self.world.cloud.get(job.name, ""), digest))
            self.world.applied.append((job.name, digest))
            if {f"{m}/{v}" for m, v in self._versions(job)} & self.world.broken:
                self.world.cloud[job.name] = f"{digest}+half"
                raise TestsFailedError("Error: creating the thing")  # noqa: TRY301
            self.world.cloud[job.name] = f"{digest}+half"
            self.faults(f"middle apply {job.name}")
            self.world.cloud[job.name] = digest
            self.world.churn.pop(job.name, None)
        except Died:
            raise  # the lock stays behind
        except BaseException:
            del self.world.locks[job.name]
            raise
        del self.world.locks[job.name]
        self.faults(f"after apply {job.name}")

    def verify(self, job: Job) -> Verification:
        """Second plan, then the versions that are known to be bad."""
        self.faults(f"before verify {job.name}")
        versions = {f"{m}/{v}" for m, v in self._versions(job)}
        drift = self.world.cloud.get(job.name) != content_digest(job.files)
        bad = versions & self.world.bad or {(job.name, one) for one in versions} & self.world.bad_at
        if drift or bad:
            found = CheckResult(name="check", verdict=CheckVerdict.FAILED, message="drift" if drift else "503")
        elif versions & self.world.unsure:
            found = CheckResult(name="check", verdict=CheckVerdict.INCONCLUSIVE, message="no answer")
        else:
            found = CheckResult(name="check", verdict=CheckVerdict.PASSED)
        self.faults(f"after verify {job.name}")
        return Verification(checks=(found,))

    def resources(self, job: Job) -> tuple[Resource, ...]:
        """One note where something was applied."""
        return (Resource(address="note.this", type="note"),) if self.world.cloud.get(job.name) else ()

    def may_break(self, holder: Holder, since: str) -> None:
        """Locks with this mark."""
        self.breakable.add(holder.mark)

    def drop(self, job: Job) -> None:
        """Forget it."""
        self.planned.pop((job.name, job.key), None)

    def _check_lock(self, job: Job) -> None:
        lock = self.world.locks.get(job.name)
        assert not self.breakable - self.world.dead, "a living holder's lock may not be broken"
        if lock and lock in self.breakable:
            del self.world.locks[job.name]
        elif lock:
            raise BusyError(f"The state of {job.name} is locked by {lock}.")

    def _versions(self, job: Job) -> list[tuple[str, str]]:
        return [(m, ref.partition("/v")[2]) for m, ref in refs_of(find_pins(job.files, SOURCE)).items()]


def no_faults(_: str) -> None:
    """Everything works."""


def process(
    world: World,
    mark: str = "1.1",
    *,
    faults: Faults = no_faults,
    environments: Sequence[Environment] | None = None,
    approvals: frozenset[str] = frozenset(),
    accepted: frozenset[str] = frozenset(),
    host: str = "here/boot",
) -> Ferry:
    """A process of modferry that works in the world."""
    settings = Settings(source=SOURCE)
    if environments is not None:
        settings = replace(settings, environment=tuple(environments))
    holder = Holder(host=host, mark=mark, actor=f"actor-{mark}")

    def is_dead(other: Holder) -> bool | None:
        return None if other.host != host else other.mark in world.dead

    return Ferry(
        settings=settings,
        source=SOURCE,
        tags=TagFormat(),
        trunk=FakeTrunk(world=world, faults=faults),
        ledger=FakeLedger(world=world, faults=faults),
        stacks=FakeStacks(world=world, faults=faults, holder=holder),
        holder=holder,
        now=lambda: world.now,
        new_id=lambda: f"p{mark.replace('.', '-')}-{next(world.numbers)}",
        say=lambda _: None,
        prove=lambda *_: Allowed(),
        is_dead=is_dead,
        approvals=approvals,
        accepted=accepted,
    )


def version(text: str) -> Version:
    """A version."""
    return Version.parse(text)


def undecided(name: str, at: int = 0) -> Faults:
    """An UndecidedError at the n-th effect whose name begins so."""
    seen = iter(range(10_000))

    def fault(effect: str) -> None:
        if effect.startswith(name) and next(seen) == at:
            raise UndecidedError(f"could not {effect}")

    return fault

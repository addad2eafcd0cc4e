"""Hands that work on stacks: a private copy of the tree, Terraform in it, the environment's checks after it.

Promise: what is applied is the saved plan whose bytes were hashed when it was planned. The lock file is
read-only unless the configuration demands another provider. Nothing is written outside the scratch folder.
"""

import contextlib
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol

from pipeline.adapters.harness.prepared_tests import PreparedTests
from pipeline.adapters.installed import leads_out
from pipeline.adapters.state_locks import LockBreaker
from pipeline.adapters.terraform import Terraform, TerraformFailedError
from pipeline.adapters.verification import has_programs, is_unreachable, run_checks
from pipeline.adapters.warm.package import Package, allows, is_locked, vouches
from pipeline.domain.inventory import Resource, resources_in
from pipeline.domain.pins import LOCK_FILE
from pipeline.domain.plan import summarise
from pipeline.domain.plan_changes import read_changes
from pipeline.domain.plan_differences import read_differences, read_outside
from pipeline.domain.promotion.record import Holder
from pipeline.domain.promotion.work import CheckResult, CheckVerdict, Job, Planned, Verification, facts_of
from pipeline.domain.settings import Environment
from pipeline.errors import ModferryError, RefusedError, UndecidedError

PLAN = "modferry.tfplan"
LOCK_SAYS_NO = ("lock file is read-only", "Provider dependency changes", "does not match configured version constraint")

OpenTerraform = Callable[[Path, str, bool], Terraform]
"""(stack's folder, environment, warm) → Terraform there. Warm: attached to a provider that already runs."""

PackageOf = Callable[[str], Package | None]
"""Environment → the provider package that a warm Terraform is attached to there; None: there is none, all is stock."""

PlaceModules = Callable[[Job, Path], Mapping[str, str]]
"""(job, stack's folder) → tag → the commit whose files were put there, before `init`, for what the tag pins."""


class Copies(Protocol):
    """Where private copies come from."""

    folder: str

    def copy_out(self, commit: str, into: Path, stack: str = "", own: Mapping[str, bytes] | None = None) -> None:
        """Write a commit's tree into a folder: all of it, or what `stack` (`dev/a`) with the files `own` can need.

        For a folder that it wrote before it adds what is missing.
        """
        ...


@dataclass(kw_only=True)
class Saved:
    """A job with its folder, the Terraform there (attached once), its plan's bytes and whether that changes nothing."""

    folder: Path
    terraform: Terraform = field(init=False)
    digest: str = ""
    empty: bool = False


class TerraformStacks:
    """The port `Stacks` with real Terraform. Thread-safe; each job has a folder of its own."""

    def __init__(
        self,
        *,
        copies: Copies,
        scratch: Path,
        terraform: OpenTerraform,
        aws: Callable[[str], Mapping[str, str]],
        environments: Sequence[Environment],
        package: PackageOf = lambda _: None,
        place: PlaceModules = lambda *_: {},
        hash_key: bytes | None = None,
        stateful: Sequence[str] = (),
    ) -> None:
        self.copies = copies
        self.scratch = scratch
        self.terraform = terraform
        self.aws = aws
        self.environments = {environment.name: environment for environment in environments}
        self.package = package
        self.place = place
        self.hash_key = hash_key
        self.stateful = stateful
        self.locks = LockBreaker()
        self.tests = PreparedTests(scratch / "prepared")
        self._saved: dict[tuple[str, str], Saved] = {}
        self._copying = threading.Lock()
        self._removing: list[threading.Thread] = []

    def plan(self, job: Job, *, may_upgrade: bool) -> Planned:
        """Copy, init, plan, show; see the port."""
        folder, taken = self._prepare(job)
        if (folder.parent / "verify").is_dir():
            self.tests.begin()  # it is there when the stack is applied and planned again
        saved = Saved(folder=folder)
        self._saved[job.name, job.key] = saved
        terraform = saved.terraform = self._initialised(job, saved.folder, may_upgrade=may_upgrade)
        changed = self.locks.run(job.name, terraform, lambda: terraform.plan(PLAN, "-input=false"))
        saved.digest = _digest(saved.folder / PLAN)
        document = terraform.show(PLAN)
        summary = summarise(document, key=self.hash_key, stateful=self.stateful)
        saved.empty = not changed and summary.is_empty
        lock = saved.folder / LOCK_FILE
        return Planned(
            facts=facts_of(summary, empty=saved.empty),
            lock=lock.read_bytes() if lock.exists() else None,
            shown="\n".join(f"  {change.action} {change.name}" for change in read_changes(document)),
            differences=read_differences(document),
            outside=read_outside(document),
            taken=taken,
        )

    def apply(self, job: Job) -> None:
        """Apply the saved plan, if it still is the one that was hashed (R5)."""
        saved = self._find(job)
        if _digest(saved.folder / PLAN) != saved.digest:
            raise RefusedError(f"The saved plan of {job.name} was changed after it was shown.", remedy="run it again")
        self.locks.run(job.name, saved.terraform, lambda: saved.terraform.apply(PLAN))
        saved.empty = False

    def verify(self, job: Job) -> Verification:
        """The second plan, then the environment's checks; they are left out when the plan is not empty.

        What they will need is read while Terraform plans, which changes none of it.
        """
        saved = self._find(job)
        environment = self.environments[job.environment]
        with ThreadPoolExecutor(1) as beside:
            whole = beside.submit(self._complete, job) if has_programs(environment, saved.folder.parent) else None
            told = beside.submit(self._outputs, saved) if whole or environment.checks else None
            second = self._second_plan(job, saved)
        if second.verdict is not CheckVerdict.PASSED:
            return Verification(checks=(second,))
        if whole:
            whole.result()
        checks = run_checks(
            environment,
            job.stack,
            folder=saved.folder.parent,
            aws={**self.aws(job.environment)},
            outputs=told.result if told else dict,
            checks=lambda: self._check_results(job, saved),
            scratch=saved.folder,
            pytest=self.tests.command,
        )
        return Verification(checks=(second, *checks))

    def resources(self, job: Job) -> tuple[Resource, ...]:
        """Init and pull the state; see the port."""
        folder, _ = self._prepare(job)
        return resources_in(self._initialised(job, folder, may_upgrade=False).state())

    def may_break(self, holder: Holder, since: str) -> None:
        """Locks of this dead holder may be broken."""
        self.locks.allow(holder, since)

    def drop(self, job: Job) -> None:
        """Forget a job and remove its modules: at worst a whole clone for each, of each stack.

        Removed by a thread of its own, so that nobody waits until `end`.
        """
        saved = self._saved.pop((job.name, job.key), None)
        if saved is None:
            return
        gone = self.scratch / f"gone-{token_hex(6)}"
        with contextlib.suppress(OSError):
            (saved.folder / ".terraform").rename(gone)
            thread = threading.Thread(target=shutil.rmtree, args=(gone,), kwargs={"ignore_errors": True}, daemon=True)
            self._removing.append(thread)
            thread.start()

    def end(self) -> None:
        """Wait for what is still being removed: whoever looks through the scratch folder next must not meet it. Ends
        what was started for checks."""
        self.tests.end()
        for thread in self._removing:
            thread.join()
        self._removing.clear()

    def _find(self, job: Job) -> Saved:
        saved = self._saved.get((job.name, job.key))
        if saved is None:
            raise UndecidedError(f"{job.name} was not planned by this run.", remedy="modferry recover")
        return saved

    def _prepare(self, job: Job) -> tuple[Path, Mapping[str, str]]:
        """The copy of this key and commit, shared by its stacks, with the job's files in the stack's folder, and what
        its modules were taken from."""
        copy = self._copy_of(job)
        with self._copying:
            self.copies.copy_out(job.commit, copy, job.name, job.files)
        folder = copy / self.copies.folder / job.environment / job.stack
        for name, data in job.files.items():
            path = folder / name
            if path.is_symlink() or (path.exists() and path.read_bytes() == data):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        with self._copying:
            return folder, self.place(job, folder)

    def _copy_of(self, job: Job) -> Path:
        return self.scratch / job.key / job.commit[:16]

    def _complete(self, job: Job) -> None:
        """Whatever may look for any file of the repository finds it."""
        with self._copying:
            self.copies.copy_out(job.commit, self._copy_of(job))

    def _initialised(self, job: Job, folder: Path, *, may_upgrade: bool) -> Terraform:
        """Terraform in the folder, after `init`; attached where the environment is warm and the lock file vouches
        for the package that runs, stock everywhere else: an attached provider is left out of Terraform's checks."""
        package = self.package(job.environment)
        terraform = self._attached(job, folder, package) if package else None
        if terraform is None:
            self._init(job, folder, may_upgrade=may_upgrade)
            terraform = self.terraform(folder, job.environment, package is not None and is_locked(folder, package))
        if leads_out(folder):
            self._complete(job)
        return terraform

    def _attached(self, job: Job, folder: Path, package: Package) -> Terraform | None:
        """Initialised without hashing the provider twice; None where Terraform might have objected to it, or did."""
        if not vouches(job.files.get(LOCK_FILE, b""), package):
            return None
        terraform = self.terraform(folder, job.environment, True)
        try:
            terraform.init("-input=false", "-lockfile=readonly")
        except TerraformFailedError:  # said again by stock Terraform, which may also add what the lock lacks
            return None
        return terraform if allows(folder, package.source, package.version) else None

    def _init(self, job: Job, folder: Path, *, may_upgrade: bool) -> None:
        """Read-only first; then adding what is missing; then letting the constraint choose again."""
        terraform = self.terraform(folder, job.environment, False)
        locked = LOCK_FILE in job.files
        attempts = (("-lockfile=readonly",), (), ("-upgrade",)) if locked else ((),)
        for flags in attempts:
            try:
                terraform.init("-input=false", *flags)
            except TerraformFailedError as error:
                said = " ".join(error.said.replace("│", " ").split())
                if not may_upgrade or flags == attempts[-1] or not any(words in said for words in LOCK_SAYS_NO):
                    raise
            else:
                break

    def _second_plan(self, job: Job, saved: Saved) -> CheckResult:
        name = "second plan is empty"
        if saved.empty:
            return CheckResult(name=name, verdict=CheckVerdict.PASSED)
        try:
            terraform = saved.terraform
            changed = self.locks.run(job.name, terraform, lambda: terraform.plan("second.tfplan", "-input=false"))
            if not changed:
                return CheckResult(name=name, verdict=CheckVerdict.PASSED)
            shown = [f"{change.action} {change.name}" for change in read_changes(terraform.show("second.tfplan"))]
            message = f"it would still {', '.join(shown) or 'change outputs'}"
            return CheckResult(name=name, verdict=CheckVerdict.FAILED, message=message)
        except TerraformFailedError as error:
            verdict = CheckVerdict.INCONCLUSIVE if is_unreachable(error.said) else CheckVerdict.FAILED
            return CheckResult(name=name, verdict=verdict, message=error.what)
        except ModferryError as error:
            return CheckResult(name=name, verdict=CheckVerdict.INCONCLUSIVE, message=error.what)

    def _outputs(self, saved: Saved) -> dict[str, object]:
        """The stack's outputs without the sensitive ones, which a check has no business to print."""
        found = saved.terraform.output()
        return {name: output["value"] for name, output in found.items() if not output.get("sensitive")}

    def _check_results(self, job: Job, saved: Saved) -> list[dict[str, Any]]:
        """What the configuration's own checks say to a plan made now."""
        terraform = saved.terraform
        self.locks.run(job.name, terraform, lambda: terraform.plan("checks.tfplan", "-input=false"))
        found: list[dict[str, Any]] = terraform.show("checks.tfplan").get("checks", [])
        return found


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()

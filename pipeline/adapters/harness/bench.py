"""Where parts run: a private copy of the tree, an emulator (or account), and Terraform, warm or stock.

Each part gets its own copy and an account (accounts.py), so that parts never see each other. An emulator's account is
emptied or thrown away afterwards; in a real one everything is destroyed.
"""

import contextlib
import itertools
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from pipeline.adapters.harness import examples, static, suites, upgrade
from pipeline.adapters.harness.accounts import Accounts
from pipeline.adapters.harness.inits import Inits
from pipeline.adapters.harness.prepared_tests import PreparedTests
from pipeline.adapters.harness.upgrade_files import UpgradeFiles
from pipeline.adapters.terraform import Terraform, TerraformFailedError, TerraformUnknownError
from pipeline.adapters.warm import is_provider_lost
from pipeline.adapters.warm.attach import AttachFor
from pipeline.domain.module import Files
from pipeline.domain.parts import Part
from pipeline.domain.verdict import Case, Verdict
from pipeline.errors import UndecidedError


class Target(Protocol):
    """What a bench needs of an emulator or account."""

    name: str
    first_account: int

    def environment(self, account: str, region: str = ...) -> dict[str, str]:
        """The complete AWS environment of one account."""
        ...

    def unsupported(self, text: str) -> str | None:
        """The emulator's gap behind an error text."""
        ...

    def empty(self, aws: Mapping[str, str]) -> bool:
        """Make an account as new; whether it is."""
        ...

    def answers(self) -> bool:
        """Whether it is still there: without it no failure says anything about a module."""
        ...


@dataclass(frozen=True, kw_only=True)
class Leaks:
    """How to see what is in an account: a snapshot, and what is new against an earlier one. `begin` may be called
    before there is an account, and makes the first snapshot cheaper."""

    snapshot: Callable[[Mapping[str, str], str], frozenset[str]]
    left: Callable[[frozenset[str], frozenset[str]], tuple[str, ...]]
    begin: Callable[[], None] = lambda: None


@dataclass(kw_only=True)
class Bench:
    """One run's test bench. `tree` is the private copy that parts copy from again.

    `notes` are sentences for people: what went wrong in modferry's own tools, whatever came of it.
    """

    target: Target
    terraform: tuple[str, ...]
    tool_env: Mapping[str, str]
    attach_for: AttachFor | None
    forget: Callable[[Mapping[str, str]], None]
    scratch: Path
    tree: Path
    region: str
    seconds: float
    policy: static.PlanPolicy | None = None
    readme: static.ReadmeCheck | None = None
    leaks: Leaks | None = None
    stateful: tuple[str, ...] = ()
    files_of: Callable[[Part], UpgradeFiles] | None = None
    relay_lives: Callable[[], bool] = lambda: True
    notes: list[str] = field(default_factory=list)
    accounts: Accounts = field(init=False)
    inits: Inits = field(init=False)
    tests: PreparedTests = field(init=False)
    """Whoever opens a bench ends it: it may have started a server."""
    _running: int = field(default=0, init=False)
    _counting: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self.accounts = Accounts(
            environment=lambda account: self.target.environment(account, self.region),
            is_real=self.target.name == "account",
            empty=self.target.empty,
            numbers=itertools.count(self.target.first_account),
            forget=self.forget,
        )
        self.inits = Inits(self.scratch / "inits")
        self.tests = PreparedTests(self.scratch / "prepared")

    def run(self, part: Part) -> list[Case]:
        """Run one part to its cases; whatever breaks in between is errored, never lost.

        A part under which a warm provider's process ended is run once more, in a new copy and account: the relay
        has another process by then, and what a killed process did not answer says nothing about the module.
        """
        with self._counted():
            cases = self._run_once(part)
            if self.attach_for and any(c.verdict is Verdict.ERRORED and is_provider_lost(c.message) for c in cases):
                self.notes.append(
                    f"the provider process ended under {part.module} {part.label}, which was run once more"
                )
                return self._run_once(part)
            return cases

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        """One more part runs for so long."""
        with self._counting:
            self._running += 1
        try:
            yield
        finally:
            with self._counting:
                self._running -= 1

    def shared(self) -> dict[str, str]:
        """What Terraform is told where parts run beside each other: to work on its share of the processors.

        And not to interrupt goroutines by signals, as nothing in it runs long between two calls. Core's suites in six
        lanes on two cores need 9 % less processor time so (means of 5 rounds in turns: 25.1 and 22.8 s). Stock
        Terraform hands its environment on to the provider that it starts, so `--cold` leaves it alone.
        """
        threads = max(1, (os.cpu_count() or 1) // max(1, self._running))
        return {"GOMAXPROCS": str(threads), "GODEBUG": "asyncpreemptoff=1"} if self.attach_for else {}

    def _run_once(self, part: Part) -> list[Case]:
        if lost := self._lost():
            return [Case(name=part.label, verdict=Verdict.ERRORED, message=lost)]
        try:
            cases = self._run_in_copy(part)
        except (TerraformFailedError, TerraformUnknownError) as error:
            cases = [self.case_of(part.label, error, 0.0)]
        except Exception as error:  # noqa: BLE001 - an emulator that dies under boto3, a full disk: not the module's
            cases = [Case(name=part.label, verdict=Verdict.ERRORED, message=f"{type(error).__name__}: {error}")]
        if lost := self._lost():
            cases = [_undecided(case, lost) for case in cases]
        return cases

    def case_of(self, name: str, error: TerraformFailedError | TerraformUnknownError, seconds: float) -> Case:
        """What a Terraform error means here: unsupported there, failed, or errored."""
        if is_provider_lost(error.said):
            return Case(name=name, verdict=Verdict.ERRORED, seconds=seconds, message=error.said)
        if isinstance(error, TerraformUnknownError):
            return Case(name=name, verdict=Verdict.ERRORED, seconds=seconds, message=str(error))
        gap = self.target.unsupported(error.said)
        verdict = Verdict.UNSUPPORTED if gap else Verdict.FAILED
        return Case(name=name, verdict=verdict, seconds=seconds, message=gap or error.said)

    def in_folder(self, folder: Path, aws: Mapping[str, str], *, mocked: bool = False) -> Terraform:
        """Terraform on a folder of a copy, in the given account; `mocked`: it may never ask its provider."""

        def note(text: str) -> None:
            self.notes.append(f"{folder.name}: {text}")

        return Terraform(
            on_bug=note,
            argv=self.terraform,
            workdir=folder,
            env={**self.tool_env, **self.shared(), **aws},
            seconds=self.seconds,
            attach=self.attach_for(aws, not mocked) if self.attach_for else None,
            share_init=partial(self.inits.prepare, folder, self._root_of(folder)) if self.attach_for else None,
            secrets=tuple(v for k, v in aws.items() if k in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")),
        )

    def _root_of(self, folder: Path) -> Path:
        """The tree that a folder belongs to: what parts make lies at scratch/<part>/<tree>."""
        return self.scratch.joinpath(*folder.relative_to(self.scratch).parts[:2])

    def upgrade_files(self, part: Part) -> UpgradeFiles:
        """The files of the release that an upgrade starts from, and of its candidate."""
        if self.files_of is None:
            raise UndecidedError("This bench cannot read releases.", remedy="run it in the module's repository")
        return self.files_of(part)

    def snapshot(self, aws: Mapping[str, str]) -> frozenset[str]:
        """What is in the account now."""
        return self.leaks.snapshot(aws, self.region) if self.leaks else frozenset()

    def left(self, before: frozenset[str], aws: Mapping[str, str]) -> str:
        """What is in the account now and was not before, as a sentence; empty when nothing."""
        rows = self.leaks.left(before, self.snapshot(aws)) if self.leaks else ()
        return f"left behind: {', '.join(rows)}" if rows else ""

    def clean_up(self, terraform: Terraform) -> None:
        """Destroy after a failure, in a real account; an emulator's account is thrown away as it is."""
        if self.target.name == "account":
            with contextlib.suppress(TerraformFailedError, TerraformUnknownError):  # the copy stays for a sweep
                terraform.destroy()

    def _lost(self) -> str:
        """What died under the run; a verdict of failed or unsupported that was reached without it is void."""
        if not self.target.answers():
            return f"{self.target.name} no longer answers"
        return "" if self.relay_lives() else "the relay of the warm provider ended"

    def _run_in_copy(self, part: Part) -> list[Case]:
        aws = self.accounts.take(part)
        work = Path(tempfile.mkdtemp(prefix=f"{part.module}-{part.suite}-", dir=self.scratch))
        passed = False
        try:
            shutil.copytree(self.tree, work / "tree", symlinks=True)
            cases = self._run(part, work, aws)
            passed = all(case.verdict is Verdict.PASSED for case in cases)
            return cases
        finally:
            self.accounts.give_back(part, aws, passed=passed)
            if self.target.name != "account" or not _has_state(work):
                shutil.rmtree(work, ignore_errors=True)

    def close(self) -> None:
        """No part will run any more."""
        self.accounts.close()

    # -- kinds of parts -----------------------------------------------------------------------------

    def _run(self, part: Part, work: Path, aws: Mapping[str, str]) -> list[Case]:
        module = work / "tree" / part.path
        match part.kind:
            case "static":
                return static.run(self, module, aws)
            case "native":
                return suites.run_native(self, part, module, aws)
            case "pytest":
                return suites.run_pytest(self, part, work, module, aws)
            case "example":
                return examples.run(self, part, work, module, aws)
            case "upgrade":
                return upgrade.run(self, part, work, aws)
            case _:
                raise ValueError(part.kind)


def copy_tree(files: Files, wanted: set[str], to: Path) -> None:
    """Write the given files of a tree below a folder, with their modes."""
    for path in sorted(wanted):
        where = to / path
        where.parent.mkdir(parents=True, exist_ok=True)
        mode, content = files.mode(path), files.read(path)
        if mode == "120000":
            where.symlink_to(content.decode())
        else:
            where.write_bytes(content)
            where.chmod(0o755 if mode == "100755" else 0o644)


def _undecided(case: Case, lost: str) -> Case:
    if case.verdict not in (Verdict.FAILED, Verdict.UNSUPPORTED) and not case.data:
        return case  # what passed without the lost one passed; what was measured (data) may be its doing
    return replace(case, verdict=Verdict.ERRORED, message=f"{lost}: {case.message}", data={})


def _has_state(work: Path) -> bool:
    """Whether a Terraform state with resources is left somewhere below: then a sweep still needs the copy."""
    for state in work.rglob("terraform.tfstate"):
        try:
            if json.loads(state.read_text()).get("resources"):
                return True
        except (OSError, ValueError):
            return True
    return False

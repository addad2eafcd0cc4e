"""Terraform on one working directory: warm or stock, each call with a time limit, output as data.

Promise: a Terraform that was killed or ran out of time is never taken for one that answered
(`TerraformUnknownError`); one that answered no is `TerraformFailedError` with what it said. When the warm provider
serves a cut-down schema and Terraform misses a type, the same call is repeated with the whole schema.
"""

import contextlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.adapters.processes import Outcome, base_environment, run
from pipeline.adapters.warm import is_missing_type
from pipeline.errors import ModferryError, TestsFailedError, UndecidedError

Attach = Callable[[Path, bool], Mapping[str, str]]
"""(working directory, whole schema) → environment that attaches Terraform to warm providers."""

ReadPlan = Callable[[Path, str], Mapping[str, str]]
"""(working directory, plan file) → environment that gives `terraform show` the plan's schema; empty: it has none."""

ShareInit = Callable[[Sequence[str], Callable[[], None]], bool]
"""(flags, the init itself) → whether it was called; if not, an equal folder's init was copied."""

_NAMED = re.compile(r'does not support (?:resource type|data source|ephemeral resource) \\?"(\w+)')


class TerraformFailedError(TestsFailedError):
    """Terraform ran and said no; `said` is its error text without colour."""

    def __init__(self, command: str, said: str) -> None:
        self.said = said
        super().__init__(f"terraform {command}: {first_error(said)}")


class TerraformUnknownError(UndecidedError):
    """Terraform was killed or ran out of time: what it was asked is not known."""

    def __init__(self, command: str, outcome: Outcome) -> None:
        self.said = outcome.stderr or outcome.stdout
        why = (
            f"took longer than {outcome.seconds:.0f} s" if outcome.timed_out else f"was ended by signal {-outcome.code}"
        )
        super().__init__(f"terraform {command} {why}.", remedy="run it again; raise test.seconds if it needs longer")


@dataclass(kw_only=True)
class Terraform:
    """One working directory. `argv` is the program, `env` complete but for what `attach` adds."""

    argv: tuple[str, ...]
    workdir: Path
    env: Mapping[str, str]
    seconds: float = 900.0
    attach: Attach | None = None
    read_plan: ReadPlan | None = None
    share_init: ShareInit | None = None
    secrets: tuple[str, ...] = ()
    on_start: Callable[[int], None] | None = None
    on_line: Callable[[str], None] | None = None
    on_bug: Callable[[str], None] | None = None
    _attached: dict[str, str] | None = field(default=None, repr=False)
    _whole: bool = field(default=False, repr=False)

    # -- commands ---------------------------------------------------------------------------------

    def init(self, *flags: str) -> None:
        """`terraform init`; called modules are there afterwards, so types are looked for again.

        Where a module that was fetched does not let an attached provider in, all is stock from a second init on.
        """
        if self.share_init is None:
            self._init(flags)
        elif not self.share_init(flags, lambda: self._init(flags)):
            self._attached = None

    def _init(self, flags: Sequence[str]) -> None:
        self.call("init", "-no-color", *flags)
        was_attached, self._attached = bool(self._attached), None
        if was_attached and not self._attach():
            self.call("init", "-no-color", *flags)

    def validate(self) -> list[dict[str, Any]]:
        """Diagnostics of `validate -json`, errors and warnings."""
        outcome = self.call("validate", "-json", ok=(0, 1))
        try:
            diagnostics: list[dict[str, Any]] = json.loads(outcome.stdout)["diagnostics"]
        except (ValueError, KeyError) as error:
            raise TerraformFailedError("validate", outcome.stderr or outcome.stdout) from error
        return diagnostics

    def plan(self, out: str, *flags: str) -> bool:
        """Write a plan file; whether there is something to do (`-detailed-exitcode`)."""
        return self.call("plan", "-no-color", "-detailed-exitcode", f"-out={out}", *flags, ok=(0, 2)).code == 2

    def show(self, plan: str) -> dict[str, Any]:
        """A plan file as JSON (https://developer.hashicorp.com/terraform/internals/json-format)."""
        if self.read_plan and not self.attach and (given := self.read_plan(self.workdir, plan)):
            reader = replace(self, attach=lambda _, whole: {} if whole else given, read_plan=None)
            with contextlib.suppress(TerraformFailedError):  # whatever it is, Terraform alone says it again
                return reader.show(plan)
        found: dict[str, Any] = json.loads(self.call("show", "-json", "-no-color", plan).stdout)
        return found

    def apply(self, plan: str) -> Outcome:
        """Apply exactly a saved plan."""
        return self.call("apply", "-no-color", "-auto-approve", plan)

    def create(self) -> Outcome:
        """Plan and apply at once, for what nobody has to look at in between."""
        return self.call("apply", "-no-color", "-auto-approve", "-input=false")

    def destroy(self, *flags: str) -> Outcome:
        """Destroy everything in the state."""
        return self.call("destroy", "-no-color", "-auto-approve", *flags)

    def output(self) -> dict[str, Any]:
        """Outputs as `output -json` prints them: name → {"value", "type", "sensitive"}."""
        found: dict[str, Any] = json.loads(self.call("output", "-json", "-no-color").stdout)
        return found

    def state(self) -> dict[str, Any] | None:
        """The state as JSON (`state pull`), or None when there is none."""
        text = self._local_state() or self.call("state", "pull").stdout
        if not text.strip():
            return None
        found: dict[str, Any] = json.loads(text)
        return found

    def _local_state(self) -> str:
        """The state file, where it certainly is what `state pull` would print: no backend, no workspace was chosen."""
        file, made = self.workdir / "terraform.tfstate", self.workdir / ".terraform"
        elsewhere = (made / "terraform.tfstate").exists() or (made / "environment").exists()
        return "" if elsewhere or "TF_WORKSPACE" in self.env or not file.is_file() else file.read_text()

    def force_unlock(self, lock: str) -> None:
        """Remove a state lock by its id."""
        self.call("force-unlock", "-force", lock)

    # -- the one call -----------------------------------------------------------------------------

    def call(self, *arguments: str, ok: Sequence[int] = (0,), seconds: float | None = None) -> Outcome:
        """Run one command; raises TerraformFailedError or TerraformUnknownError.

        Where the whole schema has a type that the cut-down one had not, `on_bug` hears of it: the cut was wrong.
        """
        outcome = self._run(arguments, seconds)
        if outcome.code > 0 and self.attach and not self._whole and (missed := missing_types(outcome)):
            self._whole, self._attached = True, None
            outcome = self._run(arguments, seconds)
            wrongly = missed - missing_types(outcome)
            if wrongly and self.on_bug:
                self.on_bug(
                    f"the schema that terraform {arguments[0]} was given lacked {', '.join(sorted(wrongly))}; "
                    "it was run again with the whole one. This is a bug of modferry: please report it"
                )
        if outcome.could_not_find_out:
            raise TerraformUnknownError(arguments[0], outcome)
        if outcome.code not in ok:
            raise TerraformFailedError(arguments[0], outcome.stderr or outcome.stdout)
        return outcome

    def _attach(self) -> bool:
        """Find out, once, what attaches it to a provider that runs; whether anything does."""
        if self.attach and self._attached is None:
            self._attached = dict(self.attach(self.workdir, self._whole))
        return bool(self._attached)

    def _run(self, arguments: Sequence[str], seconds: float | None) -> Outcome:
        self._attach()
        return run(
            (*self.argv, *arguments),
            cwd=self.workdir,
            env=base_environment({**self.env, **(self._attached or {})}),
            seconds=seconds or self.seconds,
            secrets=self.secrets,
            on_start=self.on_start,
            on_line=self.on_line,
        )


def missing_types(outcome: Outcome) -> frozenset[str]:
    """The types that Terraform says the provider lacks (`?` where it names none); empty: it says no such thing."""
    text = " ".join((outcome.stderr + outcome.stdout).replace("│", " ").split())
    named = frozenset(_NAMED.findall(text))
    return named or (frozenset({"?"}) if is_missing_type(text) else frozenset())


def first_error(text: str, limit: int = 600) -> str:
    """The first error block of Terraform's output, in one line, for a message."""
    lines = [line.strip("│╷╵ ").strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    start = next((i for i, line in enumerate(lines) if line.startswith("Error:")), 0)
    end = next((i for i, line in enumerate(lines[start + 1 :], start + 1) if line.startswith("Error:")), len(lines))
    return " ".join(lines[start:end])[:limit] or "without a word"


def explain(error: ModferryError) -> str:
    """What Terraform said, whole, where it said something; else the error itself."""
    return str(getattr(error, "said", "") or error)

"""A candidate planned on copies of stacks' states.

Promise: nothing outside the scratch folder is written. The state is pulled once through the stack's own backend
(which takes no lock), and every plan runs on a local copy, without refreshing and without a lock. Copies of
states hold secrets: the scratch folder is the user's alone and is removed by whoever made it.
"""

import json
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.adapters.harness.bench import copy_tree
from pipeline.adapters.harness.upgrade import LOCKED
from pipeline.adapters.installed import leads_out
from pipeline.adapters.stacks import Copies, OpenTerraform, PackageOf
from pipeline.adapters.terraform import Terraform, TerraformFailedError, first_error
from pipeline.adapters.warm.package import is_locked
from pipeline.domain.module import Files
from pipeline.domain.pins import call_locally
from pipeline.domain.plan_changes import read_changes, read_output_changes
from pipeline.domain.reverification import NOT_HERE
from pipeline.domain.stack_upgrade import Plans, Subject
from pipeline.errors import UndecidedError

OVERRIDE = "modferry_local_state_override.tf"
LOCAL = 'terraform {\n  backend "local" {\n    path = "modferry-copy.tfstate"\n  }\n}\n'
STATE = "modferry-copy.tfstate"
CANDIDATE = "modferry-candidate"
PLAN_FLAGS = ("-input=false", "-refresh=false", "-lock=false")


@dataclass(kw_only=True)
class TerraformStackTrials:
    """See commands/stack_upgrades.StackTrials. `files`, `wanted`: the candidate's tree and what users get of it."""

    copies: Copies
    scratch: Path
    terraform: OpenTerraform
    package: PackageOf
    source: str
    files: Files
    wanted: tuple[str, ...]
    _copying: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, subject: Subject) -> Plans:
        """Pull, copy, plan the candidate; where it wants something or refuses, plan the pinned version too."""
        home = self.scratch / f"{subject.environment}-{subject.stack}-{os.urandom(3).hex()}"
        state = self._pull(subject, home / "pinned")
        if state is None:
            return Plans()
        try:
            candidate = self._plan_on_copy(subject, home / "candidate", state, local=True)
        except TerraformFailedError as error:
            if NOT_HERE.search(error.said):
                raise
            self._plan_on_copy(subject, home / "before", state, local=False)
            return Plans(refused=first_error(error.said))
        if not (read_changes(candidate) or read_output_changes(candidate)):
            return Plans(candidate=candidate)
        try:
            before = self._plan_on_copy(subject, home / "before", state, local=False)
        except TerraformFailedError as error:
            raise UndecidedError(f"{subject.pinned} itself does not plan: {first_error(error.said)}") from error
        return Plans(candidate=candidate, pinned=before)

    def _pull(self, subject: Subject, copy: Path) -> str | None:
        """The state's text through the stack's backend; None where nothing was ever applied."""
        folder = self._copy_out(subject, copy)
        terraform = self.terraform(folder, subject.environment, False)
        terraform.init("-input=false")
        found = terraform.state()
        return json.dumps(found) if found and (found.get("resources") or found.get("outputs")) else None

    def _plan_on_copy(self, subject: Subject, copy: Path, state: str, *, local: bool) -> dict[str, object]:
        """A plan document; `local`: with the candidate in place of the pinned module."""
        folder = self._copy_out(subject, copy)
        (folder / OVERRIDE).write_text(LOCAL)
        (folder / STATE).write_text(state)
        if local:
            copy_tree(self.files, set(self.wanted), copy / CANDIDATE)
            own = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
            prefix = os.path.relpath(copy / CANDIDATE, folder)
            for name, data in call_locally(own, self.source, subject.module, prefix).items():
                if data != own[name]:
                    (folder / name).write_bytes(data)
        _init(self.terraform(folder, subject.environment, False))
        if leads_out(folder, beside=CANDIDATE):
            with self._copying:
                self.copies.copy_out(subject.commit, copy)
        package = self.package(subject.environment)
        terraform = self.terraform(folder, subject.environment, package is not None and is_locked(folder, package))
        terraform.plan("modferry.tfplan", *PLAN_FLAGS)
        return terraform.show("modferry.tfplan")

    def _copy_out(self, subject: Subject, copy: Path) -> Path:
        with self._copying:
            copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.copies.copy_out(subject.commit, copy, f"{subject.environment}/{subject.stack}")
        return copy / self.copies.folder / subject.environment / subject.stack


def _init(terraform: Terraform) -> None:
    """A newer provider only where the candidate's constraints demand it."""
    try:
        terraform.init("-input=false")
    except TerraformFailedError as error:
        if not LOCKED.search(error.said):
            raise
        terraform.init("-input=false", "-upgrade")

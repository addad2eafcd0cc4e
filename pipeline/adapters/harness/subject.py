"""The module (or one of its examples) under test, as a test function holds it."""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import tftest

from pipeline.adapters.harness.handout import Handout
from pipeline.adapters.harness.inits import Inits
from pipeline.adapters.harness.safetest import SafeTerraformTest

PLAN = "modferry.tfplan"
PROVIDER_FILE = "modferry_provider.tf"
PROVIDER = 'provider "aws" {}\n'


class Subject:
    """One copied configuration: `plan`, `apply`, `output`, `plan_is_empty`, `destroy`.

    Dictionaries are Terraform's JSON forms: a plan as `terraform show -json`, outputs as name → value.
    """

    def __init__(self, handout: Handout, example: str | None, variables: Mapping[str, Any]) -> None:
        self.copy = Path(tempfile.mkdtemp(prefix="subject-", dir=handout.scratch))
        shutil.copytree(handout.root, self.copy, symlinks=True, dirs_exist_ok=True)
        self.folder = self.copy / handout.module
        if example is not None:
            self.folder = self.folder / "examples" / example
            if not self.folder.is_dir():
                raise LookupError(f"there is no examples/{example} in {handout.module}")
        elif not (self.folder / PROVIDER_FILE).exists():
            (self.folder / PROVIDER_FILE).write_text(PROVIDER)
        self.applied = False
        self._test = SafeTerraformTest(
            self.folder,
            argv=handout.terraform,
            env={**handout.env, **handout.aws},
            seconds=handout.seconds,
            share_init=partial(Inits(Path(handout.inits)).prepare, self.folder, self.copy) if handout.inits else None,
        )
        self._test.setup(variables=variables)

    def plan(self) -> "tftest.TerraformPlanOutput":
        """Plan; the plan as `show -json` prints it, with tftest's `resources`, `outputs` and `modules`."""
        self._test.execute_command("plan", "-no-color", "-input=false", f"-out={PLAN}")
        shown = self._test.execute_command("show", "-json", "-no-color", PLAN)
        return tftest.TerraformPlanOutput(json.loads(shown.out))

    def apply(self) -> str:
        """Apply without asking; what Terraform printed."""
        self.applied = True
        return str(self._test.apply())

    def output(self) -> dict[str, Any]:
        """Name → value."""
        return dict(self._test.output())

    def plan_is_empty(self) -> bool:
        """Whether a plan finds nothing to do: resources and outputs."""
        return bool(self._test.execute_command("plan", "-no-color", "-input=false", "-detailed-exitcode").retcode == 0)

    def destroy(self) -> str:
        """Destroy all of it; what Terraform printed."""
        printed = str(self._test.destroy())
        self.applied = False
        return printed

    def remove(self) -> None:
        """Remove the copy."""
        shutil.rmtree(self.copy, ignore_errors=True)


Make = Callable[..., Subject]
"""`terraform(example=None, **variables)`: a Subject that is set up (init done)."""

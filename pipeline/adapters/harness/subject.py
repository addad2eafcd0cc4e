"""The module (or one of its examples) under test, as a test function holds it: a copy of its own, or applied."""

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
from pipeline.adapters.terraform import ShareInit

PLAN = "modferry.tfplan"
PROVIDER_FILE = "modferry_provider.tf"
PROVIDER = 'provider "aws" {}\n'


class Configuration:
    """A folder that `init` was run in: `plan`, `output`, `plan_is_empty`.

    Dictionaries are Terraform's JSON forms: a plan as `terraform show -json`, outputs as name → value.
    """

    def __init__(self, handout: Handout, folder: Path, share_init: ShareInit | None = None) -> None:
        self.folder = folder
        self._test = SafeTerraformTest(
            folder,
            argv=handout.terraform,
            env={**handout.env, **handout.aws},
            seconds=handout.seconds,
            share_init=share_init,
        )

    def plan(self) -> "tftest.TerraformPlanOutput":
        """Plan; the plan as `show -json` prints it, with tftest's `resources`, `outputs` and `modules`."""
        self._test.execute_command("plan", "-no-color", "-input=false", f"-out={PLAN}")
        shown = self._test.execute_command("show", "-json", "-no-color", PLAN)
        return tftest.TerraformPlanOutput(json.loads(shown.out))

    def output(self) -> dict[str, Any]:
        """Name → value."""
        return dict(self._test.output())

    def plan_is_empty(self) -> bool:
        """Whether a plan finds nothing to do: resources and outputs."""
        return bool(self._test.execute_command("plan", "-no-color", "-input=false", "-detailed-exitcode").retcode == 0)


class Subject(Configuration):
    """A copy of the module or one of its examples, which a test may also `apply` and `destroy`."""

    def __init__(self, handout: Handout, example: str | None, variables: Mapping[str, Any]) -> None:
        self.copy = Path(tempfile.mkdtemp(prefix="subject-", dir=handout.scratch))
        shutil.copytree(handout.root, self.copy, symlinks=True, dirs_exist_ok=True)
        folder = self.copy / handout.module
        if example is not None:
            folder = folder / "examples" / example
            if not folder.is_dir():
                raise LookupError(f"there is no examples/{example} in {handout.module}")
        elif not (folder / PROVIDER_FILE).exists():
            (folder / PROVIDER_FILE).write_text(PROVIDER)
        self.applied = False
        share = partial(Inits(Path(handout.inits)).prepare, folder, self.copy) if handout.inits else None
        super().__init__(handout, folder, share)
        self._test.setup(variables=variables)

    def apply(self) -> str:
        """Apply without asking; what Terraform printed."""
        self.applied = True
        return str(self._test.apply())

    def destroy(self) -> str:
        """Destroy all of it; what Terraform printed."""
        printed = str(self._test.destroy())
        self.applied = False
        return printed

    def remove(self) -> None:
        """Remove the copy."""
        shutil.rmtree(self.copy, ignore_errors=True)


class Applied(Configuration):
    """The example that is applied while its tests run; modferry destroys it afterwards."""

    def __init__(self, handout: Handout) -> None:
        if not handout.example:
            raise LookupError(
                "no example is applied here: tests/examples/NAME/test_*.py look at examples/NAME, which must exist"
            )
        super().__init__(handout, Path(handout.root) / handout.module / handout.example)

    def resources(self) -> dict[str, dict[str, Any]]:
        """Address → values of all that is managed, as `show -json` prints the state."""
        shown = json.loads(self._test.execute_command("show", "-json", "-no-color").out)
        modules, found = [shown.get("values", {}).get("root_module", {})], {}
        for module in modules:
            modules += module.get("child_modules", ())
            managed = (row for row in module.get("resources", ()) if row["mode"] == "managed")
            found.update({row["address"]: row["values"] for row in managed})
        return found


Make = Callable[..., Subject]
"""`terraform(example=None, **variables)`: a Subject that is set up (init done)."""

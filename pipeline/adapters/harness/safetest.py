"""tftest without the faults that a gate must not inherit.

tftest 1.8.8 (its source, read and tried) waits for ever when Terraform writes more than a pipe holds to
stderr; raises nothing when Terraform is killed or exits with anything but 1 or 11; passes Python values as
`-var b=True`; and works in the module's own folder, deleting its lock file and state. Here every call goes
through our one door to processes, variables go through a generated `*.auto.tfvars.json`, the folder is
always a copy, and nothing of it is cleaned by tftest. May go when tftest runs processes with both pipes
drained and a time limit.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tftest

from pipeline.adapters.processes import Outcome, base_environment, run
from pipeline.adapters.terraform import ShareInit, TerraformFailedError, TerraformUnknownError

FLAGS = ("-input=false", "-no-color")
VARIABLES = "modferry.auto.tfvars.json"


class SafeTerraformTest(tftest.TerraformTest):  # type: ignore[misc]
    """A `tftest.TerraformTest` on a copied folder."""

    def __init__(
        self,
        folder: Path,
        *,
        argv: tuple[str, ...],
        env: Mapping[str, str],
        seconds: float,
        share_init: ShareInit | None = None,
    ) -> None:
        super().__init__(str(folder), binary=argv[0], env=None)
        self.argv = argv
        self.seconds = seconds
        self.share_init = share_init
        self.env = base_environment(env)  # complete: tftest would add the whole of os.environ

    def setup(self, *, variables: Mapping[str, Any] | None = None, **_: Any) -> str:
        """Write the variables and init; cleaning up is the owner's of the copy."""
        if variables:
            (Path(self.tfdir) / VARIABLES).write_text(json.dumps(variables))
        printed: list[str] = []

        def init() -> None:
            printed.append(self.execute_command("init", *FLAGS).out)

        if self.share_init:
            self.share_init(FLAGS, init)
        else:
            init()
        return "".join(printed)

    def execute_command(self, cmd: str, *cmd_args: str) -> Any:
        """Run Terraform: both pipes drained, a time limit, anything but 0 and 2 raises."""
        outcome = run((*self.argv, cmd, *cmd_args), cwd=Path(self.tfdir), env=self.env, seconds=self.seconds)
        return tftest.TerraformCommandOutput(checked(cmd, outcome), outcome.stdout, outcome.stderr)


def checked(command: str, outcome: Outcome) -> int:
    """The exit code of a Terraform that answered (2 is an answer of `plan -detailed-exitcode`)."""
    if outcome.could_not_find_out:
        raise TerraformUnknownError(command, outcome)
    if outcome.code not in (0, 2):
        raise TerraformFailedError(command, outcome.stderr or outcome.stdout)
    return outcome.code

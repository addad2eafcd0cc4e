"""Terraform itself as the judge of which values a type takes: many questions in one process of 0.4 s."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from pipeline.adapters.processes import base_environment, run


def terraform_accepts(questions: Sequence[tuple[str, str]], folder: Path, terraform: str) -> list[bool]:
    """For each (type, value) in HCL: whether a module's variable of that type takes that value.

    A child module has a variable for each question; `terraform validate` names every one it refuses. The
    module manifest is written by hand, so that no `init` is needed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "child").mkdir(parents=True)
    (folder / ".terraform" / "modules").mkdir(parents=True)
    variables = [f'variable "v{n}" {{ type = {type_} }}\n' for n, (type_, _) in enumerate(questions)]
    (folder / "child" / "main.tf").write_text("".join(variables))
    values = [f"  v{n} = {value}\n" for n, (_, value) in enumerate(questions)]
    assert all(value.count("\n") == 1 for value in values)
    (folder / "main.tf").write_text("".join(['module "child" {\n  source = "./child"\n', *values, "}\n"]))
    modules = [{"Key": "", "Source": "", "Dir": "."}, {"Key": "child", "Source": "./child", "Dir": "child"}]
    (folder / ".terraform" / "modules" / "modules.json").write_text(json.dumps({"Modules": modules}))
    env = base_environment({"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"})
    outcome = run((terraform, "validate", "-json"), cwd=folder, env=env, seconds=120)
    answer = json.loads(outcome.stdout)
    refused = set()
    for found in answer["diagnostics"]:
        assert found["summary"] == "Invalid value for input variable", found
        refused.add(found["range"]["start"]["line"] - 3)
    return [number not in refused for number in range(len(questions))]

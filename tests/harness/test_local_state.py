"""A state file is read as it lies there only where Terraform would print that file."""

import json
import os
import sys
from pathlib import Path

import pytest

from pipeline.adapters.processes import base_environment
from pipeline.adapters.terraform import Terraform
from pipeline.adapters.toolchain import find_toolchain

PULLED = {"serial": 2}


def terraform(folder: Path, **variables: str) -> Terraform:
    script = folder / "terraform.py"
    script.write_text(f"import sys; assert sys.argv[1:] == ['state', 'pull']; print('{json.dumps(PULLED)}')")
    return Terraform(argv=(sys.executable, str(script)), workdir=folder, env=base_environment(variables))


def test_the_file_of_a_folder_without_a_backend_is_its_state(tmp_path: Path) -> None:
    (tmp_path / "terraform.tfstate").write_text('{"serial": 1}')
    (tmp_path / ".terraform" / "modules").mkdir(parents=True)
    assert terraform(tmp_path).state() == {"serial": 1}


@pytest.mark.parametrize("what", [".terraform/terraform.tfstate", ".terraform/environment", "TF_WORKSPACE", "nothing"])
def test_terraform_is_asked_where_the_state_may_be_elsewhere(tmp_path: Path, what: str) -> None:
    (tmp_path / ".terraform").mkdir()
    if what != "nothing":
        (tmp_path / "terraform.tfstate").write_text('{"serial": 1}')
    if what.startswith("."):
        (tmp_path / what).write_text("{}")
    variables = {"TF_WORKSPACE": "other"} if what == "TF_WORKSPACE" else {}
    assert terraform(tmp_path, **variables).state() == PULLED


@pytest.mark.terraform
def test_terraform_prints_the_same(tmp_path: Path) -> None:
    tools = find_toolchain(scratch=tmp_path, environ=os.environ)
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "main.tf").write_text('resource "terraform_data" "one" {\n  input = "x"\n}\n')
    real = Terraform(argv=tools.terraform, workdir=folder, env=base_environment(tools.environment()))
    real.init("-input=false")
    real.create()
    pulled = json.loads(real.call("state", "pull").stdout)
    assert real.state() == pulled
    assert [found["type"] for found in pulled["resources"]] == ["terraform_data"]
    real.destroy()
    assert (real.state() or {})["resources"] == []

"""Each fault of tftest 1.8, met with a program that plays Terraform: none of them is inherited."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.adapters.harness.safetest import VARIABLES, SafeTerraformTest
from pipeline.adapters.terraform import TerraformFailedError, TerraformUnknownError

Make = Callable[..., SafeTerraformTest]


@pytest.fixture
def play(tmp_path: Path) -> Make:
    """A configuration whose `terraform` is this shell script; `$1` is the command."""

    def make(script: str, seconds: float = 60.0) -> SafeTerraformTest:
        program = tmp_path / "terraform"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        folder = tmp_path / "module"
        folder.mkdir()
        return SafeTerraformTest(folder, argv=(str(program),), env={"GIVEN": "1"}, seconds=seconds)

    return make


def test_more_on_stderr_than_a_pipe_holds(play: Make) -> None:
    test = play("head -c 200000 /dev/zero | tr '\\0' w >&2; echo done")
    assert test.execute_command("plan").out == "done\n"


def test_killed_is_neither_passed_nor_failed(play: Make) -> None:
    with pytest.raises(TerraformUnknownError, match="signal 9"):
        play("kill -9 $$").apply()


def test_out_of_time_is_neither_passed_nor_failed(play: Make) -> None:
    with pytest.raises(TerraformUnknownError, match="took longer"):
        play("exec sleep 70", seconds=0.3).apply()


@pytest.mark.parametrize("code", [1, 3, 11, 127])
def test_every_exit_code_but_0_and_2_is_a_failure(play: Make, code: int) -> None:
    with pytest.raises(TerraformFailedError) as caught:
        play(f"echo 'Error: no' >&2; exit {code}").apply()
    assert caught.value.said == "Error: no\n"


def test_2_is_an_answer_of_a_plan(play: Make) -> None:
    assert play("exit 2").execute_command("plan", "-detailed-exitcode").retcode == 2


def test_variables_are_json_not_python(play: Make) -> None:
    test = play('echo "$@" > said')
    values = {"on": True, "none": None, "many": ["a"], "text": 'say "hi" ${x}'}
    test.setup(variables=values)
    assert json.loads((Path(test.tfdir) / VARIABLES).read_text()) == values
    assert "-var" not in (Path(test.tfdir) / "said").read_text()


def test_nothing_in_the_folder_is_deleted(play: Make) -> None:
    test = play("true")
    kept = [
        Path(test.tfdir) / name for name in (".terraform.lock.hcl", "terraform.tfstate", "terraform.tfstate.backup")
    ]
    for path in kept:
        path.write_text("mine")
    test.setup(variables={"x": 1}, cleanup_on_exit=True)
    test.apply()
    test.destroy()
    del test
    assert [path.read_text() for path in kept] == ["mine"] * 3


def test_the_environment_is_the_given_one(play: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    printed = play("env").execute_command("version").out
    assert "GIVEN=1" in printed
    assert "AWS_PROFILE" not in printed

"""The workflows in .github: sound for actionlint and zizmor, pinned, with few rights, and calling a CLI that exists."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml  # type: ignore[import-untyped]

from pipeline.cli import App, modferry
from pipeline.console import Console

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
BIN = Path(sys.executable).parent
PINNED = re.compile(r"[\w-]+/[\w-]+(/[\w-]+)*@[0-9a-f]{40} # v\d+\.\d+\.\d+")
CALL = ".venv/bin/modferry"
ARRAYS = {"${arguments[@]}": ["--test", "out/test-0/test.json", "--diff", "out/diff/diff-vpc.json"]}
WRITERS = {
    ("main.yml", "release"): {"contents": "write"},
    ("promote.yml", "promote"): {"contents": "write"},
    ("scheduled.yml", "reverify"): {"contents": "write"},
    ("pull-request.yml", "comment"): {"contents": "read", "pull-requests": "write"},
}
"""Jobs that may write, and what."""


def load(path: Path) -> dict[Any, Any]:
    found = yaml.safe_load(path.read_text())
    assert isinstance(found, dict)
    return found


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in FILES:
        for name, job in load(path)["jobs"].items():
            yield path.name, name, job


def scripts() -> Iterator[tuple[str, str]]:
    for path, name, job in jobs():
        for step in job["steps"]:
            if "run" in step:
                yield f"{path} {name}: {step.get('name', step['run'])}", step["run"]


def calls() -> Iterator[tuple[str, list[str]]]:
    """Every modferry call, as words: what the shell would fill in stays as it is written."""
    for where, script in scripts():
        for line in script.replace("\\\n", " ").splitlines():
            if CALL in line:
                after = line.split(CALL, 1)[1]
                text = re.split(r"\s(?:\|\|?|&&|>>?)\s|\)$", after)[0]
                words = [w for word in shlex.split(text) for w in ARRAYS.get(word, [word])]
                yield where, words


def test_the_four_workflows_are_there() -> None:
    assert {path.name for path in FILES} == {"main.yml", "promote.yml", "pull-request.yml", "scheduled.yml"}


@pytest.mark.parametrize("tool", [("actionlint",), ("zizmor", "--offline", "--no-progress", "--no-config")], ids=str)
def test_the_linters_find_nothing(tool: tuple[str, ...]) -> None:
    program = BIN / tool[0]
    assert program.exists(), f"{program} is missing: make setup"
    done = subprocess.run(
        [str(program), *tool[1:], *map(str, FILES)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_actions_are_pinned_by_their_whole_hash_and_say_which_version_that_is() -> None:
    found: dict[str, set[str]] = {}
    for path in FILES:
        uses = [line.split("uses:", 1)[1].strip() for line in path.read_text().splitlines() if "uses:" in line]
        assert uses
        for use in uses:
            assert PINNED.fullmatch(use), f"{path.name}: {use}"
            found.setdefault(use.partition("@")[0], set()).add(use)
    assert all(len(pins) == 1 for pins in found.values()), found


def test_rights_are_given_job_by_job_and_only_those_that_are_needed() -> None:
    for path in FILES:
        assert load(path)["permissions"] == {}
    for file, name, job in jobs():
        assert job["permissions"] == WRITERS.get((file, name), {"contents": "read"}), f"{file} {name}"
        assert job["timeout-minutes"] <= 180


def test_credentials_stay_in_git_only_where_the_job_pushes() -> None:
    for path, name, job in jobs():
        (checkout,) = [step["with"] for step in job["steps"] if "checkout@" in step.get("uses", "")]
        assert checkout["fetch-depth"] == 0
        pushes = WRITERS.get((path, name), {}).get("contents") == "write"
        assert checkout["persist-credentials"] is pushes, f"{path} {name}"


def test_what_writes_is_never_cancelled_and_runs_alone() -> None:
    for path in FILES:
        group = load(path)["concurrency"]
        assert group["group"]
        assert group["cancel-in-progress"] is (path.name == "pull-request.yml")
    assert "inputs.environment" in load(ROOT / ".github/workflows/promote.yml")["concurrency"]["group"]


def test_no_expression_is_put_into_a_script() -> None:
    assert [where for where, script in scripts() if "${{" in script] == []


def test_every_call_of_modferry_is_one_that_the_command_line_takes() -> None:
    found = list(calls())
    assert len(found) >= 12
    for where, words in found:
        parse(where, words)


def test_a_call_with_an_option_that_does_not_exist_is_noticed() -> None:
    for words in (["test", "--sharding", "1/2"], ["tset"], ["ci", "matrix", "--shards", "many"], ["comment", "x"]):
        with pytest.raises(click.ClickException):
            parse("a wrong call", words)


def parse(where: str, words: list[str]) -> None:
    """Parse a call as click would, running nothing."""
    app = App(directory=ROOT, console=Console(as_json=False, environ={}), environ={})
    context = click.Context(modferry, obj=app, info_name=where)
    command: click.Command = modferry
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(context, words)
        assert found is not None, where
        command = found
    command.make_context(name, list(words), parent=context)

"""`modferry sandbox`: what is running, what was left, what a sweep may not touch."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.adapters.processes import run_mark
from pipeline.commands.sandbox import sweep_runs
from pipeline.errors import Exit
from tests.fleet.story import Modferry, runner

HELD = {"resources": [{"type": "aws_vpc"}]}


@dataclass(frozen=True, kw_only=True)
class FakeSwept:
    ended: tuple[int, ...] = ()
    removed: tuple[Path, ...] = ()
    left: tuple[Path, ...] = ()


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/modferry/runs"


@pytest.fixture
def modferry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Modferry:
    return runner(tmp_path, capsys)


def make_run(runs: Path, mark: str, target: str, state: object = None) -> Path:
    folder = runs / f"{mark}-abc123"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"target": target}))
    if state is not None:
        (folder / "terraform.tfstate").write_text(json.dumps(state))
    return folder


def test_status_tells_running_from_left(runs: Path, modferry: Modferry) -> None:
    mine = make_run(runs, run_mark(), "moto")
    dead = make_run(runs, "1.1", "account", HELD)
    said = modferry("sandbox", "status", "--json")
    found = {row["folder"]: (row["alive"], row["holds_state"]) for row in said.document["runs"]}
    assert found == {str(mine): (True, False), str(dead): (False, True)}


def test_a_dry_sweep_names_what_would_go_and_what_stays(runs: Path, modferry: Modferry) -> None:
    make_run(runs, run_mark(), "moto")
    emulated = make_run(runs, "1.1", "moto", HELD)
    real = make_run(runs, "1.2", "account", HELD)
    empty = make_run(runs, "1.3", "account", {"resources": []})
    said = modferry("sandbox", "sweep", "--dry-run", "--json")
    assert said.document["removed"] == [str(emulated), str(empty)]
    assert said.document["left"] == [str(real)]
    assert all(folder.exists() for folder in (emulated, real, empty))


def test_what_could_not_be_destroyed_is_named_and_undecided() -> None:
    document, code = sweep_runs(lambda: FakeSwept(ended=(4,), left=(Path("/cache/1.2-abc"),)))
    assert (document["left"], code) == (["/cache/1.2-abc"], Exit.UNDECIDED)
    assert sweep_runs(FakeSwept)[1] == Exit.DONE


def test_nothing_left_says_so(runs: Path, modferry: Modferry) -> None:
    assert "nothing was left" in modferry("sandbox", "status").text

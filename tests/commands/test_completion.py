"""What the shell completes after `modferry`: names of this repository, and nothing where there is none."""

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from pipeline.cli import modferry
from tests.conftest import MakeRepository
from tests.fleet.story import TOML, Story, pinned, stack_path


def completed(where: Path, *words: str) -> list[str]:
    *given, typed = words
    shell = ShellComplete(modferry, {}, "modferry", "_MODFERRY_COMPLETE")
    return [item.value for item in shell.get_completions(["-C", str(where), *given], typed)]


@pytest.fixture
def clone(make_repository: MakeRepository) -> Path:
    files = {f"modules/{name}/main.tf": "locals {}\n" for name in ("vpc", "core", "cache")}
    story = Story(
        clone=make_repository({"modferry.toml": TOML, stack_path("prod/eu"): pinned(core="1.0.0"), **files}),
    )
    story.release("core", "1.0.0", "1.1.0")
    story.release("vpc", "2.0.0")
    return story.clone


def test_modules_versions_environments_and_stacks(clone: Path) -> None:
    assert completed(clone, "test", "") == ["cache", "core", "vpc"]
    assert completed(clone, "test", "vpc", "c") == ["cache", "core"]
    assert completed(clone, "promote", "c") == ["cache", "core"]
    assert completed(clone, "promote", "core", "1") == ["1.0.0", "1.1.0"]
    assert completed(clone, "promote", "core", "1.1.0", "v") == ["vpc"]
    assert completed(clone, "promote", "core", "1.1.0", "--to", "p") == ["prod"]
    assert completed(clone, "deploy", "prod") == ["prod", "prod/eu"]
    assert completed(clone, "rollback", "prod", "v") == ["vpc"]


def test_outside_of_a_repository_there_is_nothing(tmp_path: Path) -> None:
    assert completed(tmp_path, "test", "") == []
    assert completed(tmp_path / "missing", "test", "") == []

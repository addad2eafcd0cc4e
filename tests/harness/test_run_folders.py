"""A run on an emulator works in memory where there is some; wherever it works, nothing of it is left."""

from pathlib import Path

import pytest

from pipeline.adapters.harness import run_folders
from pipeline.adapters.harness.run_folders import list_runs, run_folder, runs_folder, sweep

DEAD = "4194304.1-c0ffee"
"""A run whose process cannot exist: the number is above Linux's largest."""


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A cache of its own, and a folder that stands for memory."""
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setattr(run_folders, "MEMORY", memory)
    monkeypatch.setattr(run_folders, "MEMORY_BYTES", 1)
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


def memory() -> list[str]:
    return sorted(path.name for path in run_folders.MEMORY.iterdir())


def places(environ: dict[str, str]) -> list[Path]:
    return sorted(runs_folder(environ).iterdir())


@pytest.mark.parametrize("target", ["moto", "localstack"])
def test_a_run_on_an_emulator_works_in_memory_and_is_listed(environ: dict[str, str], target: str) -> None:
    with run_folder(environ, target) as folder:
        assert folder.parent == run_folders.MEMORY
        assert folder.stat().st_mode & 0o077 == 0
        assert [place.resolve() for place in places(environ)] == [folder]
        assert [(found, alive) for _, found, alive, _ in list_runs(environ)] == [(target, True)]
        (folder / "file").write_text("x")
    assert (memory(), places(environ)) == ([], [])


@pytest.mark.parametrize("target", ["account", "promotion", "stacks"])
def test_what_may_hold_the_only_state_of_something_lies_on_disk(environ: dict[str, str], target: str) -> None:
    with run_folder(environ, target) as folder:
        assert [folder] == places(environ)
        assert not folder.is_symlink()
        assert memory() == []


@pytest.mark.parametrize(
    ("reaches", "in_memory"),
    [({"moto"}, True), ({"moto", "localstack"}, True), ({"moto", "account"}, False), (set(), False)],
)
def test_a_promotion_works_in_memory_where_all_that_it_may_reach_are_emulators(
    environ: dict[str, str], reaches: set[str], in_memory: bool
) -> None:
    with run_folder(environ, "promotion", reaches=reaches) as folder:
        assert (folder.parent == run_folders.MEMORY) is in_memory
        assert [found for _, found, _, _ in list_runs(environ)] == ["promotion"]


@pytest.mark.parametrize("has_link", [True, False])
def test_a_state_that_could_not_be_uploaded_stays_in_memory_and_is_named_once(
    environ: dict[str, str], has_link: bool
) -> None:
    runs_folder(environ).mkdir(parents=True)
    place, folder = runs_folder(environ) / DEAD, run_folders.MEMORY / f"modferry-{DEAD}"
    (folder / "stack").mkdir(parents=True)
    (folder / "run.json").write_text('{"target": "promotion"}')
    (folder / "stack" / "errored.tfstate").write_text("{}")
    if has_link:
        place.symlink_to(folder)
    swept = sweep(environ)
    assert (swept.removed, swept.left) == ((), (place if has_link else folder,))
    assert memory() == [folder.name]


@pytest.mark.parametrize(("name", "value"), [("MEMORY_BYTES", 1 << 60), ("MEMORY", Path("/nowhere"))])
def test_without_room_in_memory_it_lies_on_disk(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    monkeypatch.setattr(run_folders, name, value)
    with run_folder(environ, "moto") as folder:
        assert [folder] == places(environ)


def test_a_sweep_removes_what_a_dead_run_had_in_memory(environ: dict[str, str]) -> None:
    runs_folder(environ).mkdir(parents=True)
    place, folder = runs_folder(environ) / DEAD, run_folders.MEMORY / f"modferry-{DEAD}"
    place.symlink_to(folder)
    (folder / "tree").mkdir(parents=True)
    assert sweep(environ).removed == (place,)
    assert (memory(), places(environ)) == ([], [])


def test_a_sweep_removes_a_link_whose_folder_went_with_the_power(environ: dict[str, str]) -> None:
    runs_folder(environ).mkdir(parents=True)
    (runs_folder(environ) / DEAD).symlink_to(run_folders.MEMORY / f"modferry-{DEAD}")
    sweep(environ)
    assert places(environ) == []


def test_a_sweep_does_not_follow_a_link_that_is_not_its_own(environ: dict[str, str], tmp_path: Path) -> None:
    runs_folder(environ).mkdir(parents=True)
    for target in (tmp_path / "precious", run_folders.MEMORY / "precious"):
        target.mkdir()
        (target / "file").write_text("x")
        (runs_folder(environ) / DEAD).symlink_to(target)
        sweep(environ)
        assert places(environ) == []
        assert (target / "file").read_text() == "x"


def test_a_sweep_finds_what_is_in_memory_though_its_link_is_gone(environ: dict[str, str], tmp_path: Path) -> None:
    mine, other = run_folders.MEMORY / f"modferry-{DEAD}", run_folders.MEMORY / "modferry-notes"
    for folder in (mine, other):
        folder.mkdir()
    (mine / "run.json").write_text('{"target": "moto"}')
    elsewhere = {"XDG_CACHE_HOME": str(tmp_path / "another")}
    with run_folder(elsewhere, "moto") as alive:
        assert memory() == sorted([alive.name, other.name]), "swept at the beginning of a run"
        assert sweep(environ).removed == ()
        assert alive.exists()

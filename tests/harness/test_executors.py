"""A bench over any `concurrent.futures.Executor`: what travels, what is refused, what is never taken for an answer."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path

import pytest

from pipeline.adapters.executors import Answer, ExecutorBench, Order, prints
from pipeline.domain.module import Files
from pipeline.domain.parts import Part
from pipeline.domain.verdict import Case, Suite, Verdict
from pipeline.errors import UndecidedError
from pipeline.wiring.elsewhere import check_here, open_workbench
from pipeline.wiring.repository import open_project
from tests.conftest import NOW, MakeRepository, write_files
from tests.fakes.terraform import write_fake_terraform
from tests.fakes.workbench import TOOLS

PART = Part(module="note", path="modules/note", suite=Suite.UNIT, kind="native", files=("tests/unit/x.tftest.hcl",))
FILES = Files(paths=("a.tf",), read=lambda path: path.encode(), mode=lambda _: "100644")
TEXTS = {"modules/note/main.tf": 'variable "x" {}\n', "modules/note/tests/unit/x.tftest.hcl": "# x\n"}


def passes(order: Order, part: Part) -> Answer:
    found = Case(name=part.label, verdict=Verdict.PASSED, message=f"{os.getpid()} {sorted(order.files)}")
    return Answer(cases=(found,), notes=("a note",))


def refuses(order: Order, part: Part) -> Answer:
    return Answer(refused=("it has other files", "bring them"))


def breaks(order: Order, part: Part) -> Answer:
    raise OSError("the disk is full")


@dataclass
class FakeLanes:
    """Remembers what it was asked; lets its executor work."""

    executor: Executor
    count: int = 2
    wrong: str = ""
    told: list[str] = field(default_factory=list)

    def check(self, order: Order) -> None:
        self.told.append(f"check {order.id}")
        if self.wrong:
            raise UndecidedError(self.wrong)

    def close(self, order: Order) -> None:
        self.told.append(f"close {order.id}")

    def lost(self, error: Exception) -> str:
        return "every worker died" if isinstance(error, OSError) else ""

    def is_deserted(self) -> bool:
        return False


def bench(lanes: FakeLanes, run: Callable[[Order, Part], Answer]) -> ExecutorBench:
    return ExecutorBench(target="moto", tools=TOOLS, connect=lambda: lanes, run=run, root="/x", cold=True)


def test_a_part_travels_to_another_process_and_its_cases_and_notes_come_back() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        lanes = FakeLanes(pool)
        made = bench(lanes, passes)
        assert made.jobs == 2
        with made.open(FILES, frozenset({"a.tf"})) as run_part:
            [case] = run_part(PART)
    pid, _, rest = case.message.partition(" ")
    assert (case.name, rest) == (PART.label, "['a.tf']")
    assert int(pid) != os.getpid()
    assert (made.notes, made.stats) == (["a note"], {"lanes": 2})
    check, close = (told.split() for told in lanes.told)
    assert (check[0], close[0], check[1]) == ("check", "close", close[1])


@pytest.mark.parametrize("wrong", ["", "has other tools"])
def test_what_was_started_is_ended_also_when_nothing_could_run(wrong: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        lanes = FakeLanes(pool, wrong=wrong)
        made = bench(lanes, refuses)
        with (
            pytest.raises(UndecidedError, match=wrong or "it has other files") as caught,
            made.open(FILES, frozenset()) as run_part,
        ):
            run_part(PART)
    assert lanes.told[-1].startswith("close")
    assert wrong or caught.value.remedy == "bring them"


def test_a_part_that_killed_its_workers_is_errored() -> None:
    with ThreadPoolExecutor(1) as pool, bench(FakeLanes(pool), breaks).open(FILES, frozenset()) as run_part:
        [case] = run_part(PART)
    assert (case.name, case.verdict, case.message) == (PART.label, Verdict.ERRORED, "every worker died")


def test_an_answer_that_never_came_ends_the_run() -> None:
    def gone(order: Order, part: Part) -> Answer:
        raise RuntimeError("the scheduler is gone")

    with (
        ThreadPoolExecutor(1) as pool,
        bench(FakeLanes(pool), gone).open(FILES, frozenset()) as run_part,
        pytest.raises(UndecidedError, match="got no answer from elsewhere: RuntimeError: the scheduler is gone"),
    ):
        run_part(PART)


# -- the other side -------------------------------------------------------------------------------


@pytest.fixture
def order(make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Order:
    monkeypatch.setenv("MODFERRY_TERRAFORM", str(write_fake_terraform(tmp_path / "bin")))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = make_repository(TEXTS)
    project = open_project(root, os.environ, lambda: NOW)
    given = open_workbench(
        project, os.environ, target="moto", jobs=None, cold=True, executor="dask://127.0.0.1:1"
    )  # fmt: skip
    files = project.graph().files
    return Order(
        id="1", root=str(root), target="moto", cold=True, tools=given.tools, files=prints(files, frozenset(TEXTS))
    )


def test_a_worker_with_these_files_and_tools_may_work(order: Order) -> None:
    assert check_here(order) == ""


def change(order: Order, texts: Mapping[str, str]) -> None:
    write_files(Path(order.root), dict(texts))


def test_another_byte_is_named(order: Order) -> None:
    change(order, {"modules/note/tests/unit/x.tftest.hcl": "# y\n"})
    assert check_here(order) == "its modules/note/tests/unit/x.tftest.hcl is not the file of the run"


def test_a_missing_file_and_another_mode_are_named(order: Order) -> None:
    (Path(order.root) / "modules/note/main.tf").chmod(0o755)
    assert "modules/note/main.tf is not the file" in check_here(order)
    (Path(order.root) / "modules/note/main.tf").unlink()
    assert "modules/note/main.tf is not the file" in check_here(order)


def test_files_that_the_run_does_not_need_may_differ(order: Order) -> None:
    change(order, {"modules/other/main.tf": "# mine\n"})
    assert check_here(order) == ""


def test_no_repository_there_and_other_tools_are_said(order: Order) -> None:
    assert check_here(replace(order, root="/nowhere/at/all")).startswith("there is no /nowhere/at/all on ")
    assert check_here(replace(order, tools=TOOLS)).startswith("its tools are Tools(")

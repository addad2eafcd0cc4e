"""Init once for equal folders: what it made is copied, its own failure is everybody's own, two at once make one."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.adapters.harness.inits import Inits
from tests.conftest import write_files


def into(workdir: Path, called: list[Path]) -> Callable[[], None]:
    """An init that makes a manifest, a module that it fetched, and a lock file."""

    def init() -> None:
        called.append(workdir)
        time.sleep(0.1)
        fetched = {".terraform/modules/modules.json": "{}", ".terraform/modules/net/main.tf": "# net\n"}
        write_files(workdir, {**fetched, ".terraform.lock.hcl": "# lock\n"})

    return init


def made(workdir: Path) -> dict[str, str]:
    return {str(p.relative_to(workdir)): p.read_text() for p in sorted(workdir.rglob("*")) if p.is_file()}


def test_the_second_of_equal_folders_gets_what_the_first_made(tmp_path: Path) -> None:
    inits, called = Inits(tmp_path / "kept"), list[Path]()
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for folder in folders:
        folder.mkdir()
    assert inits.prepare(("modules/net",), folders[0], into(folders[0], called))
    assert not inits.prepare(("modules/net",), folders[1], into(folders[1], called))
    assert inits.prepare(("modules/app",), folders[2], into(folders[2], called))
    assert called == [folders[0], folders[2]]
    assert made(folders[1]) == made(folders[0]) != {}


def test_what_a_part_does_to_its_own_reaches_no_other(tmp_path: Path) -> None:
    inits, called = Inits(tmp_path / "kept"), list[Path]()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        inits.prepare(("modules/net",), tmp_path / name, into(tmp_path / name, called))
        (tmp_path / name / ".terraform/modules/net/main.tf").write_text("# spoilt\n")
    (tmp_path / "c").mkdir()
    inits.prepare(("modules/net",), tmp_path / "c", into(tmp_path / "c", called))
    assert (tmp_path / "c" / ".terraform/modules/net/main.tf").read_text() == "# net\n"


def test_an_init_that_makes_nothing_is_not_repeated(tmp_path: Path) -> None:
    inits = Inits(tmp_path / "kept")
    assert inits.prepare(("x",), tmp_path, lambda: None)
    assert not inits.prepare(("x",), tmp_path, lambda: pytest.fail("again"))


def test_a_failed_init_is_kept_by_nobody(tmp_path: Path) -> None:
    def broken() -> None:
        raise LookupError("no such module")

    inits, called = Inits(tmp_path / "kept"), list[Path]()
    for _ in range(2):
        with pytest.raises(LookupError):
            inits.prepare(("x",), tmp_path, broken)
    assert inits.prepare(("x",), tmp_path / "a", into(tmp_path / "a", called))


def test_of_those_that_come_at_once_one_inits(tmp_path: Path) -> None:
    inits, called, gate = Inits(tmp_path / "kept"), list[Path](), threading.Barrier(4)

    def lane(number: int) -> bool:
        workdir = tmp_path / f"lane-{number}"
        workdir.mkdir()
        gate.wait()
        return inits.prepare(("x",), workdir, into(workdir, called))

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(lane, range(4))) == [False, False, False, True]
    assert len(called) == 1
    assert all(made(tmp_path / f"lane-{n}") == made(called[0]) for n in range(4))

"""Init once for equal folders: what it made is copied, its own failure is everybody's own, two at once make one."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from pipeline.adapters.harness.inits import Inits
from tests.conftest import write_files

TREE = {"modules/net/main.tf": "# main\n", "modules/net/tests/a.tftest.hcl": "# a\n", "modules/net/README.md": "net"}
FLAGS = ("-input=false",)


def tree(root: Path, more: Mapping[str, str] = {}) -> Path:
    """A tree with these files more; the folder of its module."""
    write_files(root, {**TREE, **more})
    return root / "modules" / "net"


def into(workdir: Path, called: list[Path], lock: str = "# lock\n") -> Callable[[], None]:
    """An init that makes a manifest, a module that it fetched, and a lock file."""

    def init() -> None:
        called.append(workdir)
        time.sleep(0.1)
        fetched = {".terraform/modules/modules.json": "{}", ".terraform/modules/net/main.tf": "# net\n"}
        write_files(workdir, {**fetched, ".terraform.lock.hcl": lock})

    return init


def made(workdir: Path) -> dict[str, str]:
    found = [*(workdir / ".terraform").rglob("*"), workdir / ".terraform.lock.hcl"]
    return {str(p.relative_to(workdir)): p.read_text() for p in sorted(found) if p.is_file()}


def never() -> None:
    pytest.fail("init was called")


def test_the_second_of_equal_folders_gets_what_the_first_made(tmp_path: Path) -> None:
    inits, called = Inits(tmp_path / "kept"), list[Path]()
    first, second = (tree(tmp_path / name) for name in ("a", "b"))
    assert inits.prepare(first, tmp_path / "a", FLAGS, into(first, called))
    assert not inits.prepare(second, tmp_path / "b", FLAGS, never)
    assert called == [first]
    assert made(second) == made(first) != {}


def test_another_process_finds_it_too(tmp_path: Path) -> None:
    for number, name in enumerate(("a", "b")):
        folder = tree(tmp_path / name)
        inits = Inits(tmp_path / "kept")
        assert inits.prepare(folder, tmp_path / name, FLAGS, into(folder, [])) is (number == 0)


@pytest.mark.parametrize(
    "other",
    [
        {"modules/net/main.tf": "# other\n"},
        {"modules/net/more.tf": ""},
        {"modules/net/more.tf.json": "{}"},
        {"modules/net/tests/a.tftest.hcl": "# b\n"},
        {"modules/net/tests/b.tftest.json": "{}"},
        {"modules/net/.terraform.lock.hcl": "# another provider\n"},
        {"modules/called/main.tf": "# called by the module\n"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_file_that_init_reads_makes_it_another_folder(tmp_path: Path, other: dict[str, str]) -> None:
    inits, called = Inits(tmp_path / "kept"), list[Path]()
    first, second = tree(tmp_path / "a"), tree(tmp_path / "b", other)
    inits.prepare(first, tmp_path / "a", FLAGS, into(first, called))
    assert inits.prepare(second, tmp_path / "b", FLAGS, into(second, called))
    third = tree(tmp_path / "c", {"modules/net/README.md": "another", "modules/net/a.auto.tfvars": "x = 1"})
    assert not inits.prepare(third, tmp_path / "c", FLAGS, never)


def test_a_link_to_elsewhere_makes_it_another_folder(tmp_path: Path) -> None:
    inits, called = Inits(tmp_path / "kept"), list[Path]()
    for name, leads_to in (("a", "../../one"), ("b", "../../two"), ("c", "../../one")):
        folder = tree(tmp_path / name)
        (folder / "called").symlink_to(leads_to)
        (folder / "linked.tf").symlink_to("main.tf")
        inits.prepare(folder, tmp_path / name, FLAGS, into(folder, called))
    assert called == [tmp_path / "a/modules/net", tmp_path / "b/modules/net"]


def test_other_flags_and_another_place_are_another_init(tmp_path: Path) -> None:
    inits, called = Inits(tmp_path / "kept"), list[Path]()
    module = tree(tmp_path / "a", {"modules/net/examples/a/main.tf": ""})
    example = module / "examples" / "a"
    assert inits.prepare(module, tmp_path / "a", FLAGS, into(module, called))
    assert inits.prepare(example, tmp_path / "a", FLAGS, into(example, called))
    module = tree(tmp_path / "b", {"modules/net/examples/a/main.tf": ""})
    assert inits.prepare(module, tmp_path / "b", (*FLAGS, "-upgrade"), into(module, called))


def test_a_folder_that_was_another_before_gets_all_that_was_made_and_nothing_else(tmp_path: Path) -> None:
    inits, called = Inits(tmp_path / "kept"), list[Path]()
    first = tree(tmp_path / "a")
    inits.prepare(first, tmp_path / "a", FLAGS, into(first, called))
    again = tree(tmp_path / "b", {"modules/net/.terraform/modules/old/main.tf": "", "modules/net/main.tf": "# main\n"})
    assert not inits.prepare(again, tmp_path / "b", FLAGS, never)
    assert made(again) == made(first)


def test_what_a_part_does_to_its_own_reaches_no_other(tmp_path: Path) -> None:
    inits, called = Inits(tmp_path / "kept"), list[Path]()
    for name in ("a", "b"):
        folder = tree(tmp_path / name)
        inits.prepare(folder, tmp_path / name, FLAGS, into(folder, called))
        (folder / ".terraform/modules/net/main.tf").write_text("# spoilt\n")
    folder = tree(tmp_path / "c")
    inits.prepare(folder, tmp_path / "c", FLAGS, into(folder, called))
    assert (folder / ".terraform/modules/net/main.tf").read_text() == "# net\n"
    assert len(called) == 1


def test_an_init_that_makes_nothing_is_not_repeated(tmp_path: Path) -> None:
    inits, folder = Inits(tmp_path / "kept"), tree(tmp_path / "a")
    assert inits.prepare(folder, tmp_path / "a", FLAGS, lambda: None)
    assert not inits.prepare(folder, tmp_path / "a", FLAGS, never)


def test_a_backend_belongs_to_its_state(tmp_path: Path) -> None:
    inits = Inits(tmp_path / "kept")
    for name in ("a", "b"):
        folder = tree(tmp_path / name)
        set_up = partial(write_files, folder, {".terraform/terraform.tfstate": "{}"})
        assert inits.prepare(folder, tmp_path / name, FLAGS, set_up)


def test_a_failed_init_is_kept_by_nobody(tmp_path: Path) -> None:
    def broken() -> None:
        raise LookupError("no such module")

    inits, called, folder = Inits(tmp_path / "kept"), list[Path](), tree(tmp_path / "a")
    for _ in range(2):
        with pytest.raises(LookupError):
            inits.prepare(folder, tmp_path / "a", FLAGS, broken)
    assert inits.prepare(folder, tmp_path / "a", FLAGS, into(folder, called))


def test_of_those_that_come_at_once_one_inits(tmp_path: Path) -> None:
    inits, called, gate = Inits(tmp_path / "kept"), list[Path](), threading.Barrier(4)

    def lane(number: int) -> bool:
        root = tmp_path / f"lane-{number}"
        folder = tree(root)
        gate.wait()
        return inits.prepare(folder, root, FLAGS, into(folder, called))

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(lane, range(4))) == [False, False, False, True]
    assert len(called) == 1
    assert all(made(tmp_path / f"lane-{n}/modules/net") == made(called[0]) for n in range(4))


def test_of_two_processes_that_come_at_once_both_init_and_one_is_kept(tmp_path: Path) -> None:
    called: list[Path] = []
    folders = [tree(tmp_path / name) for name in ("a", "b")]

    def slower() -> None:
        Inits(tmp_path / "kept").prepare(folders[1], tmp_path / "b", FLAGS, into(folders[1], called))
        into(folders[0], called)()

    assert Inits(tmp_path / "kept").prepare(folders[0], tmp_path / "a", FLAGS, slower)
    assert len(called) == 2
    assert len(list((tmp_path / "kept").iterdir())) == 1

"""The process that reads objects: it sees what git sees now, and it leaves nothing behind."""

import gc
import os
import signal
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.git_door import MANY
from pipeline.adapters.git_reader import AT_ONCE, OPEN, ObjectReader
from pipeline.errors import RefusedError, UndecidedError, UsageError
from tests.conftest import MakeRepository, git, second_clone, write_files


@pytest.fixture
def clone(make_repository: MakeRepository) -> Path:
    return make_repository({"a": "1", "b/c": "2"})


OTHERS: set[str] = set()


@pytest.fixture(autouse=True)
def _of_other_tests() -> None:
    """Repositories that other tests left to the collector still have theirs."""
    gc.collect()
    OTHERS.clear()
    OTHERS.update(children())


def children() -> set[str]:
    """Processes that this one started since, ended ones included that nobody waited for."""
    return set(Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()) - OTHERS


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def commit(clone: Path, text: str) -> str:
    write_files(clone, {"a": text})
    git(clone, "commit", "-qam", "feat: more")
    return git(clone, "rev-parse", "HEAD").strip()


def child(repository: GitRepository) -> int:
    (pid,) = children()
    assert b"cat-file" in Path(f"/proc/{pid}/cmdline").read_bytes() and repository.root
    return int(pid)


def test_nothing_is_left_behind(clone: Path) -> None:
    before, open_files = children(), descriptors()
    repository = GitRepository(clone)
    assert children() == before, "it is not started before it is asked"
    repository.head()
    assert len(children()) == len(before) + 1
    repository.close()
    repository.close()
    assert (children(), descriptors()) == (before, open_files)


def test_it_ends_with_the_repository_without_a_collection(clone: Path) -> None:
    before, open_files = children(), descriptors()
    gc.disable()
    try:
        repository = GitRepository(clone)
        repository.commit_files(repository.head(), {"b/d": b"3"}, "x")
        repository.tree(repository.head()).read("a")
        assert len(children()) == len(before) + 1
        del repository
        assert (children(), descriptors()) == (before, open_files)
    finally:
        gc.enable()


def test_of_many_repositories_the_last_few_keep_theirs(clone: Path) -> None:
    many = [GitRepository(clone) for _ in range(OPEN + 3)]
    head = {one.head() for one in many}
    assert len(children()) <= OPEN
    assert {one.head() for one in many} == head and len(head) == 1
    assert len(children()) <= OPEN
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda number: many[number % len(many)].head(), range(100))) == head
    for one in many:
        one.close()
    assert not children()


def test_what_moves_is_seen(clone: Path) -> None:
    """Branches, tags, packed ones, another process's objects, HEAD: by the process that is open already."""
    repository = GitRepository(clone)
    assert repository.resolve("main") == repository.head() == repository.ref("refs/heads/main")
    assert repository.try_resolve("refs/tags/t") is None
    second = commit(clone, "2")
    git(clone, "tag", "-a", "-m", "t", "t")
    assert repository.resolve("main") == repository.head() == repository.try_resolve("refs/tags/t") == second
    git(clone, "pack-refs", "--all", "--prune")
    assert repository.resolve("t") == second
    third = commit(clone, "3")
    git(clone, "pack-refs", "--all", "--prune")
    git(clone, "tag", "-f", "-a", "-m", "t", "t")
    git(clone, "gc", "-q", "--prune=now")
    assert repository.resolve("main") == repository.resolve("t") == third
    assert repository.tree(third).read("a") == b"3"
    git(clone, "tag", "-d", "t")
    assert repository.try_resolve("refs/tags/t") is None
    with pytest.raises(UsageError, match="names no commit"):
        repository.resolve("t")


def test_what_another_clone_pushed_is_there_after_a_fetch(clone: Path) -> None:
    repository = GitRepository(clone)
    before = repository.resolve("refs/remotes/origin/main")
    other = second_clone(clone)
    pushed = commit(other, "theirs")
    git(other, "push", "-q")
    with pytest.raises(UsageError):
        repository.resolve(pushed)
    assert repository.resolve("refs/remotes/origin/main") == before
    repository.fetch("+refs/heads/main:refs/remotes/origin/main")
    assert repository.resolve("refs/remotes/origin/main") == repository.resolve(pushed) == pushed
    assert repository.is_ancestor(before, pushed) and not repository.is_ancestor(pushed, before)
    assert repository.fork_point(before, pushed) == repository.fork_point(pushed, before) == before


def test_many_threads_read_at_once(clone: Path) -> None:
    repository = GitRepository(clone)
    blobs = {git(clone, "hash-object", "-w", "a").strip(): b"1", git(clone, "hash-object", "-w", "b/c").strip(): b"2"}
    before = len(children())

    def ask(number: int) -> Mapping[str, bytes]:
        repository.head()
        return repository.blobs(list(blobs)[number % 2 :])

    with ThreadPoolExecutor(8) as pool:
        for number, found in enumerate(pool.map(ask, range(200))):
            assert found == dict(list(blobs.items())[number % 2 :])
    repository.close()
    assert len(children()) == before


@pytest.mark.parametrize("count", [1, 120, MANY + 1])
def test_few_and_many_large_and_small(clone: Path, count: int) -> None:
    repository = GitRepository(clone)
    texts = {f"{n}": f"{n}\n".encode() * (50_000 if n == 7 else n) for n in range(count)}
    made = repository.commit_files(None, texts, "x")
    tree = repository.tree(made)
    assert isinstance(tree.paths(), tuple)
    assert {path: tree.read(path) for path in tree.paths()} == texts


def test_a_dead_process_is_replaced_and_no_answer_is_lost(clone: Path) -> None:
    repository = GitRepository(clone)
    head = repository.head()
    first = child(repository)
    os.kill(first, signal.SIGKILL)
    assert repository.head() == head, "told by a process of its own"
    assert not children()
    assert repository.head() == head
    assert child(repository) != first
    repository.close()


def test_what_is_not_there_is_refused_in_the_same_words_as_ever(clone: Path) -> None:
    repository = GitRepository(clone)
    head = repository.head()
    with pytest.raises(RefusedError, match=f"Object {'1' * 40} is missing"):
        repository.blobs([head, "1" * 40])
    assert repository.blobs([head])[head].startswith(b"tree "), "and the next answer is not half of that one"
    for odd in ("a\nb", "--all", "", "x y", "HEAD missing", "x" * 9000, "ü\udcff"):
        assert repository.try_resolve(odd) is None
    assert repository.head() == head


def test_a_name_that_would_be_two_questions_is_not_asked_here(clone: Path) -> None:
    """The second answer would be taken for that of the next question."""
    repository = GitRepository(clone)
    reader, head = ObjectReader(clone, repository.env), repository.head()
    assert reader.read([f"{head}\n{head}^{{tree}}"], 10) is None
    assert reader.read(["x" * (AT_ONCE + 1)], 10) is None
    found = reader.read([f"{head}^{{commit}}"], 10)
    assert found and found[0] and (found[0].id, found[0].kind) == (head, "commit")
    reader.close()


def test_a_broken_object_is_told_as_ever(clone: Path) -> None:
    repository = GitRepository(clone)
    blob = git(clone, "rev-parse", "HEAD:a").strip()
    path = clone / ".git/objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    path.write_bytes(b"garbage")
    with pytest.raises(RefusedError, match=f"Object {blob} is missing"):
        repository.blobs([blob])
    assert repository.head()


def test_out_of_time_is_undecided_and_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    before = children()
    reader = ObjectReader(tmp_path, dict(os.environ))
    with pytest.raises(UndecidedError, match=r"git cat-file --batch took longer than 0 s\."):
        reader.read(["HEAD"], 0.2)
    assert children() == before


def in_a_fork(act: Callable[[], bool]) -> bool:
    pid = os.fork()
    if not pid:
        os._exit(0 if act() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_forked_child_starts_its_own_and_leaves_its_parents(clone: Path) -> None:
    repository = GitRepository(clone)
    head, first = repository.head(), child(repository)

    def act() -> bool:
        right = repository.head() == head and child(repository) != first
        repository.close()
        return right and not children()

    def leave() -> bool:
        repository.close()
        return not children()

    assert in_a_fork(act) and in_a_fork(leave)
    assert repository.head() == head and child(repository) == first
    repository.close()


def test_the_last_value_of_the_configuration_counts(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "more").write_text('[user]\n\tname = Included\n[remote "A.b"]\n\turl = x\n\turl = y\n[core]\n\tempty\n')
    git(clone, "config", "user.name", "First")
    git(clone, "config", "include.path", str(tmp_path / "more"))
    repository = GitRepository(clone, {})
    assert repository.config("User.Name") == "Included"
    assert (repository.config("remote.A.b.url"), repository.config("remote.a.b.url")) == ("y", None)
    assert (repository.config("core.empty"), repository.config("user.none"), repository.remote()) == (
        "",
        None,
        "origin",
    )
    git(clone, "config", "--unset", "include.path")
    git(clone, "config", "user.name", "Second")
    assert GitRepository(clone, {}).identity()["GIT_AUTHOR_NAME"] == "Second", "the next command sees what changed"
    assert GitRepository(clone, {"GIT_AUTHOR_NAME": "Me"}).identity()["GIT_AUTHOR_NAME"] == "Me"


def test_from_a_folder_inside_and_from_a_worktree(clone: Path) -> None:
    assert GitRepository(clone / "b").common_dir == GitRepository(clone).common_dir == clone / ".git"
    git(clone, "worktree", "add", "-q", str(clone.parent / "more"), "-b", "more")
    more = GitRepository(clone.parent / "more")
    assert (more.root, more.common_dir) == (clone.parent / "more", clone / ".git")
    assert commit(more.root, "9") == more.head() != GitRepository(clone).head()


def test_a_clone_becomes_whole(clone: Path) -> None:
    commit(clone, "2")
    git(clone, "push", "-q")
    where = clone.parent / "shallow"
    git(clone.parent, "clone", "-q", "--depth=1", f"file://{clone.parent}/origin.git", str(where))
    repository = GitRepository(where)
    assert repository.is_shallow()
    git(where, "fetch", "-q", "--unshallow")
    assert not repository.is_shallow() and repository.resolve("HEAD~1")

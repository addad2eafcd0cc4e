"""Commits written without git are the ones that git itself would write, and git finds nothing wrong with them."""

import subprocess
from pathlib import Path

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.git_door import GitError
from tests.conftest import MakeRepository, git

FILES = {"a": "1", "b/c.tf": "2", "b/d/e": "3", "b.x": "4", "b0": "5", "run.sh": "6"}


def by_git(where: Path, parent: str, files: dict[str, bytes | None]) -> str:
    """The tree that git's own index makes of the same changes."""
    env = {"GIT_INDEX_FILE": str(where / ".git" / "other-index")}
    repository = GitRepository(where)
    repository.git("read-tree", parent, env=env)
    for path, data in files.items():
        if data is None:
            repository.git("update-index", "--force-remove", path, env=env)
            continue
        blob = repository.git("hash-object", "-w", "--stdin", stdin=data).strip()
        mode = (repository.git("ls-files", "-s", "--", path, env=env) or "100644").split()[0]
        repository.git("update-index", "--add", "--replace", "--cacheinfo", f"{mode},{blob},{path}", env=env)
    return repository.git("write-tree", env=env).strip()


@pytest.mark.parametrize(
    "files",
    [
        {"a": b"new"},
        {"b/c.tf": b"new", "b/d/f": b"", "z/y/x": b"deep\0bytes"},
        {"b/d/e": None},
        {"b/d/e": None, "b/c.tf": None},
        {"run.sh": b"still executable"},
        {"b-": b"", "b/": b"", "bb": b""} | {"b/ä ö": "ü".encode()},
        {"a/b": b"a file becomes a folder"},
        {"nothing": None},
    ],
    ids=str,
)
def test_the_tree_is_the_one_that_git_writes(make_repository: MakeRepository, files: dict[str, bytes | None]) -> None:
    files = {path: data for path, data in files.items() if not path.endswith("/")}
    clone = make_repository(FILES)
    (clone / "run.sh").chmod(0o755)
    git(clone, "add", "run.sh")
    git(clone, "commit", "-qm", "mode")
    repository = GitRepository(clone)
    parent = repository.head()
    made = repository.commit_files(parent, files, "words\n")
    assert repository.git("rev-parse", f"{made}^{{tree}}").strip() == by_git(clone, parent, files)
    assert repository.git("log", "-1", "--format=%P%n%B", made).split() == [parent, "words"]
    again = repository.commit_files(made, {"more": b"1"}, "words\n")
    assert repository.git("rev-parse", f"{again}^").strip() == made
    git(clone, "update-ref", "refs/heads/made", again)
    git(clone, "fsck", "--strict")


def test_a_first_commit_and_who_made_it(make_repository: MakeRepository) -> None:
    clone = make_repository({"a": "1"})
    git(clone, "config", "user.name", "Ann <of> Acme\n")
    repository = GitRepository(clone, {})
    made = repository.commit_files(None, {"x/y": b"1"}, "first\n")
    assert repository.git("log", "-1", "--format=%an|%cn|%P|%s", made).strip() == "Ann of Acme|Ann of Acme||first"
    assert repository.git("ls-tree", "-r", "--name-only", made).split() == ["x/y"]


def test_a_repository_with_longer_hashes(tmp_path: Path) -> None:
    subprocess.run(("git", "init", "-q", "--object-format=sha256", str(tmp_path)), check=True)
    repository = GitRepository(tmp_path)
    made = repository.commit_files(repository.commit_files(None, {"a/b": b"1"}, "x"), {"a/c": b"2"}, "y")
    assert len(made) == 64 and repository.git("ls-tree", "-r", "--name-only", made).split() == ["a/b", "a/c"]
    git(tmp_path, "fsck", "--strict")


def test_an_object_that_cannot_be_written_is_an_error_and_not_half_an_object(make_repository: MakeRepository) -> None:
    clone = make_repository({"a": "1"})
    repository = GitRepository(clone)
    head, objects = repository.head(), clone / ".git" / "objects"
    before = {path for path in objects.rglob("*") if path.is_file()}
    for number in range(256):  # a file stands where the folder should be made
        folder = objects / f"{number:02x}"
        if not folder.exists():
            folder.write_text("")
    with pytest.raises(GitError, match="commit failed"):
        for text in range(64):  # one of them falls into a folder that cannot be
            repository.commit_files(head, {"b": str(text).encode()}, "x")
    assert not list(objects.glob("*/tmp_obj*"))
    assert before <= {path for path in objects.rglob("*") if path.is_file()}


def test_a_ref_is_read_loose_packed_or_not_at_all(make_repository: MakeRepository) -> None:
    clone = make_repository({"a": "1"})
    repository = GitRepository(clone)
    head = repository.head()
    repository.update_refs(("refs/heads/one", head, None), ("refs/modferry/two", head, None))
    assert repository.ref("refs/heads/one") == repository.ref("refs/modferry/two") == head
    git(clone, "pack-refs", "--all")
    assert repository.ref("refs/heads/one") == head
    assert repository.ref("refs/heads/none") is None
    with pytest.raises(GitError):
        repository.update_refs(("refs/heads/three", head, None), ("refs/heads/one", head, None))
    assert repository.ref("refs/heads/three") is None, "all or none"

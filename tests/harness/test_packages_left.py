"""What is left to Terraform, one case a condition: nothing is there, and nothing is said to be taken."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.adapters.git_door import GitError
from pipeline.adapters.packages import Packages
from pipeline.domain.promotion.work import Job
from tests.conftest import git, second_clone, write_files
from tests.harness.test_packages import CALL, NET, PIN, Place, rev, there

__all__ = ["there"]


def push(place: Place, files: dict[str, str]) -> None:
    write_files(place.clone, files)
    place.push()


def submodule(place: Place) -> None:
    git(place.clone, "update-index", "--add", "--cacheinfo", f"160000,{rev(place.clone, 'HEAD')},sub")
    git(place.clone, "commit", "-q", "-m", "feat: sub")
    git(place.clone, "tag", "-f", "net/v1")
    git(place.clone, "push", "-q", "-f", "origin", "refs/tags/net/v1")


def elsewhere(place: Place) -> None:
    """The tag moves to a commit that was made in another clone."""
    other = Place(clone=second_clone(place.clone), scratch=place.scratch)
    push(other, {"modules/net/main.tf": "# new\n"})


def untagged(place: Place) -> None:
    """The tag is here, and not on origin."""
    git(place.clone, "push", "-q", "--delete", "origin", "net/v1")


def replaced(place: Place) -> None:
    git(place.clone, "rm", "-q", "modules/net/run.sh")
    git(place.clone, "commit", "-q", "-m", "feat: less")
    git(place.clone, "replace", rev(place.clone, "net/v1"), rev(place.clone, "HEAD"))


def attributes(place: Place) -> None:
    write_files(place.clone, {".git/info/attributes": "*.sh text eol=crlf\n"})


def another_origin(place: Place) -> None:
    git(place.clone, "config", "remote.origin.url", f"{place.clone.parent}/./origin.git")


def renamed(place: Place) -> None:
    git(place.clone, "mv", "modules/net", "modules/web")
    place.push()


CASES: dict[str, Callable[[Place], None]] = {
    "the tag's commit is not here": elsewhere,
    "origin has no such tag": untagged,
    "a submodule": submodule,
    "a .gitmodules alone": lambda p: push(p, {".gitmodules": '[submodule "x"]\n'}),
    "Git LFS": lambda p: push(p, {"modules/.gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"}),
    "attributes of this clone": attributes,
    "replaced objects": replaced,
    "Terraform goes elsewhere than to origin": another_origin,
    "the module runs programs": lambda p: push(p, {"modules/keys/x.tf": 'provisioner "local-exec" {}\n'}),
    "the module may lead anywhere": lambda p: push(p, {"modules/net/x.tf": 'a = "../x"\n'}),
    "the module looks for its .git": lambda p: push(
        p, {"modules/keys/x.tf": 'a = file("${path.module}/../../.git/HEAD")\n'}
    ),
    "the module is not in the tag": renamed,
}


def assert_left(place: Place, job: Job, packages: Packages | None = None) -> None:
    assert (packages or place.packages).place(job, place.folder) == {}
    assert list(place.folder.iterdir()) == []


@pytest.mark.parametrize("name", CASES)
def test_it_is_left_to_terraform_where(there: Place, name: str) -> None:
    CASES[name](there)
    assert_left(there, there.job())


@pytest.mark.parametrize("ref", ["main", "topic", "HEAD", "net/v2", "net/*"])
def test_what_is_no_tag_of_origin(there: Place, ref: str) -> None:
    git(there.clone, "push", "-q", "origin", "HEAD:refs/heads/topic")
    assert_left(there, there.job(NET.replace("net/v1", ref)))


def test_a_commit(there: Place) -> None:
    assert_left(there, there.job(NET.replace("net/v1", rev(there.clone, "net/v1"))))


def test_a_tag_that_bears_the_branchs_name(there: Place) -> None:
    git(there.clone, "tag", "main")
    git(there.clone, "push", "-q", "origin", "refs/tags/main")
    assert_left(there, there.job(NET.replace("net/v1", "main")))


def test_a_tag_that_is_of_no_commit(there: Place) -> None:
    git(there.clone, "tag", "tree", "HEAD^{tree}")
    git(there.clone, "push", "-q", "origin", "refs/tags/tree")
    assert_left(there, there.job(NET.replace("net/v1", "tree")))


@pytest.mark.parametrize(
    "text",
    [
        NET.replace("acme", "others"),
        NET.replace("git::https://example.test/acme/infra.git", "../../.."),
        NET + CALL.format("again", PIN.format("net", "net/v2")),
        'module "net" {\n  source = "${var.x}"\n}\n',
        "",
    ],
)
def test_other_sources_and_what_cannot_be_told(there: Place, text: str) -> None:
    assert_left(there, there.job(text))


def test_a_configuration_that_cannot_be_read(there: Place) -> None:
    job = there.job()
    assert_left(there, replace(job, files={**job.files, "x.tf.json": b"{"}))


def test_of_two_calls_one_may_be_left(there: Place) -> None:
    push(there, {"modules/keys/x.tf": 'provisioner "local-exec" {}\n'})
    write_files(there.clone, {"modules/other/main.tf": "# other\n"})
    there.push("other/v1")
    text = NET + CALL.format("other", PIN.format("other", "other/v1"))
    assert set(there.packages.place(there.job(text), there.folder)) == {"other/v1"}
    assert there.listed() == set() and there.listed("other") == {"modules/other/main.tf"}


def test_origin_that_cannot_be_asked(there: Place) -> None:
    (there.clone.parent / "origin.git").rename(there.clone.parent / "gone.git")
    assert_left(there, there.job())


def test_a_stack_that_has_a_terraform_folder_of_its_own(there: Place, tmp_path: Path) -> None:
    (there.folder / ".terraform").symlink_to(tmp_path / "aside")
    (tmp_path / "aside").mkdir()
    assert there.packages.place(there.job(), there.folder) == {}
    assert not list((tmp_path / "aside").iterdir())


def test_what_was_written_in_part_is_taken_away(there: Place) -> None:
    packages = there.packages
    git_of = packages.trunk.repository.git

    def failing(*words: str, **options: object) -> str:
        if "checkout-index" in words:
            git_of(*words, **options)  # type: ignore[arg-type]
            raise GitError(words, "disk full")
        return git_of(*words, **options)  # type: ignore[arg-type]

    packages.trunk.repository.git = failing  # type: ignore[method-assign]
    assert_left(there, there.job(), packages)

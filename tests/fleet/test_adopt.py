"""`modferry adopt`: tags from before modferry become versions that can be promoted; what cannot is named."""

from pathlib import Path

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.ledger import GitLedger
from pipeline.errors import Exit
from tests.conftest import NOW, MakeRepository, git, write_files
from tests.fleet.story import Modferry, runner


@pytest.fixture
def clone(make_repository: MakeRepository) -> Path:
    clone = make_repository({"README.md": "empty\n"})
    git(clone, "tag", "vpc/v0.9.0")
    for number in range(3):
        write_files(clone, {"modules/vpc/main.tf": f'output "n" {{\n  value = {number}\n}}\n'})
        write_files(clone, {"modules/core/main.tf": 'output "n" {\n  value = 0\n}\n'})
        git(clone, "add", "-A")
        git(clone, "commit", "-q", "-m", f"feat: {number}")
        git(clone, "tag", "-a", f"vpc/v1.{number}.0", "-m", "by hand")
    git(clone, "tag", "core/1.0.0")
    git(clone, "tag", "unrelated")
    git(clone, "push", "-q", "origin", "main", "--tags")
    return clone


@pytest.fixture
def modferry(clone: Path, capsys: pytest.CaptureFixture[str]) -> Modferry:
    return runner(clone, capsys)


def test_tags_are_taken_over_newest_first_with_the_digest_of_their_commit(clone: Path, modferry: Modferry) -> None:
    said = modferry("adopt", "vpc", "--json")
    assert said.code == Exit.DONE
    assert [row["version"] for row in said.document["adopted"]] == ["1.2.0", "1.1.0", "1.0.0"]
    assert len({row["digest"] for row in said.document["adopted"]}) == 3
    assert said.document["left"] == [{"tag": "vpc/v0.9.0", "why": "its commit holds no module vpc"}]
    modules = modferry("modules", "--json").document["modules"]
    vpc = next(module for module in modules if module["name"] == "vpc")
    assert (vpc["latest"], vpc["changed"], vpc["digest"]) == (
        "1.2.0",
        False,
        said.document["adopted"][0]["digest"],
    )
    history = GitLedger(GitRepository(clone), lambda: NOW).history()
    assert all(release.adopted and release.evidence == () for release in history.releases.values())


def test_a_second_run_takes_only_what_is_new(modferry: Modferry) -> None:
    modferry("adopt", "vpc")
    second = modferry("adopt", "--json")
    assert [row["tag"] for row in second.document["adopted"]] == ["core/1.0.0"]
    assert modferry("adopt").code == Exit.NOTHING


def test_a_dry_run_writes_nothing(clone: Path, modferry: Modferry) -> None:
    said = modferry("adopt", "--dry-run", "--json")
    assert len(said.document["adopted"]) == 4
    assert GitLedger(GitRepository(clone), lambda: NOW).tip() is None


def test_a_tag_that_origin_has_elsewhere_or_not_at_all_is_left(clone: Path, modferry: Modferry) -> None:
    git(clone, "tag", "-f", "vpc/v1.2.0", "HEAD~1")
    git(clone, "tag", "vpc/v1.3.0")
    left = {row["tag"]: row["why"] for row in modferry("adopt", "--json").document["left"]}
    assert left["vpc/v1.3.0"] == "origin does not have it"
    assert left["vpc/v1.2.0"].startswith("origin has it at ")


def test_a_module_that_is_not_there_and_tags_beside_stacks_are_refused(modferry: Modferry) -> None:
    assert modferry("adopt", "vcp").code == Exit.USAGE
    assert modferry("adopt", "vpc", "--stack", "prod/us-east-1").code == Exit.USAGE

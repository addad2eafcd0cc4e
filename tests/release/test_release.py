"""Releases as scenarios of several runs: R1 (the gate), R2 (again), R3 (two at once), rejected pushes. Real git."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.ledger import GitLedger, PushRejectedError
from pipeline.commands.candidates import Gatherer
from pipeline.commands.project import Project
from pipeline.commands.release import Released, Releaser, Wish
from pipeline.config import read_settings
from pipeline.domain.evidence import Evidence, Tools
from pipeline.domain.ledger import Draft
from pipeline.domain.release import Fact, tag_fields
from pipeline.domain.verdict import Verdict
from pipeline.domain.version import Bump
from pipeline.errors import RefusedError
from tests.conftest import NOW, MakeRepository, git, second_clone, write_files

TOOLS = Tools(terraform="1.11.4", provider="5.100.0", emulator="moto 5")
FILES = {
    "modules/vpc/main.tf": 'variable "cidr" {}\n',
    "modules/vpc/tests/unit/a.tftest.hcl": "# a test\n",
    "modules/core/main.tf": 'module "vpc" {\n  source = "../vpc"\n}\n',
    "modules/solo/main.tf": 'variable "x" {}\n',
}
SUITES = ("static", "unit", "integration")


def project(where: Path) -> Project:
    repository = GitRepository(where)
    ledger = GitLedger(repository, lambda: NOW, "ann")
    return Project(settings=read_settings(where), repository=repository, ledger=ledger, clock=lambda: NOW, name="clone")


def releaser(where: Path, facts: Sequence[Fact] = ()) -> Releaser:
    opened = project(where)
    assert isinstance(opened.repository, GitRepository)
    assert isinstance(opened.ledger, GitLedger)
    gatherer = Gatherer(project=opened, tools=TOOLS, target="moto", facts=lambda *_: facts)
    return Releaser(project=opened, repository=opened.repository, ledger=opened.ledger, gatherer=gatherer)


def prove(where: Path, verdict: Verdict = Verdict.PASSED, modules: Sequence[str] = (), tools: Tools = TOOLS) -> None:
    """Write evidence of every required suite for the working tree's bytes."""
    opened = project(where)
    graph = opened.graph()
    drafts = []
    for name in modules or graph.modules:
        digest = graph.digest(graph.modules[name])
        for suite in SUITES:
            key = tools.key(digest=digest, suite=suite, target="moto")
            found = Evidence(key=key, module=name, verdict=verdict, counts={str(verdict): 1}, seconds=1.0)
            drafts.append(Draft(kind="evidence", body=found.to_body()))
    opened.ledger.append(lambda _: drafts, push=False)


def commit(where: Path, files: dict[str, str], message: str) -> None:
    write_files(where, files)
    git(where, "add", "-A")
    git(where, "commit", "-q", "-m", message)


def tags(outcome: Released) -> list[str]:
    return [tag for _, tag, _ in outcome.released]


def origin_refs(where: Path) -> dict[str, str]:
    rows = (line.split("\t") for line in git(where, "ls-remote", "origin").splitlines())
    return {ref: found for found, ref in rows if not ref.endswith("^{}")}


def test_without_evidence_nothing_is_made_and_the_command_that_would_produce_it_is_named(
    make_repository: MakeRepository,
) -> None:
    clone = make_repository(FILES)
    before = origin_refs(clone)
    outcome = releaser(clone).release(Wish(push=True))
    assert not outcome.released
    assert {r.module for r in outcome.refused} == {"vpc", "core", "solo"}
    assert outcome.refused[0].remedy.startswith("modferry test ")
    assert origin_refs(clone) == before
    assert git(clone, "tag") == ""


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.PASSED])
def test_anything_but_passed_is_not_a_pass(make_repository: MakeRepository, verdict: Verdict) -> None:
    clone = make_repository(FILES)
    prove(clone)
    prove(clone, verdict, ["solo"])
    outcome = releaser(clone).release(Wish(modules=("solo",), push=True))
    assert [r.module for r in outcome.refused] == ["solo"]
    assert git(clone, "tag") == ""


def test_a_release_goes_to_origin_at_once_and_a_second_has_nothing_to_do(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    prove(clone)
    outcome = releaser(clone).release(Wish(push=True))
    assert set(tags(outcome)) == {"vpc/v0.1.0", "core/v0.1.0", "solo/v0.1.0"}
    refs = origin_refs(clone)
    assert refs["refs/heads/main"] == git(clone, "rev-parse", "HEAD").strip()
    assert {"refs/tags/vpc/v0.1.0", "refs/heads/modferry-ledger"} <= set(refs)
    message = git(clone, "for-each-ref", "refs/tags/vpc/v0.1.0", "--format=%(contents)")
    graph = project(clone).graph("vpc/v0.1.0")
    assert tag_fields(message)["Digest"] == graph.digest(graph.modules["vpc"])
    assert "- begin" in (clone / "modules/vpc/CHANGELOG.md").read_text()
    again = releaser(clone).release(Wish(push=True))
    assert (again.released, again.refused) == ((), ())


def test_one_changed_byte_makes_evidence_not_count(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    prove(clone)
    commit(clone, {"modules/solo/main.tf": 'variable "y" {}\n'}, "fix: y")
    outcome = releaser(clone).release(Wish(modules=("solo",), push=True))
    assert "has no evidence" in outcome.refused[0].reasons[0]


def test_evidence_of_other_tools_does_not_count(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    prove(clone, tools=Tools(terraform="1.10.0", provider="5.100.0", emulator="moto 5"))
    outcome = releaser(clone).release(Wish(modules=("solo",), push=True))
    assert "there is evidence for moto with Terraform 1.10.0" in outcome.refused[0].reasons[0]


def test_a_change_of_tests_alone_releases_nothing(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    prove(clone)
    releaser(clone).release(Wish(push=True))
    commit(clone, {"modules/vpc/tests/unit/a.tftest.hcl": "# another test\n"}, "feat!: test more")
    prove(clone)
    assert releaser(clone).release(Wish(push=True)) == Released()


def test_a_change_of_vpc_releases_core_too_or_neither(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    prove(clone)
    releaser(clone).release(Wish(push=True))
    commit(clone, {"modules/vpc/main.tf": 'variable "cidr" {}\nvariable "b" { default = 1 }\n'}, "feat: b")
    prove(clone, modules=["vpc"])
    refused = releaser(clone).release(Wish(modules=("vpc",), push=True))
    assert [r.module for r in refused.refused] == ["core"]
    assert not refused.released
    prove(clone, modules=["core"])
    assert tags(releaser(clone).release(Wish(modules=("vpc",), push=True))) == ["vpc/v0.1.1", "core/v0.1.1"]


def test_a_bump_below_the_facts_is_refused_and_words_can_only_raise(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    prove(clone)
    releaser(clone).release(Wish(push=True))
    commit(clone, {"modules/solo/main.tf": "# nothing\n"}, "fix: tidy")
    prove(clone)
    fact = Fact(rule="variable-removed", bump=Bump.MAJOR, address="var.x", says="callers that set x fail")
    refused = releaser(clone, [fact]).release(Wish(modules=("solo",), bump=Bump.PATCH, push=True))
    assert "variable-removed var.x" in refused.refused[0].reasons[1]
    outcome = releaser(clone, [fact]).release(Wish(modules=("solo",), push=True))
    assert tags(outcome) == ["solo/v0.2.0"]  # below 1.0.0 major steps minor


def test_a_rejected_push_leaves_nothing(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    prove(clone)
    hook = clone.parent / "origin.git/hooks/update"
    hook.write_text('#!/bin/sh\ncase "$1" in refs/tags/*) exit 1;; esac\n')
    hook.chmod(0o755)
    before, head = origin_refs(clone), git(clone, "rev-parse", "HEAD")
    with pytest.raises(PushRejectedError, match="nothing of it stays"):
        releaser(clone).release(Wish(push=True))
    assert origin_refs(clone) == before
    assert git(clone, "tag") == ""
    assert git(clone, "rev-parse", "HEAD") == head
    hook.unlink()
    assert len(tags(releaser(clone).release(Wish(push=True)))) == 3


def test_main_moved_with_the_same_bytes_is_released_on_the_new_head(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    prove(clone)
    other = second_clone(clone)
    run = releaser(clone)
    plain_fetch = run.repository.fetch
    moved: list[bool] = []

    def fetch_then_someone_pushes(*arguments: str) -> None:
        plain_fetch(*arguments)
        if not moved:
            moved.append(True)
            commit(other, {"notes.txt": "hello"}, "docs: hello")
            git(other, "push", "-q", "origin", "main")

    run.repository.fetch = fetch_then_someone_pushes  # type: ignore[method-assign]
    assert len(tags(run.release(Wish(push=True)))) == 3
    assert git(clone, "show", "origin/main:notes.txt") == "hello"
    assert git(clone, "merge-base", "--is-ancestor", "origin/main", "vpc/v0.1.0") == ""


def test_main_moved_with_other_bytes_is_refused(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    prove(clone)
    other = second_clone(clone)
    run = releaser(clone)
    plain_fetch = run.repository.fetch
    moved: list[bool] = []

    def fetch_then_someone_pushes(*arguments: str) -> None:
        plain_fetch(*arguments)
        if not moved:
            moved.append(True)
            commit(other, {"modules/vpc/main.tf": "# other\n"}, "fix: other")
            git(other, "push", "-q", "origin", "main")

    run.repository.fetch = fetch_then_someone_pushes  # type: ignore[method-assign]
    with pytest.raises(RefusedError, match="other bytes there than were tested"):
        run.release(Wish(push=True))
    assert git(clone, "tag") == ""


def test_two_releases_at_once_get_one_version(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    prove(clone)
    project(clone).ledger.send()  # type: ignore[attr-defined]
    other = second_clone(clone)
    first, second = releaser(clone), releaser(other)
    second.ledger.fetch()
    plain = second.gatherer.facts
    assert plain is not None
    assert len(tags(first.release(Wish(push=True)))) == 3
    # the second one had looked at main before; its checkout is now behind
    with pytest.raises(RefusedError, match="behind"):
        second.release(Wish(push=True))
    git(other, "pull", "-q", "--ff-only")
    assert second.release(Wish(push=True)) == Released()


def test_a_pending_release_is_sent_later_exactly(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    prove(clone)
    before = origin_refs(clone)
    made = releaser(clone).release(Wish())
    assert origin_refs(clone) == before
    with pytest.raises(RefusedError, match="waits here to be pushed"):
        releaser(clone).release(Wish())
    sent = releaser(clone).release(Wish(push=True))
    assert tags(sent) == tags(made)
    assert origin_refs(clone)["refs/heads/main"] == made.released[0][2]
    assert releaser(clone).release(Wish(push=True)) == Released()


def test_a_pending_release_that_origin_rejects_is_taken_back(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    prove(clone)
    head = git(clone, "rev-parse", "HEAD")
    releaser(clone).release(Wish())
    other = second_clone(clone)
    commit(other, {"notes.txt": "hello"}, "docs: hello")
    git(other, "push", "-q", "origin", "main")
    with pytest.raises(PushRejectedError):
        releaser(clone).release(Wish(push=True))
    assert git(clone, "tag") == ""
    assert git(clone, "rev-parse", "HEAD") == head
    assert [e.kind for e in project(clone).ledger.pending()] == ["evidence"] * 9  # type: ignore[attr-defined]
    git(clone, "pull", "-q", "--ff-only")
    assert len(tags(releaser(clone).release(Wish(push=True)))) == 3


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda c: write_files(c, {"modules/vpc/main.tf": "# x"}), "uncommitted changes"),
        (lambda c: git(c, "checkout", "-q", "--detach"), "detached"),
        (lambda c: git(c, "switch", "-q", "-c", "feature"), "is on feature"),
    ],
)
def test_an_unfit_checkout_is_refused(make_repository: MakeRepository, spoil: object, says: str) -> None:
    clone = make_repository(FILES)
    prove(clone)
    spoil(clone)  # type: ignore[operator]
    with pytest.raises(RefusedError, match=says):
        releaser(clone).release(Wish(push=True))


def test_a_shallow_clone_is_refused(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    commit(clone, {"a": "b"}, "docs: a")
    git(clone, "push", "-q", "origin", "main")
    shallow = clone.parent / "shallow"
    git(clone.parent, "clone", "-q", "--depth", "1", f"file://{clone.parent}/origin.git", str(shallow))
    with pytest.raises(RefusedError, match="shallow"):
        releaser(shallow).release(Wish(push=True))


def test_a_tag_that_exists_with_other_content_is_never_moved(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    git(clone, "tag", "solo/v0.1.0")
    prove(clone)
    with pytest.raises(RefusedError, match=r"solo/v0\.1\.0 exists already"):
        releaser(clone).release(Wish(push=True))
    assert "refs/tags/solo/v0.1.0" not in origin_refs(clone)


def test_a_dry_run_makes_nothing(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    prove(clone)
    before, head = origin_refs(clone), git(clone, "rev-parse", "HEAD")
    assert len(tags(releaser(clone).release(Wish(push=True, dry_run=True)))) == 3
    assert (origin_refs(clone), git(clone, "rev-parse", "HEAD"), git(clone, "tag")) == (before, head, "")

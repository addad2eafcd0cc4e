"""How many processes of git our own steps start: each costs 5 ms, and a network a connection for those that ask it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.ledger import GitLedger
from pipeline.adapters.worktree import OriginMain
from pipeline.commands.release import Wish
from pipeline.domain.ledger import Draft
from pipeline.domain.promotion.work import Landing
from pipeline.errors import RefusedError, UndecidedError
from tests.conftest import NOW, MakeRepository, git, second_clone
from tests.fleet.story import begin, pinned, runner
from tests.release.test_release import FILES, prove, releaser

Started = Callable[[], list[str]]
DRAFT = Draft(kind="hold", body={"module": "core", "version": "1.0.0", "environment": "dev", "reason": "x"})


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Started:
    """What was started since the last call: the words after git's own options. Git's children are not counted."""
    log, real = tmp_path / "started", shutil.which("git")
    (tmp_path / "bin").mkdir()
    shim = tmp_path / "bin/git"
    shim.write_text(f'#!/bin/sh\necho "$*" >> "{log}"\nexec {real} "$@"\n')
    shim.chmod(0o755)
    log.touch()

    def read() -> list[str]:
        lines = log.read_text().splitlines()
        log.write_text("")
        return [" ".join(word for word in line.split() if word != "-c" and "=" not in word[:25]) for line in lines]

    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    return read


def verbs(lines: list[str]) -> list[str]:
    return [line.split()[0] for line in lines]


def trunk_of(clone: Path) -> tuple[OriginMain, GitLedger]:
    repository = GitRepository(clone)
    ledger = GitLedger(repository, lambda: NOW, "ann")
    return OriginMain(repository, ledger, branch="main", folder="environments"), ledger


STACKS = {f"environments/dev/{name}/main.tf": "# stack\n" for name in "abc"}


def test_the_steps_of_a_promotion(make_repository: MakeRepository, started: Started) -> None:
    clone = make_repository(STACKS)
    trunk_of(clone)[1].append(lambda _: [DRAFT], push=True)
    git(clone, "tag", "one")
    git(clone, "push", "-q", "origin", "one")
    started()
    trunk, ledger = trunk_of(clone)
    assert verbs(started()) == ["rev-parse", "config"]
    main = trunk.fetch_with_ledger()
    assert verbs(started()) == ["fetch", "cat-file"]
    assert ledger.history().last and verbs(started()) == ["ls-tree"]
    assert trunk.stacks(main, "dev") == ["a", "b", "c"]
    assert [trunk.files(main, "dev", name) for name in "abc"] == [{"main.tf": b"# stack\n"}] * 3
    assert trunk.tags(["one"]) == {"one": main}
    trunk.check_push()
    assert verbs(started()) == ["ls-tree", "ls-remote", "push"]
    for _ in range(3):
        ledger.append(lambda _: [DRAFT], push=True)
    assert verbs(started()) == ["push", "update-ref"] * 3
    commit = trunk.commit(trunk.fetch(), "dev", {"a": {"main.tf": b"# new\n"}}, "move\n")
    assert trunk.land(commit, lambda _: [DRAFT]) == (Landing.LANDED, "")
    assert verbs(started()) == ["fetch", "push", "update-ref"]
    assert trunk.fetch() == commit and trunk.files(commit, "dev", "a") == {"main.tf": b"# new\n"}


def test_main_and_a_ledger_that_others_moved_are_fetched_together(
    make_repository: MakeRepository, started: Started
) -> None:
    clone = make_repository(STACKS)
    trunk, ledger = trunk_of(clone)
    assert trunk.fetch_with_ledger() == git(clone, "rev-parse", "HEAD").strip(), "where there is no ledger yet"
    ledger.append(lambda _: [DRAFT], push=True)
    theirs, their_ledger = trunk_of(second_clone(clone))
    main = theirs.fetch_with_ledger()
    their_ledger.append(lambda _: [DRAFT], push=True)
    moved = theirs.commit(main, "dev", {"a": {"main.tf": b"# theirs\n"}}, "move\n")
    theirs.land(moved, lambda _: [DRAFT])
    started()
    assert trunk.fetch_with_ledger() == moved
    assert (ledger.tip(), ledger.origin_tip()) == (their_ledger.tip(), their_ledger.tip())
    assert verbs(started()) == ["fetch", "update-ref"]
    git(clone.parent / "other", "push", "-q", "--force", "origin", f"{main}:refs/heads/modferry-ledger")
    with pytest.raises(RefusedError, match="was rewritten"):
        trunk.fetch_with_ledger()


def test_push_rights_are_asked_again_where_main_moved(make_repository: MakeRepository) -> None:
    clone = make_repository(STACKS)
    trunk, _ = trunk_of(clone)
    trunk.fetch()
    other = second_clone(clone)
    git(other, "commit", "-q", "--allow-empty", "-m", "feat: theirs")
    git(other, "push", "-q")
    trunk.check_push()
    assert trunk.repository.ref("refs/remotes/origin/main") == git(other, "rev-parse", "HEAD").strip()
    git(clone, "remote", "set-url", "origin", str(clone.parent / "gone.git"))
    with pytest.raises(UndecidedError, match="main could not be fetched from origin"):
        trunk.check_push()


def test_a_release(make_repository: MakeRepository, started: Started) -> None:
    clone = make_repository(FILES)
    prove(clone)
    started()
    assert len(releaser(clone).release(Wish(push=True)).released) == 3
    assert len(started()) <= 30


def test_a_status(make_repository: MakeRepository, started: Started, capsys: pytest.CaptureFixture[str]) -> None:
    story = begin(make_repository, {"dev/a": pinned(core="1.0.0")})
    story.release("core", "1.0.0")
    modferry = runner(story.clone, capsys)
    started()
    assert modferry("status", "--json").code == 0
    assert len(started()) <= 6

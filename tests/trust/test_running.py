"""`modferry test` with a key: what it records is signed, and what nobody signed is run again."""

from pathlib import Path

import pytest

from pipeline.commands.test import Request, plan_tests, run_tests
from pipeline.commands.trust import main_signers
from pipeline.domain.settings import Settings, SigningSettings
from pipeline.domain.verdict import Suite
from pipeline.errors import UndecidedError, UsageError
from pipeline.wiring.signing import signer_of
from tests.commands.test_running_tests import FILES
from tests.conftest import MakeRepository, git
from tests.fakes.workbench import FakeBench, SilentProgress
from tests.trust.keys import Key, allow, open_project


@pytest.fixture
def clone(make_repository: MakeRepository, ci: Key) -> Path:
    clone = make_repository(FILES)
    allow(clone, ci)
    return clone


def run(clone: Path, key: Key | None) -> list[bool]:
    """Whether each suite was reused."""
    project = open_project(clone)
    signers = main_signers(project) if key else None
    plan = plan_tests(project, Request(modules=("net",), suites=(Suite.UNIT,)), FakeBench(), signers=signers)
    results = run_tests(project, plan, FakeBench(), SilentProgress(), sign=key.sign if key else None)
    return [result.reused for result in results]


def test_evidence_of_a_run_is_signed_and_counts(clone: Path, ci: Key) -> None:
    assert run(clone, ci) == [False]
    project = open_project(clone)
    signers = main_signers(project)
    [found] = project.ledger.history().evidence.values()
    assert signers
    assert (signers.judge(found).principal, signers.judge(found).problem) == ("ci@acme", "")
    graph = project.graph()
    assert found.tree == graph.tested_tree(graph.modules["net"])
    assert run(clone, ci) == [True]


def test_who_signs_does_not_reuse_what_nobody_signed_and_who_does_not_may(clone: Path, ci: Key, eve: Key) -> None:
    assert run(clone, None) == [False]
    assert run(clone, None) == [True]
    assert run(clone, eve) == [False]
    assert run(clone, ci) == [False]
    assert run(clone, ci) == [True]


def test_where_the_key_comes_from(clone: Path, ci: Key, eve: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    project = open_project(clone)
    assert signer_of(project, {}) is None
    set_up = Settings(signing=SigningSettings(key=str(eve.path)))
    object.__setattr__(project, "settings", set_up)
    assert signer_of(project, {}) == eve.sign
    assert signer_of(project, {"MODFERRY_SIGNING_KEY": str(ci.path)}) == ci.sign
    assert signer_of(project, {"MODFERRY_SIGNING_KEY": " "}) == eve.sign
    monkeypatch.setenv("HOME", str(ci.path.parent))
    assert signer_of(project, {"MODFERRY_SIGNING_KEY": "~/ci"}) == ci.sign
    with pytest.raises(UsageError, match="MODFERRY_SIGNING_KEY names none, and there is no such file"):
        signer_of(project, {"MODFERRY_SIGNING_KEY": "none"})


def test_without_mains_commit_nobody_can_say_who_may_sign(clone: Path) -> None:
    git(clone, "update-ref", "-d", "refs/remotes/origin/main")
    with pytest.raises(UndecidedError, match="main of origin is not here") as error:
        main_signers(open_project(clone))
    assert error.value.remedy == "git fetch origin main"

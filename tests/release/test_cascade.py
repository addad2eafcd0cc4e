"""A change of one module releases what is built on it: each with its own facts, in order, all or none, in one push."""

from pathlib import Path

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.ledger import GitLedger
from pipeline.commands.candidates import Gatherer
from pipeline.commands.release import Releaser, Wish
from pipeline.domain.version import Bump
from pipeline.wiring import interface_facts
from tests.conftest import MakeRepository, git
from tests.release.test_release import TOOLS, commit, origin_refs, project, prove, tags

VPC = 'variable "cidr" {\n  default = "10.0.0.0/16"\n}\nvariable "old" {\n  default = 1\n}\n'
CORE = 'module "vpc" {\n  source = "../vpc"\n}\noutput "cidr" {\n  value = 1\n}\n'
FILES = {
    "modferry.toml": '[test]\nsuites = ["static"]\n',
    "modules/vpc/main.tf": VPC,
    "modules/core/main.tf": CORE,
    "modules/all/main.tf": 'module "core" {\n  source = "../core"\n}\n',
    "modules/solo/main.tf": 'variable "x" {}\n',
}
GONE = {"modules/vpc/main.tf": VPC.partition('variable "old"')[0]}


def releaser(where: Path) -> Releaser:
    """As the command opens it: the facts are those of the interfaces."""
    opened = project(where)
    assert isinstance(opened.repository, GitRepository)
    assert isinstance(opened.ledger, GitLedger)
    gatherer = Gatherer(project=opened, tools=TOOLS, target="moto", facts=interface_facts)
    return Releaser(project=opened, repository=opened.repository, ledger=opened.ledger, gatherer=gatherer)


@pytest.fixture
def clone(make_repository: MakeRepository) -> Path:
    """all is built on core, core on vpc; solo on nobody; each is released as 0.1.0."""
    clone = make_repository(FILES)
    prove(clone)
    assert len(releaser(clone).release(Wish(push=True)).released) == 4
    return clone


def pushes(clone: Path) -> list[list[str]]:
    """The refs of each push to origin from now on; read it again after a push."""
    log = clone.parent / "pushes"
    hook = clone.parent / "origin.git/hooks/pre-receive"
    if not hook.exists():
        hook.write_text(f'#!/bin/sh\necho push >> "{log}"\ncat >> "{log}"\n')
        hook.chmod(0o755)
    found: list[list[str]] = []
    for line in log.read_text().splitlines() if log.exists() else ():
        found.append([]) if line == "push" else found[-1].append(line.split()[2])
    return found


def test_what_is_built_on_it_goes_with_it_in_order_each_with_its_own_facts_in_one_push(clone: Path) -> None:
    commit(clone, GONE, "feat!: nobody needs old")
    prove(clone)
    assert pushes(clone) == []
    outcome = releaser(clone).release(Wish(modules=("vpc",), push=True))
    assert tags(outcome) == ["vpc/v0.2.0", "core/v0.1.1", "all/v0.1.1"], "below 1.0.0 major steps minor"
    facts = {new.candidate.module: [f.address for f in new.candidate.facts] for new, _, _ in outcome.released}
    assert facts == {"vpc": ["var.old"], "core": [], "all": []}
    assert {new.candidate.module: new.candidate.because for new, _, _ in outcome.released} == {
        "vpc": (),
        "core": ("vpc",),
        "all": ("core", "vpc"),
    }
    (refs,) = pushes(clone)
    assert {ref for ref in refs if not ref.endswith("modferry-ledger")} == {
        "refs/heads/main",
        "refs/tags/vpc/v0.2.0",
        "refs/tags/core/v0.1.1",
        "refs/tags/all/v0.1.1",
    }
    assert len(refs) == 5
    assert len({commit for _, _, commit in outcome.released}) == 1
    notes = (clone / "modules/all/CHANGELOG.md").read_text()
    assert "Built on the new version of core, vpc." in notes
    assert "nobody needs old" not in notes, "that is about vpc's users"


def test_a_change_that_reaches_the_caller_is_the_callers_own_fact(clone: Path) -> None:
    moved = {"modules/core/main.tf": CORE.partition("output")[0]}
    commit(clone, {**GONE, **moved}, "feat!: less")
    prove(clone)
    outcome = releaser(clone).release(Wish(modules=("vpc",), push=True))
    assert {new.candidate.module: new.bump for new, _, _ in outcome.released} == {
        "vpc": Bump.MAJOR,
        "core": Bump.MAJOR,
        "all": Bump.PATCH,
    }
    facts = {new.candidate.module: [f.rule for f in new.candidate.facts] for new, _, _ in outcome.released}
    assert facts == {"vpc": ["variable-removed"], "core": ["output-removed"], "all": []}


def test_one_that_may_not_go_keeps_all_of_them(clone: Path) -> None:
    commit(clone, GONE, "feat!: nobody needs old")
    prove(clone, modules=["vpc", "core"])
    before = origin_refs(clone)
    outcome = releaser(clone).release(Wish(modules=("vpc",), push=True))
    assert ([r.module for r in outcome.refused], outcome.released) == (["all"], ())
    assert origin_refs(clone) == before
    assert git(clone, "tag").split() == ["all/v0.1.0", "core/v0.1.0", "solo/v0.1.0", "vpc/v0.1.0"]


def test_a_push_that_origin_cuts_short_leaves_none_of_them(clone: Path) -> None:
    commit(clone, GONE, "feat!: nobody needs old")
    prove(clone)
    hook = clone.parent / "origin.git/hooks/update"
    hook.write_text('#!/bin/sh\ncase "$1" in refs/tags/all/*) exit 1;; esac\n')
    hook.chmod(0o755)
    before = origin_refs(clone)
    with pytest.raises(Exception, match="nothing of it stays"):
        releaser(clone).release(Wish(modules=("vpc",), push=True))
    assert origin_refs(clone) == before

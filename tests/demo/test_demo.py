"""The demo, played once from a clone of this repository, and what must be true of what it leaves.

This is the whole way on real input: every suite of every module on moto, real tags, real state in S3 with a
lock. It is the slowest test of all; every check below reads what the one run left.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.ledger import GitLedger
from pipeline.commands.project import Project
from pipeline.config import read_settings
from pipeline.domain.ledger import check_chain
from pipeline.domain.release import tag_fields
from tests.conftest import NOW, git

pytestmark = [pytest.mark.terraform, pytest.mark.timeout(1800), pytest.mark.xdist_group("demo")]
ROOT = Path(__file__).parents[2]
MODULES = ("core", "eks", "server-group", "vpc")


@dataclass(frozen=True)
class Played:
    """What the demo printed and where it left everything."""

    folder: Path
    document: dict[str, Any]

    def step(self, title: str) -> dict[str, Any]:
        """The step whose title begins so."""
        found: dict[str, Any] = next(s for s in self.document["steps"] if s["title"].startswith(title))
        return found


def modferry(where: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = (sys.executable, "-m", "pipeline", *words)
    env = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "GIT_CONFIG_GLOBAL")}
    env["PYTHONPATH"] = str(ROOT)
    return subprocess.run(argv, cwd=where, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("demo") / "kept"
    cold = ("--cold",) if os.environ.get("MODFERRY_TEST_COLD") else ()
    done = modferry(ROOT, "demo", "--keep", str(folder), "--json", *cold)
    assert done.returncode == 0, done.stderr[-6000:]
    yield Played(folder=folder, document=json.loads(done.stdout))


def project(where: Path) -> Project:
    repository = GitRepository(where)
    ledger = GitLedger(repository, lambda: NOW, "test")
    return Project(settings=read_settings(where), repository=repository, ledger=ledger, clock=lambda: NOW, name="clone")


def test_every_suite_of_every_module_passed(played: Played) -> None:
    results = played.step("test every module")["document"]["results"]
    assert {r["module"] for r in results} == set(MODULES)
    assert {(r["suite"], r["verdict"]) for r in results} == {(s, "passed") for s in ("static", "unit", "integration")}
    assert all(r["cases"] for r in results)


def test_origin_holds_annotated_tags_whose_messages_carry_the_digests_of_their_commits(played: Played) -> None:
    origin = played.folder / "origin.git"
    clone = played.folder / "clone"
    git(clone, "fetch", "-q", "--tags", "origin")
    for module in MODULES:
        tag = f"{module}/v0.1.0"
        assert git(origin, "cat-file", "-t", tag).strip() == "tag"
        fields = tag_fields(git(origin, "for-each-ref", f"refs/tags/{tag}", "--format=%(contents)"))
        git(clone, "checkout", "-q", "--detach", tag)
        rows = json.loads(modferry(clone, "modules", "--json").stdout)["modules"]
        assert fields["Digest"] == next(row["digest"] for row in rows if row["name"] == module)
    git(clone, "checkout", "-q", "main")


def test_prod_runs_the_good_version_and_the_bad_one_is_held(played: Played) -> None:
    origin = played.folder / "origin.git"
    for stack in ("us-east-1", "eu-west-1", "ap-northeast-2"):
        assert "ref=core/v0.1.1" in git(origin, "show", f"main:environments/prod/{stack}/main.tf")
    assert "ref=core/v0.1.1" in git(origin, "show", "main:environments/staging/us-east-1/main.tf")
    status = played.step("the fleet")["document"]
    assert [(h["module"], h["version"]) for h in status["holds"]] == [("core", "0.2.0")]
    prod = [s for s in status["stacks"] if s["environment"] == "prod"]
    assert {(p["version"], p["state"]) for s in prod for p in s["pins"]} == {("0.1.1", "verified")}


def test_what_failed_its_tests_got_no_tag(played: Played) -> None:
    tags = git(played.folder / "origin.git", "tag", "--list", "core/*").split()
    assert sorted(tags) == ["core/v0.1.0", "core/v0.1.1", "core/v0.2.0"]


def test_the_ledger_is_whole_and_replays_to_what_status_prints(played: Played) -> None:
    fresh = played.folder / "fresh"
    git(played.folder, "clone", "-q", str(played.folder / "origin.git"), str(fresh))
    ledger = project(fresh).ledger
    assert isinstance(ledger, GitLedger)
    ledger.fetch()
    check_chain(ledger.entries(None, ledger.tip() or ""))
    again = json.loads(modferry(fresh, "status", "--json").stdout)
    assert again == played.step("the fleet")["document"]


def test_no_secret_is_in_the_ledger_the_tags_or_the_report(played: Played) -> None:
    origin = played.folder / "origin.git"
    texts = {
        "ledger": git(origin, "log", "-p", "modferry-ledger"),
        "tags": git(origin, "for-each-ref", "refs/tags", "--format=%(contents)"),
        "report": (played.folder / "report.json").read_text(),
        "page": (played.folder / "page" / "index.html").read_text(),
    }
    words = ("AWS_SECRET", "SecretAccessKey", "SessionToken", "AWS_SESSION_TOKEN")
    assert not [(name, word) for name, text in texts.items() for word in words if word in text]


def test_terraforms_own_folders_are_gone(played: Played) -> None:
    assert sorted(p.name for p in played.folder.iterdir() if p.name != "fresh") == [
        "clone",
        "origin.git",
        "page",
        "report.json",
    ]
    assert not list(played.folder.rglob(".terraform"))


def test_a_fix_that_replaces_something_is_no_patch_and_its_way_back_was_tried(played: Played) -> None:
    released = played.step("release it: called a fix")["document"]["released"]
    assert [(row["module"], row["version"], row["bump"]) for row in released] == [("core", "0.2.0", "major")]
    tag = git(played.folder / "origin.git", "for-each-ref", "refs/tags/core/v0.2.0", "--format=%(contents)")
    assert "The upgrade replaces module.core.aws_ssm_parameter.record" in tag
    assert tag_fields(tag)["Rehearsal"].startswith("lossy")

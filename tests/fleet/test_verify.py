"""`modferry verify`: a good release is proved; each kind of tampering is refused with a message that says which."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.ledger import GitLedger
from pipeline.commands.release import Wish
from pipeline.domain.ledger import Draft, Entry, write
from pipeline.errors import Exit
from tests.conftest import NOW, MakeRepository, git
from tests.fleet.story import Modferry, runner
from tests.release.test_release import FILES, commit, prove, releaser

TAG = "vpc/v0.1.0"


@pytest.fixture
def clone(make_repository: MakeRepository) -> Path:
    clone = make_repository(FILES)
    prove(clone)
    releaser(clone).release(Wish(push=True))
    return clone


@pytest.fixture
def modferry(clone: Path, capsys: pytest.CaptureFixture[str]) -> Modferry:
    return runner(clone, capsys)


def entries(clone: Path) -> list[Entry]:
    ledger = GitLedger(GitRepository(clone), lambda: NOW, "eve")
    return ledger.entries(None, ledger.tip() or "")


def rewrite(clone: Path, change: Callable[[Entry], dict[str, Any]]) -> None:
    """Write the whole ledger again with changed bodies and a chain that holds: what a careful forger would do."""
    drafts = [Draft(kind=entry.kind, body=change(entry)) for entry in entries(clone)]
    forged = write(drafts, after=None, now=NOW, actor="eve")
    repository = GitRepository(clone)
    made = repository.commit_files(None, {entry.path: entry.to_bytes() for entry in forged}, "tidy")
    git(clone, "update-ref", "refs/heads/modferry-ledger", made)


def test_a_release_is_proved_without_network_and_without_cache(clone: Path, modferry: Modferry) -> None:
    (clone.parent / "origin.git").rename(clone.parent / "gone.git")
    (clone / ".git/modferry/replay.pickle").write_bytes(b"no cache")
    said = modferry("verify", TAG, "--json")
    assert said.code == Exit.DONE
    assert said.document["verified"]
    names = [check["name"].split(" ")[0] for check in said.document["checks"]]
    assert names == ["release", "commit", "digest", "shipped", "message", "signature", *["evidence"] * 3]


def test_a_moved_tag_is_refused(clone: Path, modferry: Modferry) -> None:
    commit(clone, {"modules/vpc/main.tf": 'variable "other" {}\n'}, "fix: other")
    message = git(clone, "for-each-ref", f"refs/tags/{TAG}", "--format=%(contents)")
    git(clone, "tag", "-f", "-a", TAG, "-m", message)
    said = modferry("verify", TAG, "--json")
    assert said.code == Exit.REFUSED
    assert "the tag moved: it was released at" in said.text
    assert {check["name"] for check in said.document["checks"] if not check["ok"]} == {"commit", "digest", "shipped"}
    assert "modferry yank vpc 0.1.0" in said.text


def test_a_tag_that_was_made_again_without_its_message_is_refused(clone: Path, modferry: Modferry) -> None:
    git(clone, "tag", "-f", TAG, f"{TAG}^{{}}")
    said = modferry("verify", TAG)
    assert said.code == Exit.REFUSED
    assert "Refused message: the tag's message says Digest nothing" in said.text


def test_an_edited_entry_breaks_the_chain_by_name(clone: Path, modferry: Modferry) -> None:
    path = git(clone, "ls-tree", "-r", "--name-only", "modferry-ledger").splitlines()[0]
    entry = json.loads(git(clone, "show", f"modferry-ledger:{path}"))
    entry["body"]["verdict"] = "passed" if entry["body"]["verdict"] == "failed" else "failed"
    repository = GitRepository(clone)
    tip = repository.resolve("modferry-ledger")
    text = json.dumps(entry, sort_keys=True, separators=(",", ":")) + "\n"
    bad = repository.commit_files(tip, {path: text.encode()}, "tidy")
    repository.update_ref("refs/heads/modferry-ledger", bad, tip)
    said = modferry("verify", TAG)
    assert said.code == Exit.REFUSED
    assert "chain breaks at" in said.text


def test_an_edited_entry_behind_a_rewritten_chain_is_still_named(clone: Path, modferry: Modferry) -> None:
    mine = next(e.number for e in entries(clone) if e.kind == "evidence" and e.body["module"] == "vpc")
    rewrite(clone, lambda e: {**e.body, "seconds": 9.9} if e.number == mine else dict(e.body))
    said = modferry("verify", TAG)
    assert said.code == Exit.REFUSED
    assert f"entry {mine} was edited" in said.text


def test_evidence_of_another_module_does_not_count(clone: Path, modferry: Modferry) -> None:
    theirs = next(e for e in entries(clone) if e.kind == "evidence" and e.body["module"] == "solo")

    def swap(entry: Entry) -> dict[str, Any]:
        if entry.kind == "release" and entry.body["module"] == "vpc":
            return {**entry.body, "evidence": [_id(clone, theirs.number)]}
        return dict(entry.body)

    rewrite(clone, lambda entry: dict(entry.body))
    rewrite(clone, swap)
    said = modferry("verify", TAG)
    assert said.code == Exit.REFUSED
    assert f"entry {theirs.number} is evidence of solo, not of vpc" in said.text
    assert "Refused message: the tag's message says Evidence" in said.text


def test_evidence_that_does_not_say_passed_does_not_count(clone: Path, modferry: Modferry) -> None:
    mine = [e.number for e in entries(clone) if e.kind == "evidence" and e.body["module"] == "vpc"]
    rewrite(clone, lambda e: {**e.body, "verdict": "failed"} if e.number == mine[0] else dict(e.body))
    rewrite(
        clone,
        lambda e: (
            {**e.body, "evidence": [_id(clone, mine[0])]}
            if e.kind == "release" and e.body["module"] == "vpc"
            else dict(e.body)
        ),
    )
    said = modferry("verify", TAG)
    assert said.code == Exit.REFUSED
    assert "suite of these files" in said.text
    assert "is failed on moto" in said.text


def test_a_release_without_evidence_is_refused(clone: Path, modferry: Modferry) -> None:
    rewrite(clone, lambda e: {**e.body, "evidence": []} if e.kind == "release" else dict(e.body))
    said = modferry("verify", TAG)
    assert said.code == Exit.REFUSED
    assert "the release names no evidence" in said.text


def test_a_tag_made_past_the_gate_is_refused_and_an_unknown_one_is_a_typo(clone: Path, modferry: Modferry) -> None:
    git(clone, "tag", "-a", "vpc/v9.0.0", "-m", "by hand")
    said = modferry("verify", "vpc/v9.0.0", "--json")
    assert said.code == Exit.REFUSED
    assert "the ledger holds no release of vpc 9.0.0" in said.text
    typo = modferry("verify", "vpc/v0.1.00")
    assert typo.code == Exit.USAGE
    assert "did you mean vpc/v0.1.0?" in typo.text


def test_an_adopted_tag_is_proved_by_its_bytes_alone(clone: Path, modferry: Modferry) -> None:
    git(clone, "tag", "vpc/v0.0.1", f"{TAG}^{{}}")
    git(clone, "push", "-q", "origin", "vpc/v0.0.1")
    assert modferry("adopt", "vpc").code == Exit.DONE
    said = modferry("verify", "vpc/v0.0.1", "--json")
    assert said.code == Exit.DONE
    assert "adopted, untested" in said.text


def _id(clone: Path, number: int) -> str:
    """An entry's id in the ledger as it is now."""
    return next(e.id for e in entries(clone) if e.number == number)

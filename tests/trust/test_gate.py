"""Only signed evidence lets a version through where main has allowed_signers; each refusal says which and why."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.commands.release import Wish
from pipeline.domain.ledger import Draft
from pipeline.domain.release import Refusal
from pipeline.domain.verdict import Verdict
from pipeline.errors import RefusedError, UndecidedError
from tests.conftest import MakeRepository, git, write_files
from tests.release.test_release import FILES, project, tags
from tests.release.test_release import releaser as unwired
from tests.trust.keys import Key, allow, evidence_of, prove, releaser, signed

ALL = ("vpc", "core", "solo")


@pytest.fixture
def clone(make_repository: MakeRepository, ci: Key) -> Path:
    """Main knows the key of CI."""
    clone = make_repository(FILES)
    allow(clone, ci)
    return clone


def refusal(clone: Path, key: Key | None, module: str = "solo") -> Refusal:
    outcome = releaser(clone, key).release(Wish(modules=(module,), push=True))
    assert git(clone, "tag") == ""
    [refused] = outcome.refused
    return refused


def write(clone: Path, *bodies: dict[str, object]) -> None:
    drafts = [Draft(kind="evidence", body=body) for body in bodies]
    project(clone).ledger.append(lambda _: drafts, push=False)


def test_signed_evidence_of_a_known_key_lets_everything_through(clone: Path, ci: Key) -> None:
    prove(clone, ci, *ALL)
    outcome = releaser(clone, ci).release(Wish(push=True))
    assert set(tags(outcome)) == {"vpc/v0.1.0", "core/v0.1.0", "solo/v0.1.0"}
    (clone / "signers").write_text(ci.line())
    git(clone, "-c", "gpg.format=ssh", "-c", "gpg.ssh.allowedSignersFile=signers", "tag", "-v", "core/v0.1.0")


def test_unsigned_evidence_does_not_count_and_the_next_command_is_named(clone: Path, ci: Key) -> None:
    prove(clone, None, "solo")
    refused = refusal(clone, ci)
    assert "has no evidence that counts: entry 1-" in refused.reasons[0]
    assert "it is not signed, and there is allowed_signers of main at" in refused.reasons[0]
    assert refused.remedy.startswith("modferry test solo --suite static --on moto, where MODFERRY_SIGNING_KEY")


def test_where_main_names_no_signers_unsigned_evidence_counts(make_repository: MakeRepository, eve: Key) -> None:
    clone = make_repository(FILES)
    prove(clone, None, "solo")
    prove(clone, eve, "vpc", "core")
    assert len(tags(releaser(clone, None).release(Wish(push=True)))) == 3


def test_a_signature_by_an_unknown_key_is_refused_by_its_fingerprint(clone: Path, ci: Key, eve: Key) -> None:
    prove(clone, eve, "solo")
    assert (
        f"it is signed by the unknown key {eve.fingerprint} (allowed_signers of main" in refusal(clone, ci).reasons[0]
    )


def test_a_key_that_only_a_branch_allows_is_unknown(clone: Path, ci: Key, eve: Key) -> None:
    git(clone, "switch", "-q", "-c", "feature")
    allow(clone, ci, eve, push=False)
    git(clone, "switch", "-q", "main")
    git(clone, "merge", "-q", "--ff-only", "feature")  # also where it waits on the local main, not yet pushed
    prove(clone, eve, "solo")
    assert f"unknown key {eve.fingerprint}" in refusal(clone, ci).reasons[0]
    with pytest.raises(RefusedError, match="signature would not count"):
        prove(clone, ci, "solo")
        releaser(clone, eve).release(Wish(modules=("solo",), push=True))


def test_a_branch_cannot_take_the_file_away_but_it_can_bring_it(make_repository: MakeRepository, ci: Key) -> None:
    clone = make_repository(FILES)
    prove(clone, None, "solo")
    allow(clone, ci, push=False)
    assert "is not signed" in refusal(clone, ci).reasons[0]
    git(clone, "push", "-q", "origin", "main")
    git(clone, "rm", "-q", "allowed_signers")
    git(clone, "commit", "-q", "-m", "no signers")
    assert "is not signed" in refusal(clone, ci).reasons[0]


def test_evidence_swapped_between_modules_does_not_count(clone: Path, ci: Key) -> None:
    """The signed evidence of vpc, with its module and digest written over: the signature is of other bytes."""
    stolen = []
    for theirs, mine in zip(evidence_of(clone, "vpc"), evidence_of(clone, "solo"), strict=True):
        envelope = signed(theirs, ci)["attestation"]
        stolen.append({**mine.to_body(), "attestation": envelope})
    write(clone, *stolen)
    assert f"its signature by ci@acme ({ci.fingerprint}) is of other bytes" in refusal(clone, ci).reasons[0]


def test_evidence_about_another_tree_does_not_count(clone: Path, ci: Key) -> None:
    write(clone, *(signed(replace(one, tree="1" * 40), ci) for one in evidence_of(clone, "solo")))
    assert "it is about the tree 111111111111, these files are" in refusal(clone, ci).reasons[0]


def test_unsigned_evidence_neither_proves_nor_hides(clone: Path, ci: Key, eve: Key) -> None:
    prove(clone, ci, "solo")
    prove(clone, None, "solo", verdict=Verdict.FAILED)
    prove(clone, eve, "solo", verdict=Verdict.FAILED)
    assert tags(releaser(clone, ci).release(Wish(modules=("solo",), push=True))) == ["solo/v0.1.0"]


def test_a_signed_failure_takes_a_signed_pass_away_also_when_that_is_written_again(clone: Path, ci: Key) -> None:
    prove(clone, ci, "solo")
    prove(clone, ci, "solo", verdict=Verdict.FAILED)
    prove(clone, ci, "solo")  # the very same evidence: a replay, not a new run
    assert "is failed on moto" in refusal(clone, ci).reasons[0]


def test_a_release_that_would_not_be_signed_is_refused_before_anything_is_made(clone: Path, ci: Key, eve: Key) -> None:
    prove(clone, ci, "solo")
    head = git(clone, "rev-parse", "HEAD")
    with pytest.raises(RefusedError, match="No key signs the tag") as none:
        releaser(clone, None).release(Wish(modules=("solo",), push=True))
    assert "MODFERRY_SIGNING_KEY" in none.value.remedy
    with pytest.raises(RefusedError, match="No key signs the tag"):
        releaser(clone, None).release(Wish(modules=("solo",), dry_run=True))
    with pytest.raises(RefusedError, match=f"unknown key {eve.fingerprint}".replace("+", r"\+")):
        releaser(clone, eve).release(Wish(modules=("solo",), push=True))
    assert (git(clone, "tag"), git(clone, "rev-parse", "HEAD")) == ("", head)


def test_what_cannot_be_checked_is_unknown(clone: Path, ci: Key) -> None:
    prove(clone, ci, "solo")
    with pytest.raises(UndecidedError, match="nothing here can check one"):
        unwired(clone).release(Wish(modules=("solo",), push=True))


def test_a_key_counts_for_what_was_written_while_it_was_valid(make_repository: MakeRepository, ci: Key) -> None:
    """By the ledger's time of the entry (22 November 2026), whatever the clock says today."""
    clone = make_repository(FILES)
    prove(clone, ci, "solo")
    options = 'valid-after="20261101",valid-before="20261122"'
    write_files(clone, {"allowed_signers": ci.line(options)})
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "chore: signers")
    assert "key has expired" in refusal(clone, ci).reasons[0]
    write_files(clone, {"allowed_signers": ci.line(options.replace("20261122", "20261123"))})
    git(clone, "commit", "-q", "-a", "-m", "chore: a day longer")
    assert tags(releaser(clone, ci).release(Wish(modules=("solo",), push=True))) == ["solo/v0.1.0"]

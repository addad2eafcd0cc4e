"""`modferry verify` and promotion, with signatures: a good release holds, each forgery is named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.commands.release import Wish
from pipeline.commands.verify import prove_on_origin
from pipeline.domain.gate import Allowed, Refused
from pipeline.domain.ledger import Draft, Entry
from pipeline.errors import Exit
from pipeline.wiring.repository import entries_of
from pipeline.wiring.signing import prover
from tests.conftest import MakeRepository, git, second_clone
from tests.fleet.story import Modferry, runner
from tests.fleet.test_verify import entries, rewrite
from tests.release.test_release import FILES
from tests.trust.keys import Key, allow, evidence_of, open_project, prove, releaser, signed

TAG = "vpc/v0.1.0"


@pytest.fixture
def clone(make_repository: MakeRepository, ci: Key) -> Path:
    """Released with signed evidence and signed tags."""
    clone = make_repository(FILES)
    allow(clone, ci)
    prove(clone, ci, "vpc", "core", "solo")
    releaser(clone, ci).release(Wish(push=True))
    return clone


@pytest.fixture
def modferry(clone: Path, capsys: pytest.CaptureFixture[str]) -> Modferry:
    return runner(clone, capsys)


def mine(clone: Path, module: str = "vpc") -> list[Entry]:
    return [e for e in entries(clone) if e.kind == "evidence" and e.body["module"] == module]


def named_again(clone: Path, change: Callable[[Entry], dict[str, Any]]) -> None:
    """What a forger with the right to write the ledger does: change entries, then let the release name them."""
    numbers = [e.number for e in mine(clone)]
    rewrite(clone, change)
    ids = [e.id for e in entries(clone) if e.number in numbers]
    rewrite(
        clone,
        lambda e: {**e.body, "evidence": ids} if e.kind == "release" and e.body["module"] == "vpc" else dict(e.body),
    )


def on_origin(clone: Path, tag: str = TAG) -> Allowed | Refused:
    """As a promotion asks."""
    main, commit = git(clone, "rev-parse", "origin/main").strip(), git(clone, "rev-parse", f"{tag}^{{}}").strip()
    decision = prover(open_project(clone))(main, tag, commit)
    assert isinstance(decision, Allowed | Refused)
    return decision


def test_a_signed_release_is_proved_with_the_names_of_who_signed(clone: Path, ci: Key, modferry: Modferry) -> None:
    (clone.parent / "origin.git").rename(clone.parent / "gone.git")
    said = modferry("verify", TAG, "--json")
    assert said.code == Exit.DONE, said.text
    checks = {check["name"].partition(" ")[0]: check["says"] for check in said.document["checks"]}
    assert checks["signature"] == f"signed by ci@acme ({ci.fingerprint})"
    assert checks["evidence"] == "integration passed on moto, signed by ci@acme"


def test_it_may_be_promoted_also_from_a_clone_that_never_fetched_the_tag(clone: Path) -> None:
    assert on_origin(clone) == Allowed()
    other = second_clone(clone)
    commit = git(other, "rev-parse", f"{TAG}^{{}}").strip()
    git(other, "tag", "-d", TAG)
    git(other, "fetch", "-q", "--no-tags", "origin", "modferry-ledger:modferry-ledger")
    main = git(other, "rev-parse", "origin/main").strip()
    assert prover(open_project(other))(main, TAG, commit) == Allowed()
    assert TAG not in git(other, "tag")


def test_a_version_from_before_the_signers_is_refused_with_what_to_do(
    make_repository: MakeRepository, ci: Key, capsys: pytest.CaptureFixture[str]
) -> None:
    clone = make_repository(FILES)
    prove(clone, None, "vpc", "core", "solo")
    releaser(clone, None).release(Wish(push=True))
    modferry = runner(clone, capsys)
    before = modferry("verify", TAG, "--json")
    assert before.code == Exit.DONE
    assert {"name": "signature", "ok": True, "says": "not signed: main has no allowed_signers"} in before.document[
        "checks"
    ]
    assert on_origin(clone) == Allowed()
    allow(clone, ci)
    after = modferry("verify", TAG)
    assert after.code == Exit.REFUSED
    assert "Refused signature: the tag is not signed, and there is allowed_signers of main" in after.text
    assert "does not count: it is not signed" in after.text
    decision = on_origin(clone)
    assert isinstance(decision, Refused)
    assert decision.reasons[0].startswith(f"{TAG}: the tag is not signed")
    assert f"modferry verify {TAG}; test and release vpc anew" in decision.remedy


def test_a_tag_signed_by_an_unknown_key_is_refused(clone: Path, eve: Key, modferry: Modferry) -> None:
    made = open_project(clone).repository.tag_object(  # type: ignore[attr-defined]
        TAG, git(clone, "rev-parse", f"{TAG}^{{}}").strip(), _message(clone), eve.sign
    )
    git(clone, "update-ref", f"refs/tags/{TAG}", made)
    said = modferry("verify", TAG)
    assert said.code == Exit.REFUSED
    assert f"Refused signature: the tag does not count: it is signed by the unknown key {eve.fingerprint}" in said.text
    git(clone, "push", "-qf", "origin", f"refs/tags/{TAG}")
    decision = on_origin(clone)
    assert isinstance(decision, Refused)
    assert eve.fingerprint in decision.reasons[0]


def test_a_key_that_only_the_checked_out_branch_allows_is_unknown(
    clone: Path, ci: Key, eve: Key, modferry: Modferry
) -> None:
    made = open_project(clone).repository.tag_object(  # type: ignore[attr-defined]
        TAG, git(clone, "rev-parse", f"{TAG}^{{}}").strip(), _message(clone), eve.sign
    )
    git(clone, "update-ref", f"refs/tags/{TAG}", made)
    git(clone, "switch", "-q", "-c", "feature")
    allow(clone, ci, eve, push=False)
    said = modferry("verify", TAG)
    assert said.code == Exit.REFUSED
    assert f"unknown key {eve.fingerprint}" in said.text


def test_a_signed_tag_under_another_name_is_refused(clone: Path, modferry: Modferry) -> None:
    git(clone, "update-ref", "refs/tags/core/v0.1.0", git(clone, "rev-parse", f"refs/tags/{TAG}").strip())
    said = modferry("verify", "core/v0.1.0")
    assert said.code == Exit.REFUSED
    assert "Refused signature: the signed tag says tag vpc/v0.1.0, and it stands for core/v0.1.0" in said.text


def test_a_force_moved_tag_is_refused(clone: Path, modferry: Modferry) -> None:
    git(clone, "commit", "-q", "--allow-empty", "-m", "other")
    git(clone, "tag", "-f", "-a", TAG, "-m", _message(clone))
    said = modferry("verify", TAG)
    assert said.code == Exit.REFUSED
    assert "Refused commit: the tag moved: it was released at" in said.text
    assert "Refused signature: the tag is not signed" in said.text


def test_edited_evidence_is_named_although_all_else_was_written_again(clone: Path, modferry: Modferry) -> None:
    first = mine(clone)[0]
    named_again(clone, lambda e: {**e.body, "seconds": 9.9} if e.number == first.number else dict(e.body))
    said = modferry("verify", TAG)
    assert said.code == Exit.REFUSED
    assert f"entry {first.number} is about vpc" in said.text
    assert "and what was signed is about other results" in said.text


def test_evidence_swapped_between_modules_is_named(clone: Path, modferry: Modferry) -> None:
    """solo's signed envelopes under vpc's evidence."""
    theirs = {e.body["suite"]: e.body["attestation"] for e in mine(clone, "solo")}
    numbers = {e.number for e in mine(clone)}
    named_again(
        clone,
        lambda e: {**e.body, "attestation": theirs[e.body["suite"]]} if e.number in numbers else dict(e.body),
    )
    said = modferry("verify", TAG)
    assert said.code == Exit.REFUSED
    assert f"entry {min(numbers)} is about vpc" in said.text
    assert "and what was signed is about solo" in said.text


def test_evidence_signed_by_an_unknown_key_is_named(clone: Path, eve: Key, modferry: Modferry) -> None:
    git(clone, "checkout", "-q", f"{TAG}^{{}}")
    made = {str(one.key.suite): signed(one, eve) for one in evidence_of(clone, "vpc")}
    numbers = {e.number for e in mine(clone)}
    named_again(clone, lambda e: made[e.body["suite"]] if e.number in numbers else dict(e.body))
    said = modferry("verify", TAG)
    assert said.code == Exit.REFUSED
    assert f"entry {min(numbers)} does not count: it is signed by the unknown key {eve.fingerprint}" in said.text


def test_a_forged_release_of_other_bytes_may_not_be_promoted(clone: Path, ci: Key) -> None:
    """Who can write the ledger and push tags, but has no key: a tag made by hand, with the good version's evidence."""
    git(clone, "tag", "-a", "vpc/v0.2.0", "-m", _message(clone).replace("0.1.0", "0.2.0"))
    git(clone, "push", "-q", "origin", "vpc/v0.2.0")
    good = next(e.body for e in entries(clone) if e.kind == "release" and e.body["module"] == "vpc")
    forged = {**good, "version": "0.2.0", "tag": "vpc/v0.2.0", "commit": git(clone, "rev-parse", "HEAD").strip()}
    open_project(clone).ledger.append(lambda _: [Draft(kind="release", body=forged)], push=True)
    decision = on_origin(clone, "vpc/v0.2.0")
    assert isinstance(decision, Refused)
    assert "vpc/v0.2.0: the tag is not signed" in decision.reasons[0]


def test_where_main_names_no_signers_nothing_is_asked_for(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    opened = open_project(clone)
    main = git(clone, "rev-parse", "HEAD").strip()
    assert prove_on_origin(opened, entries_of(opened), lambda _: b"", main, "no/v1.0.0", main) == Allowed()


def _message(clone: Path) -> str:
    text = git(clone, "for-each-ref", f"refs/tags/{TAG}", "--format=%(contents)")
    return text.partition("-----BEGIN")[0]

"""ssh-keygen both ways: what counts, and what each signature that does not count is told."""

import subprocess
from pathlib import Path

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.signatures import SshSigner, check_signature
from pipeline.domain.trust import Signed, armored, bare, fingerprint
from pipeline.errors import UsageError
from tests.conftest import MakeRepository, git
from tests.trust.keys import Key, make_key

AT = "2026-11-22T12:00:00Z"


def check(allowed: str, data: bytes, signature: str, namespace: str = "modferry-evidence", at: str = AT) -> Signed:
    return check_signature(allowed, "the file", data, signature, namespace, at)


@pytest.fixture(scope="module")
def signature(ci: Key) -> str:
    return ci.sign(b"data", "modferry-evidence")


def test_a_known_key_counts_and_is_named(ci: Key, signature: str) -> None:
    found = check(ci.line(), b"data", signature)
    assert found == Signed(principal="ci@acme", key=ci.fingerprint)
    assert fingerprint(signature) == ci.fingerprint
    assert bare(armored(signature)) == signature


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_other_kinds_of_keys_count_too(tmp_path: Path, kind: str) -> None:
    key = make_key(tmp_path, "bob@acme", kind)
    made = key.sign(b"data", "git")
    assert check(key.line(), b"data", made, "git") == Signed(principal="bob@acme", key=key.fingerprint)


def test_a_key_as_text_signs_the_same_and_leaves_nothing(
    ci: Key, signature: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert SshSigner(key=ci.path.read_text().strip())(b"data", "modferry-evidence") == signature
    assert list(tmp_path.iterdir()) == []
    assert "PRIVATE" not in repr(SshSigner(key=ci.path.read_text()))


@pytest.mark.parametrize(
    ("allowed", "data", "namespace", "at", "says"),
    [
        (
            "{eve}",
            b"data",
            "modferry-evidence",
            AT,
            "it is signed by the unknown key {ci} (the file: the file does not list it)",
        ),
        ("", b"data", "modferry-evidence", AT, "it is signed by the unknown key {ci}"),
        ("{ci}", b"other", "modferry-evidence", AT, "its signature by ci@acme ({ci}) is of other bytes"),
        ("{ci}", b"data", "git", AT, "namespace does not match"),
        ("{git}", b"data", "modferry-evidence", AT, "not permitted for use in signature namespace"),
        ("{old}", b"data", "modferry-evidence", "2026-12-02T00:00:00Z", "key has expired"),
        ("nonsense", b"data", "modferry-evidence", AT, "unknown key"),
    ],
)
def test_what_does_not_count_says_why(
    ci: Key, eve: Key, signature: str, allowed: str, data: bytes, namespace: str, at: str, says: str
) -> None:
    lines = {
        "{ci}": ci.line(),
        "{eve}": eve.line(),
        "{git}": ci.line('namespaces="git"'),
        "{old}": ci.line('valid-before="20261201"'),
    }
    found = check(lines.get(allowed, allowed), data, signature, namespace, at)
    assert says.replace("{ci}", ci.fingerprint) in found.problem


def test_a_key_that_was_replaced_keeps_what_it_signed_before(ci: Key, signature: str) -> None:
    assert check(ci.line('valid-before="20261201"'), b"data", signature).problem == ""


@pytest.mark.parametrize("text", ["", "%", "c2ln", "U1NIU0lH"])
def test_no_signature_at_all(ci: Key, text: str) -> None:
    assert check(ci.line(), b"data", text).problem == "what stands for its signature is none"


def test_what_cannot_sign_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "key"
    broken.write_text("no key\n")
    with pytest.raises(UsageError, match="cannot sign") as error:
        SshSigner(key=str(broken))(b"data", "git")
    assert "ssh-keygen -t ed25519" in error.value.remedy
    with pytest.raises(UsageError, match="The key in MODFERRY_SIGNING_KEY cannot sign") as error:
        SshSigner(key="-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n")(b"data", "git")
    assert "secret" not in str(error.value)


def test_git_itself_verifies_a_signed_tag(make_repository: MakeRepository, ci: Key, eve: Key) -> None:
    clone = make_repository({})
    repository = GitRepository(clone)
    made = repository.tag_object("vpc/v1.0.0", repository.head(), "vpc/v1.0.0\n\nDigest: x\n", ci.sign)
    git(clone, "update-ref", "refs/tags/vpc/v1.0.0", made)
    (clone / "signers").write_text(ci.line())
    config = ("-c", "gpg.format=ssh", "-c", "gpg.ssh.allowedSignersFile=signers")
    git(clone, *config, "tag", "-v", "vpc/v1.0.0")
    (clone / "signers").write_text(eve.line())
    with pytest.raises(subprocess.CalledProcessError):
        git(clone, *config, "tag", "-v", "vpc/v1.0.0")

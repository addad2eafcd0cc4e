"""Whose evidence counts. Without an `allowed_signers` file on main everybody's; with one only what a key in it signed.

The file is always main's, as everybody shares it: one in a working tree, on a branch or in a pull request could be
written by the very person whom it is there to stop. Keys and times are OpenSSH's (ssh-keygen(1), ALLOWED SIGNERS): a
key that is replaced keeps its past with `valid-before`, a key that leaked is taken out and loses it.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from pipeline.domain.evidence import Evidence, EvidenceKey
from pipeline.domain.history import History
from pipeline.domain.statement import NAMESPACE, signed_bytes, statement_of

ALLOWED_SIGNERS = "allowed_signers"
"""Its path in the repository."""

TAGS = "git"
"""The namespace that git signs in."""

BEGIN, END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What a signature is worth: who made it, with which key (`SHA256:…`); `problem` says why it counts for nothing."""

    principal: str = ""
    key: str = ""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Signers:
    """The keys that count. `where` names the file for people; `check` holds a base64 signature against it:
    (signed bytes, signature, namespace, ledger time at which the key must have been valid)."""

    where: str
    check: Callable[[bytes, str, str, str], Signed]

    def judge(self, evidence: Evidence) -> Signed:
        """Whether somebody who may has signed this piece of evidence, all of it.

        Fails closed: unsigned, edited, taken from another module or signed by an unknown key are all a problem.
        """
        if not evidence.signature:
            return Signed(problem=f"it is not signed, and there is {self.where}")
        return self.check(signed_bytes(statement_of(evidence)), evidence.signature, NAMESPACE, evidence.at)


@dataclass(frozen=True, kw_only=True)
class Countable:
    """The evidence of a module that counts, and for the other keys why what is there does not."""

    evidence: Mapping[EvidenceKey, Evidence]
    left: Mapping[EvidenceKey, str] = field(default_factory=dict)


def countable(history: History, module: str, digest: str, tree: str, signers: Signers | None) -> Countable:
    """Evidence that was written about this module, of these bytes; with signers the newest signed one of each key.

    Fails closed: what does not count is as if it were not there, so unsigned evidence neither proves nor hides.
    """
    if signers is None:
        return Countable(evidence={key: found for key, found in history.evidence.items() if found.module == module})
    counts: dict[EvidenceKey, Evidence] = {}
    left: dict[EvidenceKey, str] = {}
    for key, newest in history.evidence.items():
        if key.digest != digest:
            continue
        signed = reversed(history.signed.get(key, ()))
        good = next((found for found in signed if not _problem(found, module, tree, signers)), None)
        if good:
            counts[key] = good
        else:
            left[key] = f"entry {newest.id}: {_problem(newest, module, tree, signers)}"
    return Countable(evidence=counts, left=left)


def _problem(evidence: Evidence, module: str, tree: str, signers: Signers) -> str:
    if evidence.module != module:
        return f"it is evidence of {evidence.module}"
    if evidence.tree != tree:
        return f"it is about the tree {evidence.tree[:12] or '(none)'}, these files are {tree[:12]}"
    return signers.judge(evidence).problem


def armored(signature: str) -> str:
    """A base64 signature as OpenSSH writes it to a file."""
    lines = [signature[at : at + 70] for at in range(0, len(signature), 70)]
    return "\n".join((BEGIN, *lines, END)) + "\n"


def bare(signature: str) -> str:
    """The base64 of an armored signature."""
    inside = signature.partition(BEGIN)[2].partition(END)[0]
    return "".join(inside.split())


def fingerprint(signature: str) -> str:
    """`SHA256:…` of the key that a base64 signature says it was made with; empty for what is no SSH signature.

    The format is OpenSSH's PROTOCOL.sshsig: `SSHSIG`, a version, then the public key with its length before it.
    """
    try:
        raw = b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return ""
    if raw[:6] != b"SSHSIG" or len(raw) < 14:
        return ""
    size = int.from_bytes(raw[10:14], "big")
    return "SHA256:" + b64encode(sha256(raw[14 : 14 + size]).digest()).decode().rstrip("=")

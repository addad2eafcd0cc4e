"""Evidence as an in-toto Statement, its bytes always the same, and the DSSE envelope that carries its signature.

The subject is the module with the git tree of the tested files; the predicate is a test result
(https://in-toto.io/attestation/test-result/v0.1) whose configuration names the suite, the target and the tools,
and holds the sha256 of the whole piece of evidence: a signature is about all of it. What is signed is DSSE's
pre-authentication encoding (https://github.com/secure-systems-lab/dsse/blob/master/protocol.md).
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from pipeline.domain.evidence import Evidence
from pipeline.domain.verdict import Verdict

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
PAYLOAD = "application/vnd.in-toto+json"
NAMESPACE = "modferry-evidence"
"""What evidence is signed for: a signature made for something else (git, a file) is no evidence."""

RESULTS = {Verdict.PASSED: "PASSED", Verdict.UNSUPPORTED: "WARNED"}
"""Everything else is FAILED: the predicate has no word for "could not find out", and that is no pass."""


def statement_of(evidence: Evidence) -> bytes:
    """The canonical bytes (JSON, sorted keys, no spaces, UTF-8) of evidence that knows its tree."""
    body, key = evidence.to_body(), evidence.key
    about = {name: body[name] for name in ("suite", "target", "terraform", "provider", "emulator", "base", "verdict")}
    predicate: dict[str, Any] = {
        "result": RESULTS.get(evidence.verdict, "FAILED"),
        "configuration": [
            {
                "name": f"{key.suite} on {key.target}",
                "digest": {"sha256": sha256(_canonical(body)).hexdigest()},
                "mediaType": "application/json",
                "annotations": {**about, "digest": key.digest},
            }
        ],
        "passedTests": list(evidence.passed),
        "warnedTests": list(dict.fromkeys((*evidence.unsupported, *evidence.flaky))),
    }
    subject = [{"name": evidence.module, "digest": {"gitTree": evidence.tree}}]
    return _canonical({"_type": STATEMENT, "subject": subject, "predicateType": PREDICATE, "predicate": predicate})


def signed_bytes(statement: bytes) -> bytes:
    """What is signed instead of the bare statement: its type and both lengths with it."""
    return f"DSSEv1 {len(PAYLOAD)} {PAYLOAD} {len(statement)} ".encode() + statement


def attested(evidence: Evidence, signature: str, key: str) -> dict[str, Any]:
    """An evidence entry's body with its envelope. `signature` is base64, `key` the fingerprint of what made it."""
    unsigned = replace(evidence, signature="")
    envelope = {
        "payloadType": PAYLOAD,
        "payload": b64encode(statement_of(unsigned)).decode(),
        "signatures": [{"keyid": key, "sig": signature}],
    }
    return {**unsigned.to_body(), "attestation": envelope}


def attested_subject(body: Mapping[str, Any]) -> tuple[str, str]:
    """(module, git tree) that an entry's envelope is about; empty where it cannot be read."""
    try:
        statement = json.loads(b64decode(body["attestation"]["payload"], validate=True))
        [subject] = statement["subject"]
        return str(subject["name"]), str(subject["digest"]["gitTree"])
    except (KeyError, TypeError, ValueError):
        return "", ""


def is_payload(evidence: Evidence, body: Mapping[str, Any]) -> bool:
    """Whether an entry's envelope carries the statement of its own evidence, byte for byte."""
    try:
        return b64decode(body["attestation"]["payload"], validate=True) == statement_of(evidence)
    except (KeyError, TypeError, ValueError):
        return False


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

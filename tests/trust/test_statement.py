"""Statements: in-toto's shape, canonical bytes, all of the evidence in them; the tree is git's own."""

import json
from base64 import b64decode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from pipeline.domain.evidence import Evidence, EvidenceKey
from pipeline.domain.git_tree import tree_id
from pipeline.domain.statement import PREDICATE, attested, attested_subject, is_payload, statement_of
from pipeline.domain.verdict import Verdict
from tests.conftest import MakeRepository, git, write_files
from tests.release.test_release import FILES, project

KEY = EvidenceKey(
    digest="sha256:" + "d" * 64, suite="unit", target="moto", terraform="1.11.4", provider="5.100.0", emulator="moto 5"
)
EVIDENCE = Evidence(
    key=KEY,
    module="vpc",
    verdict=Verdict.PASSED,
    counts={"passed": 2},
    seconds=1.23456,
    passed=("a", "b"),
    flaky=("b",),
    extra={"findings": [{"rule": "é"}]},
    tree="1" * 40,
)


def test_a_statement_is_in_totos_test_result() -> None:
    statement = json.loads(statement_of(EVIDENCE))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == PREDICATE
    assert statement["subject"] == [{"name": "vpc", "digest": {"gitTree": "1" * 40}}]
    predicate = statement["predicate"]
    assert predicate["result"] == "PASSED"
    assert (predicate["passedTests"], predicate["warnedTests"]) == (["a", "b"], ["b"])
    [configuration] = predicate["configuration"]
    whole = json.dumps(EVIDENCE.to_body(), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert configuration["digest"] == {"sha256": sha256(whole).hexdigest()}
    assert configuration["annotations"]["terraform"] == "1.11.4"


@pytest.mark.parametrize(("verdict", "result"), [(v, "FAILED") for v in Verdict if v not in ("passed", "unsupported")])
def test_only_passed_is_passed(verdict: Verdict, result: str) -> None:
    assert json.loads(statement_of(replace(EVIDENCE, verdict=verdict)))["predicate"]["result"] == result
    assert json.loads(statement_of(replace(EVIDENCE, verdict=Verdict.UNSUPPORTED)))["predicate"]["result"] == "WARNED"


def test_what_the_ledger_keeps_makes_the_same_bytes_again() -> None:
    body = json.loads(json.dumps(attested(EVIDENCE, "c2ln", "SHA256:x")))
    read = Evidence.from_body(body, "1-abc", "2026-11-22T12:00:00Z")
    assert read.signature == "c2ln"
    assert statement_of(read) == statement_of(EVIDENCE) == b64decode(body["attestation"]["payload"])
    assert is_payload(read, body)
    assert attested_subject(body) == ("vpc", "1" * 40)


@pytest.mark.parametrize(
    "edit",
    [
        {"module": "solo"},
        {"verdict": Verdict.FAILED},
        {"seconds": 9.9},
        {"tree": "2" * 40},
        {"unsupported": ("c",)},
        {"extra": {}},
        {"counts": {"passed": 3}},
        *({"key": replace(KEY, **{name: "other"})} for name in KEY.__dataclass_fields__),
    ],
)
def test_every_part_of_evidence_is_in_its_statement(edit: dict[str, object]) -> None:
    assert statement_of(replace(EVIDENCE, **edit)) != statement_of(EVIDENCE)  # type: ignore[arg-type]


@pytest.mark.parametrize("broken", [{}, {"payload": "%"}, {"payload": "e30="}, "text", None])
def test_a_broken_envelope_is_no_envelope(broken: object) -> None:
    body = {**EVIDENCE.to_body(), "attestation": broken}
    read = Evidence.from_body(body, "1-abc")
    assert (read.signature, attested_subject(body), is_payload(read, body)) == ("", ("", ""), False)


def test_the_tree_is_the_one_that_git_writes_for_the_tested_files(make_repository: MakeRepository) -> None:
    clone = make_repository(
        {**FILES, "modules/vpc/CHANGELOG.md": "old\n", "modules/vpc/a.b/x": "1", "modules/vpc/a/y": "2"}
    )
    (clone / "modules/vpc/run.sh").write_text("#!/bin/sh\n")
    (clone / "modules/vpc/run.sh").chmod(0o755)
    (clone / "modules/vpc/link").symlink_to("main.tf")
    graph = project(clone).graph()
    tree = graph.tested_tree(graph.modules["core"])
    git(clone, "rm", "-q", "--cached", "modules/vpc/CHANGELOG.md")
    git(clone, "rm", "-rq", "--cached", "modules/solo")
    git(clone, "add", "modules/core", "modules/vpc/run.sh", "modules/vpc/link")
    assert tree == git(clone, "write-tree").strip()


def test_a_changelog_is_not_in_it_and_everything_else_is(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    graph = project(clone).graph()
    before = graph.tested_tree(graph.modules["vpc"])
    write_files(clone, {"modules/vpc/CHANGELOG.md": "new\n"})
    graph = project(clone).graph()
    assert graph.tested_tree(graph.modules["vpc"]) == before
    write_files(clone, {"modules/vpc/tests/unit/a.tftest.hcl": "# other\n"})
    graph = project(clone).graph()
    assert graph.tested_tree(graph.modules["vpc"]) != before


def test_no_files_are_gits_empty_tree(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert tree_id([]) == git(tmp_path, "hash-object", "-t", "tree", "/dev/null").strip()

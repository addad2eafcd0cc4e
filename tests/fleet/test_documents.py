"""Every command that prints JSON has a schema in docs/schemas, and what it prints is what the schema says."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from pipeline.commands.ferry.engine import result_of
from pipeline.commands.results import SuiteResult, reused_result
from pipeline.domain.evidence import EvidenceKey
from pipeline.domain.promotion import claims
from pipeline.domain.promotion.phases import Outcome, Phase, StackPhase
from pipeline.domain.verdict import Case, Verdict
from tests.conftest import MakeRepository, git, write_files
from tests.fleet.story import SCHEMAS, begin, check_schema, pinned, runner

VERBS = Path(__file__).parents[2] / "pipeline/verbs"


def test_every_document_has_a_schema_that_is_one_and_names_it() -> None:
    names = {
        name
        for path in VERBS.glob("*.py")
        for name in re.findall(r'console\.document\(\s*"([\w-]+)"', path.read_text())
    }
    computed = {"yank", "hold", "unhold", "promote", "deploy", "rollback"}
    assert names | computed == {path.stem for path in SCHEMAS.glob("*.json")}
    for path in SCHEMAS.glob("*.json"):
        schema = json.loads(path.read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["properties"]["schema"] == {"const": f"modferry.{path.stem}/1"}
        assert "schema" in schema["required"]


def test_a_document_with_a_wrong_or_missing_field_is_noticed() -> None:
    good = {"name": "vpc", "path": "modules/vpc", "closure": ["vpc"], "latest": None, "changed": True}
    digest = "sha256:" + "0" * 64
    check_schema({"schema": "modferry.modules/1", "modules": [{**good, "digest": digest}]})
    for bad in ({**good, "digest": "sha256:1"}, good, {**good, "digest": digest, "more": 1}):
        with pytest.raises(jsonschema.ValidationError):
            check_schema({"schema": "modferry.modules/1", "modules": [bad]})


def test_modules_release_diff_and_docs(make_repository: MakeRepository, capsys: pytest.CaptureFixture[str]) -> None:
    clone = make_repository({"modules/vpc/main.tf": 'variable "a" {\n  type = string\n}\n'})
    modferry = runner(clone, capsys)
    assert modferry("modules", "--json").document["modules"]
    assert modferry("release", "--dry-run", "--json").document["refused"]
    git(clone, "tag", "-a", "vpc/v1.0.0", "-m", "by hand")
    write_files(clone, {"modules/vpc/main.tf": ""})
    git(clone, "commit", "-qam", "feat!: drop a")
    git(clone, "tag", "-a", "vpc/v2.0.0", "-m", "by hand")
    found = modferry("diff", "vpc", "--from", "vpc/v1.0.0", "--json").document
    assert (found["bump"], bool(found["findings"])) == ("major", True)
    assert len(modferry("diff", "vpc", "--history", "--json").document["pairs"]) == 1
    assert modferry("docs", "--check", "--json").document["modules"]


def test_test_results() -> None:
    key = EvidenceKey(
        digest="sha256:" + "a" * 64, suite="unit", target="moto", terraform="1", provider="5", emulator="moto"
    )
    cases = tuple(Case(name=str(verdict), verdict=verdict, message="why") for verdict in Verdict)
    ran = SuiteResult(module="vpc", key=key, cases=cases, seconds=1.5)
    results = [ran.to_json(), reused_result(ran.to_evidence()).to_json()]
    check_schema({"schema": "modferry.test/1", "results": results, "provider": {"starts": 1}})


def test_promotions_however_they_stand(make_repository: MakeRepository) -> None:
    story = begin(make_repository, {"prod/a": pinned(core="1.0.0"), "prod/b": pinned(core="1.0.0")})
    waiting = story.open("prod", {"a": story.content("prod/a")}, reason="", core="1.0.0")
    story.move(waiting, Phase.WAITING, reason="approval", approval="0123456789abcdef")
    failed = story.open("prod", {"b": story.content("prod/b")}, reason="", core="1.0.0")
    story.stacks(failed, StackPhase.FAILED, "b", reason="503")
    story.move(failed, Phase.FAILING, reason="503")
    story.stacks(failed, StackPhase.UNRESTORABLE, "b", reason="nothing before")
    story.close(failed, Outcome.FAILED, "503")
    documents = [result_of(claims.find(story.ledger.history(), name)).to_document() for name in (waiting, failed)]
    for document in documents:
        for command in ("promote", "deploy", "rollback"):
            check_schema({"schema": f"modferry.{command}/1", **document})
    assert [document["phase"] for document in documents] == ["waiting", "failed"]
    check_schema({"schema": "modferry.recover/1", "promotions": documents, "left": []})

"""`modferry test` from argv to exit code, with a program that plays Terraform."""

import json
import os
from pathlib import Path

import pytest

from pipeline.cli import run
from pipeline.errors import Exit
from tests.conftest import MakeRepository, write_files
from tests.fakes.terraform import write_fake_terraform

STREAMS = Path(__file__).parents[1] / "fixtures" / "streams"
FILES = {"modules/note/main.tf": 'variable "x" {}\n', "modules/note/tests/unit/x.tftest.hcl": "# x\n"}


@pytest.fixture
def where(make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODFERRY_TERRAFORM", str(write_fake_terraform(tmp_path / "bin")))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    clone = make_repository(FILES)
    play(clone, "pass", 0)
    return clone


def play(clone: Path, stream: str, code: int) -> None:
    """What Terraform's test run will print and how it ends."""
    text = (STREAMS / f"{stream}.jsonl").read_text()
    write_files(clone, {"modules/note/stream.jsonl": text, "modules/note/code": str(code)})


def test(clone: Path, *arguments: str) -> int:
    return run(["-C", str(clone), "test", "--on", "account", "--suite", "unit", *arguments])


test.__test__ = False  # type: ignore[attr-defined]  # it runs the command of that name


@pytest.mark.parametrize(
    ("stream", "code", "expected"),
    [
        ("pass", 0, Exit.DONE),
        ("fail", 1, Exit.TESTS_FAILED),
        ("error", 1, Exit.TESTS_FAILED),
        ("cleanup", 1, Exit.TESTS_FAILED),
    ],
)
def test_the_exit_code_is_the_worst_case(where: Path, stream: str, code: int, expected: Exit) -> None:
    play(where, stream, code)
    assert test(where, "-j", "1") == expected


def test_what_could_not_be_found_out_is_20(where: Path) -> None:
    Path(os.environ["MODFERRY_TERRAFORM"]).write_text(
        '#!/bin/sh\ncase $1 in version) echo \'{"terraform_version":"1.11.4"}\';; test) kill -9 $$;; esac\n'
    )
    assert test(where, "-j", "1") == Exit.UNDECIDED


def test_an_empty_suite_is_20_and_said(where: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (where / "modules/note/tests/unit/x.tftest.hcl").unlink()
    assert test(where) == Exit.UNDECIDED
    assert "no case in its unit suite: that is not a pass" in capsys.readouterr().err


def test_the_second_run_says_known_and_prints_the_document(where: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert test(where, "--json") == Exit.DONE
    first = json.loads(capsys.readouterr().out)
    assert test(where, "--json") == Exit.DONE
    second = json.loads(capsys.readouterr().out)
    assert (first["schema"], first["results"][0]["reused"]) == ("modferry.test/1", False)
    assert [case["verdict"] for case in first["results"][0]["cases"]] == ["passed", "passed"]
    assert (second["results"][0]["reused"], second["results"][0]["digest"]) == (True, first["results"][0]["digest"])


def test_a_dry_run_starts_and_records_nothing(where: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert test(where, "--dry-run") == Exit.DONE
    assert "would run note unit tests/unit/x.tftest.hcl on account" in capsys.readouterr().err
    assert test(where, "--json") == Exit.DONE
    assert not json.loads(capsys.readouterr().out)["results"][0]["reused"]


def test_since_head_has_nothing_to_do(where: Path) -> None:
    play(where, "pass", 0)
    assert test(where, "--since", "HEAD") == Exit.DONE  # the two files of the play are not committed
    for name in ("stream.jsonl", "code"):
        (where / "modules/note" / name).unlink()
    assert test(where, "--since", "HEAD") == Exit.NOTHING


def test_junit_is_written(where: Path, tmp_path: Path) -> None:
    test(where, "--junit", str(tmp_path / "junit.xml"))
    assert 'tests="2"' in (tmp_path / "junit.xml").read_text()


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_shard_that_is_none_is_bad_usage(where: Path, shard: str) -> None:
    assert test(where, "--shard", shard) == Exit.USAGE


def test_an_unknown_module_is_bad_usage(where: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert test(where, "nope") == Exit.USAGE
    assert "There is no module 'nope'. Next: use one of note" in capsys.readouterr().err


def test_without_terraform_it_says_so(
    where: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODFERRY_TERRAFORM", str(where / "gone"))
    assert test(where) == Exit.UNDECIDED
    assert "which is not an executable. Next: unset MODFERRY_TERRAFORM" in capsys.readouterr().err


def test_a_run_leaves_no_folder(where: Path, tmp_path: Path) -> None:
    test(where)
    assert list((tmp_path / "cache" / "modferry" / "runs").iterdir()) == []

"""`modferry comment`: its text, its size, and one comment a pull request on a GitHub that remembers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.github import NO_COMMENT, GitHubApi, GitHubPullRequest, find_pull_request
from pipeline.cli import run
from pipeline.domain.fleet.comment import LIMIT, MARKER
from pipeline.errors import Exit, UndecidedError, UsageError
from tests.fleet.fake_github import TOKEN, FakeGitHub, serve
from tests.fleet.story import Modferry, runner

DIGEST = "sha256:" + "a" * 64


def result(module: str, suite: str, verdict: str, *cases: dict[str, Any], **more: Any) -> dict[str, Any]:
    row = {"module": module, "suite": suite, "target": "moto", "verdict": verdict, "reused": False}
    return {**row, "digest": DIGEST, "seconds": 1.25, "flaky": [], "cases": list(cases), **more}


def case(name: str, verdict: str = "passed", message: str = "") -> dict[str, Any]:
    return {"name": name, "verdict": verdict, "seconds": 1.0, "message": message}


def finding(bump: str, says: str, **more: Any) -> dict[str, Any]:
    return {"rule": "r", "bump": bump, "address": "var.cidr", "says": says, "file": "variables.tf", "line": 3, **more}


@pytest.fixture
def test_file(tmp_path: Path) -> Path:
    rows = [
        result("vpc", "static", "passed", case("fmt"), reused=True),
        result("vpc", "unit", "failed", case("a"), case("cidr is kept", "failed", "expected 10.0.0.0/16\n```\ngot")),
    ]
    return write(tmp_path / "test.json", {"schema": "modferry.test/1", "results": rows})


@pytest.fixture
def diff_file(tmp_path: Path) -> Path:
    found = [
        finding("major", "The variable | was <b>removed</b> by @everybody."),
        finding("minor", "An output is new."),
    ]
    document = {"schema": "modferry.diff/1", "module": "vpc", "from": "vpc/v1.0.0", "to": "HEAD"}
    return write(tmp_path / "diff.json", {**document, "bump": "major", "findings": found})


def write(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document))
    return path


@pytest.fixture
def modferry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Modferry:
    return runner(tmp_path, capsys)


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    with serve(FakeGitHub()) as github:
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setenv("GITHUB_API_URL", github.url)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        monkeypatch.setenv("GITHUB_REPOSITORY", "acme/infra")
        monkeypatch.setenv("GITHUB_REF", "refs/pull/7/merge")
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        yield github


def test_the_worst_comes_first_and_foreign_text_cannot_break_out(
    modferry: Modferry, test_file: Path, diff_file: Path
) -> None:
    said = modferry("comment", "--test", str(test_file), "--diff", str(diff_file), "--json")
    body = said.document["body"]
    assert said.document["action"] == "printed"
    assert body.splitlines()[:2] == [MARKER, "## modferry: 1 suite failed, 1 suite passed, needs a major version"]
    assert "**vpc** since `vpc/v1.0.0`: at least a **major** version" in body
    assert "| major | `var.cidr` (variables.tf:3) | The variable \\| was &lt;b\\>removed" in body
    assert "@everybody" not in body
    assert body.index("| vpc | unit | moto | failed | 2 | 1.2 s |") < body.index("| vpc | static | moto | passed |")
    assert "known (aaaaaaaaaaaa)" in body
    assert "````text\nexpected 10.0.0.0/16\n```\ngot\n````" in body
    assert "Run it here: `modferry test vpc`" in body
    assert "<summary>vpc cidr is kept: failed</summary>" in body


def test_without_github_the_markdown_is_printed(
    tmp_path: Path, test_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["comment", "--test", str(test_file)]) == Exit.DONE
    out = capsys.readouterr().out
    assert out.startswith(MARKER)
    assert "What this change does" not in out


def test_a_thousand_failures_still_fit_and_are_counted(modferry: Modferry, tmp_path: Path) -> None:
    cases = [case(f"case {n} " + "x" * 100, "failed", "m" * 5000) for n in range(1000)]
    rows = [result(f"module-{n}", "unit", "failed", *cases[n::100]) for n in range(100)]
    big = write(tmp_path / "big.json", {"schema": "modferry.test/1", "results": rows})
    many = [finding("major", "s" * 400, address=f"var.v{n}") for n in range(3000)]
    document = {"schema": "modferry.diff/1", "module": "m", "from": None, "to": "x", "bump": "major", "findings": many}
    diff = write(tmp_path / "diff.json", document)
    body = modferry("comment", "--test", str(big), "--diff", str(diff), "--json").document["body"]
    assert len(body) <= LIMIT
    assert "100 suites failed" in body
    shown = body.count("<details>")
    assert f"{1000 - shown} more cases did not pass" in body
    assert "more: `modferry diff m`" in body


def test_one_comment_is_made_kept_and_updated(
    github: FakeGitHub, modferry: Modferry, test_file: Path, diff_file: Path
) -> None:
    for n in range(120):  # more than a page of other people's words
        github.add(f"comment {n}", "User")
    first = modferry("comment", "--test", str(test_file), "--json").document
    assert (first["action"], len(github.comments)) == ("created", 121)
    assert modferry("comment", "--test", str(test_file), "--json").document["action"] == "unchanged"
    again = modferry("comment", "--test", str(test_file), "--diff", str(diff_file), "--json").document
    assert (again["action"], again["url"], len(github.comments)) == ("updated", first["url"], 121)
    assert "What this change does" in github.comments[-1]["body"]


def test_a_persons_comment_with_our_marker_is_not_taken_for_ours(
    github: FakeGitHub, modferry: Modferry, test_file: Path
) -> None:
    github.add(f"{MARKER}\nall green, merge!", "User")
    assert modferry("comment", "--test", str(test_file), "--json").document["action"] == "created"
    assert github.comments[0]["body"].endswith("merge!")


def test_a_dry_run_calls_nobody(github: FakeGitHub, modferry: Modferry, test_file: Path) -> None:
    assert modferry("comment", "--test", str(test_file), "--dry-run", "--json").document["action"] == "printed"
    assert github.calls == []


def client(github: FakeGitHub, token: str = TOKEN) -> GitHubPullRequest:
    waits: list[float] = []
    api = GitHubApi(api=github.url, repository="acme/infra", token=token, remedy=NO_COMMENT, sleep=waits.append)
    return GitHubPullRequest(github=api, number=7, only_bots=True)


def test_a_tired_github_is_asked_again(github: FakeGitHub) -> None:
    github.faults = {1: 502, 2: 429}
    assert client(github).upsert(f"{MARKER}\nx", MARKER)[0] == "created"
    assert [call.split()[0] for call in github.calls] == ["GET", "GET", "GET", "POST"]


def test_a_comment_that_may_have_been_written_is_not_sent_again(github: FakeGitHub) -> None:
    github.faults = {2: 502}
    with pytest.raises(UndecidedError, match="502"):
        client(github).upsert(f"{MARKER}\nx", MARKER)
    assert [call.split()[0] for call in github.calls] == ["GET", "POST"]


def test_a_refusal_says_what_to_give_and_never_the_token(github: FakeGitHub) -> None:
    with pytest.raises(UndecidedError, match=r"401.*pull-requests: write") as caught:
        client(github, token="wrong-secret").upsert(f"{MARKER}\nx", MARKER)
    assert "wrong-secret" not in str(caught.value) + repr(client(github, token="wrong-secret"))


def test_a_token_does_not_travel_in_clear_text() -> None:
    with pytest.raises(UsageError, match="not https"):
        GitHubApi(api="http://github.test", repository="a/b", token="t", remedy="")


def test_the_pull_request_is_found_in_the_event_or_the_ref(tmp_path: Path) -> None:
    event = write(tmp_path / "event.json", {"pull_request": {"number": 12}})
    base = {"GITHUB_TOKEN": "t", "GITHUB_REPOSITORY": "a/b"}
    for environ, number in (
        ({**base, "GITHUB_EVENT_PATH": str(event)}, 12),
        ({**base, "GITHUB_REF": "refs/pull/7/merge"}, 7),
        ({**base, "GITHUB_REF": "refs/heads/main"}, None),
        ({"GITHUB_REF": "refs/pull/7/merge"}, None),
    ):
        found = find_pull_request(environ, None)
        assert (found.number if found else None) == number


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": "modferry.status/1"}', '{"schema": "modferry.test/1"}'])
def test_a_file_that_is_no_such_document_is_named(modferry: Modferry, tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    said = modferry("comment", "--test", str(tmp_path / "bad.json"))
    assert said.code == Exit.USAGE
    assert "bad.json" in said.text
    assert modferry("comment").code == Exit.USAGE
    assert modferry("comment", "--diff", str(tmp_path / "absent.json")).code == Exit.USAGE

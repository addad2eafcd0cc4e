"""What a release says to whoever upgrades: in the changelog, on the host's page (the same), on the tag (short)."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.github import GitHubApi
from pipeline.adapters.github_releases import GitHubReleases, find_releases
from pipeline.cli import run
from pipeline.commands.announce import announce
from pipeline.commands.release import Wish
from pipeline.domain.announcing import LIMIT, RECENT, shorten
from pipeline.domain.changelog import find_section
from pipeline.domain.evidence import Evidence
from pipeline.domain.gate import Allowed
from pipeline.domain.rehearsal import Rehearsal, Undone, WayBack
from pipeline.domain.release import Candidate, Fact, NewVersion, tag_message
from pipeline.domain.release_notes import ROWS_SHOWN, upgrade_blocks
from pipeline.domain.verdict import Verdict
from pipeline.domain.version import Bump, Version
from tests.conftest import MakeRepository, git
from tests.fleet.fake_github import TOKEN, FakeGitHub, serve
from tests.fleet.story import runner
from tests.release.test_release import FILES, TOOLS, commit, prove, releaser
from tests.release.test_release import project as project_of

MOVED = "moved {\n  from = aws_subnet.a\n  to   = aws_subnet.b\n}"
FACTS = (
    Fact(rule="variable-removed", bump=Bump.MAJOR, address="var.cidr", says="Input cidr is gone: use a|b."),
    Fact(rule="output-added", bump=Bump.MINOR, address="output.id", says="Output id is new."),
    Fact(
        rule="resource-renamed",
        bump=Bump.MAJOR,
        address="aws_subnet.b",
        says=f"aws_subnet.a is now aws_subnet.b. Add:\n{MOVED}",
    ),
    Fact(rule="moved-dropped", bump=Bump.MAJOR, address="aws_subnet.c", says=f"The moved block is gone:\n{MOVED}"),
    Fact(rule="provider-floor-raised", bump=Bump.MINOR, address="provider.aws", says="aws from 5.1 on."),
    Fact(rule="terraform-floor-raised", bump=Bump.MINOR, address="terraform", says="Terraform from 1.9 on."),
    Fact(rule="upgrade-replaces", bump=Bump.MAJOR, address="module.n.aws_subnet.b", says="The upgrade replaces it."),
)
ROW = {
    "rule": "upgrade-replaces",
    "bump": "major",
    "address": "module.n.aws_subnet.b",
    "says": "x",
    "file": "modules/net/examples/complete/main.tf",
    "line": 1,
}
UPGRADE = Evidence(
    key=TOOLS.key(digest="d", suite="upgrade", target="moto", base="net/v1.0.0"),
    module="net",
    verdict=Verdict.PASSED,
    counts={"passed": 4},
    seconds=1.0,
    passed=(
        "examples/complete::upgrade from net/v1.0.0",
        "examples/complete::rehearsal",
        "examples/minimal::upgrade from net/v1.0.0",
    ),
    extra={"findings": [ROW]},
)


def version(
    facts: Sequence[Fact] = FACTS, *, latest: str | None = "1.0.0", way_back: WayBack = WayBack.LOSSY
) -> NewVersion:
    undone = (Undone(address="aws_db_instance.x", action="destroy", loses="the database"),)
    rehearsal = Rehearsal(way_back=way_back, base="net/v1.0.0", undone=undone if way_back is WayBack.LOSSY else ())
    candidate = Candidate(
        module="net",
        path="modules/net",
        latest=Version.parse(latest) if latest else None,
        digest="sha256:d",
        shipped="sha256:s",
        commits=(),
        facts=tuple(facts),
        evidence=(UPGRADE,),
        gate=Allowed(),
        because=("vpc",),
        rehearsal=rehearsal.to_json(),
    )
    return NewVersion(candidate=candidate, version=Version.parse("2.0.0"), bump=Bump.MAJOR, notes=())


def test_the_notes_answer_what_happens_to_me() -> None:
    built, table, examples, measured, back, snippet = upgrade_blocks(version())
    assert built == "Built on the new version of vpc."
    assert table.splitlines() == [
        "| kind | what | bump | says |",
        "|---|---|---|---|",
        r"| input | `var.cidr` | major | Input cidr is gone: use a\|b. |",
        "| output | `output.id` | minor | Output id is new. |",
        "| resource | `aws_subnet.b` | major | aws_subnet.a is now aws_subnet.b. Add (see below). |",
        "| resource | `aws_subnet.c` | major | The moved block is gone (see below). |",
        "| provider | `provider.aws` | minor | aws from 5.1 on. |",
        "| Terraform | `terraform` | minor | Terraform from 1.9 on. |",
    ]
    assert examples.splitlines()[2:] == [
        "| examples/complete of net/v1.0.0 | upgrade-replaces `module.n.aws_subnet.b` (major) |",
        "| examples/minimal of net/v1.0.0 | nothing |",
    ]
    assert measured == "- The upgrade replaces it."
    assert back == (
        "Way back, rehearsed: lossy: destroy of aws_db_instance.x: the database would be lost "
        "(a rollback that loses data is not made by itself)."
    )
    assert snippet == f"```hcl\n{MOVED}\n```", "the block once, ready to copy"


def test_nothing_to_say_is_said_with_nothing() -> None:
    assert upgrade_blocks(version(latest=None)) == ()
    blocks = upgrade_blocks(version((), way_back=WayBack.CLEAN))
    assert blocks[-1] == "Way back, rehearsed: clean (nothing would be replaced or destroyed)."
    assert len(blocks) == 3


def test_a_long_table_is_cut_and_says_so() -> None:
    many = [Fact(rule="r", bump=Bump.MINOR, address=f"var.v{n}", says="New.") for n in range(ROWS_SHOWN + 7)]
    table = upgrade_blocks(version(many))[1]
    assert table.count("| input |") == ROWS_SHOWN
    assert table.endswith("… and 7 more (`modferry diff`).")


def test_the_tag_says_it_in_short() -> None:
    message = tag_message(version(), "net/v2.0.0")
    assert "- aws_subnet.a is now aws_subnet.b. Add (see the changelog).\n" in message
    assert "moved {" not in message


def test_a_section_is_found_again_and_no_other() -> None:
    text = "# Changelog\n\nIntro.\n\n## [1.1.0] (2026-11-22)\n\n### Features\n\n- b\n\n## [1.0.0] (2026-11-20)\n\n- a\n"
    assert find_section(text, Version.parse("1.1.0")) == "### Features\n\n- b"
    assert find_section(text, Version.parse("1.0.0")) == "- a"
    assert find_section(text, Version.parse("9.9.9")) == ""


# -- the host's page -----------------------------------------------------------------------------------


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    with serve(FakeGitHub()) as github:
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield github


def pages(github: FakeGitHub) -> GitHubReleases:
    api = GitHubApi(api=github.url, repository="acme/infra", token=TOKEN, remedy="mend it", sleep=lambda _: None)
    return GitHubReleases(github=api)


@pytest.fixture
def clone(make_repository: MakeRepository) -> Path:
    """solo 0.1.0 and 0.2.0 released by us, and a tag of somebody else's."""
    clone = make_repository(FILES)
    prove(clone)
    releaser(clone).release(Wish(modules=("solo",), push=True))
    commit(clone, {"modules/solo/main.tf": "# nothing\n"}, "fix: tidy")
    prove(clone)
    releaser(clone, [Fact(rule="variable-removed", bump=Bump.MAJOR, address="var.x", says="x is gone.")]).release(
        Wish(modules=("solo",), push=True)
    )
    return clone


def test_the_page_has_the_words_of_the_changelog_and_a_second_run_makes_nothing(
    clone: Path, github: FakeGitHub
) -> None:
    first = announce(project_of(clone), pages(github))
    assert [one.tag for one in first] == ["solo/v0.1.0", "solo/v0.2.0"]
    made = github.releases[1]
    assert (made["name"], made["prerelease"]) == ("solo 0.2.0", False)
    assert made["body"] == find_section((clone / "modules/solo/CHANGELOG.md").read_text(), Version.parse("0.2.0"))
    assert "| input | `var.x` | major | x is gone. |" in made["body"]
    assert announce(project_of(clone), pages(github)) == ()


def test_what_could_not_be_made_is_made_by_a_later_run(clone: Path, github: FakeGitHub) -> None:
    github.faults = {2: 500}
    one, two = announce(project_of(clone), pages(github))
    assert "GitHub answered 500" in one.why
    assert two.url == "https://github.test/r/solo/v0.2.0"
    (again,) = announce(project_of(clone), pages(github))
    assert (again.tag, again.why) == ("solo/v0.1.0", "")


def test_a_host_that_is_away_is_said_and_nothing_else_changes(clone: Path, github: FakeGitHub) -> None:
    github.faults = {1: 403, 2: 403}
    (one,) = announce(project_of(clone), pages(github))
    assert one.why.startswith("Unknown: GitHub answered 403 to GET /repos/acme/infra/releases?")
    assert one.why.endswith(": no. Next: mend it")


def test_only_the_newest_releases_of_ours_are_looked_after(clone: Path, github: FakeGitHub) -> None:
    github.releases = [{"tag_name": f"x/v0.0.{n}", "draft": False} for n in range(150)]
    github.releases += [{"tag_name": "solo/v0.1.0", "draft": True}, {"tag_name": "solo/v0.2.0", "draft": False}]
    assert [one.tag for one in announce(project_of(clone), pages(github))] == ["solo/v0.1.0"], "a draft is no page"
    assert RECENT == 20


def test_a_text_that_is_too_long_is_cut_at_a_line() -> None:
    text = shorten("line\n" * LIMIT)
    assert len(text) < 125_000
    assert text.endswith("line\n\n… (the whole text is in CHANGELOG.md)")


def test_without_token_and_repository_there_is_no_page() -> None:
    assert find_releases({"GITHUB_TOKEN": "t"}) is None
    assert find_releases({"GITHUB_REPOSITORY": "a/b"}) is None


@pytest.mark.parametrize("address", ["", "http://github.test"])
def test_the_command_ends_as_without_a_page(
    clone: Path,
    github: FakeGitHub,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    address: str,
) -> None:
    modferry = runner(clone, capsys)
    for name, value in (("API_URL", address or github.url), ("TOKEN", TOKEN), ("REPOSITORY", "acme/infra")):
        monkeypatch.setenv(f"GITHUB_{name}", value)
    git(clone, "revert", "--no-edit", "HEAD~1")
    commit(clone, {"modules/solo/main.tf": "# nothing\n"}, "fix: as released")
    said = modferry("release", "solo", "--push", "--json")
    assert said.code == 3, said.text
    if address:
        assert "token would travel in clear text" in said.document["announced"][0]["why"]
        assert github.releases == []
    else:
        assert [one["tag"] for one in said.document["announced"]] == ["solo/v0.1.0", "solo/v0.2.0"]
        assert "solo/v0.2.0: https://github.test/r/solo/v0.2.0" in said.text
    assert TOKEN not in said.text


def test_a_dry_run_and_a_pending_release_tell_nobody(
    clone: Path, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("API_URL", github.url), ("TOKEN", TOKEN), ("REPOSITORY", "acme/infra")):
        monkeypatch.setenv(f"GITHUB_{name}", value)
    for words in (["--dry-run", "--push"], []):
        run(["-C", str(clone), "release", "solo", *words])
    assert github.calls == []
    assert GitRepository(clone).remote() == "origin"

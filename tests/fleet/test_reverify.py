"""`modferry reverify` as scenarios of several nights: what is tried, what it answers, what that answer does."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.harness.newest import newest_providers, read_lock
from pipeline.adapters.ledger import GitLedger
from pipeline.adapters.toolchain import Toolchain, find_toolchain
from pipeline.commands.project import Project
from pipeline.commands.promote import promote
from pipeline.commands.reverify import Tools, choose_versions, exit_of, reverify
from pipeline.commands.status import Outlook, read_board
from pipeline.config import read_settings
from pipeline.domain.evidence import Evidence, EvidenceKey
from pipeline.domain.ledger import Draft
from pipeline.domain.module import Files
from pipeline.domain.parts import Part
from pipeline.domain.reverification import Outcome, Reverification, conclude, judge_again
from pipeline.domain.settings import Environment
from pipeline.domain.verdict import Case, Suite, Verdict
from pipeline.errors import Exit, RefusedError, UndecidedError, UsageError
from pipeline.ports import RunPart
from tests.conftest import NOW, MakeRepository, git, second_clone, write_files
from tests.fakes.workbench import TOOLS, SilentProgress
from tests.fakes.world import World, process, version
from tests.fleet.story import SOURCE, Modferry, check_schema, pinned, runner

AWS = "registry.terraform.io/hashicorp/aws"
FILES = {
    "modferry.toml": f'source = "{SOURCE}"\n[test]\nsuites = ["static", "unit", "upgrade"]\n',
    "modules/vpc/main.tf": 'variable "cidr" {}\n',
    "modules/vpc/tests/unit/a.tftest.hcl": "# first\n",
    "modules/vpc/.terraform.lock.hcl": "# providers of the day\n",
    "environments/prod/a/main.tf": pinned(vpc="1.0.0"),
}
Answers = Callable[[Part, str], Case]
"""(part, the text of its unit test) → its one case."""


@dataclass(kw_only=True)
class Bench:
    """A workbench that answers as it is told and remembers the bytes that it was given."""

    answers: Answers
    target: str = "moto"
    tools: object = TOOLS
    jobs: int = 1
    given: list[Mapping[str, str]] = field(default_factory=list)

    @contextmanager
    def open(self, files: Files, wanted: frozenset[str]) -> Iterator[RunPart]:
        self.given.append({path: files.read(path).decode() for path in sorted(wanted)})
        test = self.given[-1]["modules/vpc/tests/unit/a.tftest.hcl"]
        yield lambda part: (self.answers(part, test),)


def passing(part: Part, _: str) -> Case:
    return Case(name=part.label, verdict=Verdict.PASSED)


def saying(verdict: Verdict, message: str = "expected 1", only: str = "") -> Answers:
    """The unit suite says so (of the version whose test holds this text); everything else passes."""

    def answer(part: Part, test: str) -> Case:
        is_it = part.suite is Suite.UNIT and only in test
        return Case(name=part.label, verdict=verdict, message=message) if is_it else passing(part, test)

    return answer


@dataclass(kw_only=True)
class Nights:
    """A repository with vpc 1.0.0 (pinned by prod/a) and 1.1.0, and the machine that tries them again."""

    clone: Path
    bench: Bench = field(default_factory=lambda: Bench(answers=passing))
    providers: Mapping[str, str] = field(default_factory=lambda: {AWS: "6.0.0"})
    said: list[str] = field(default_factory=list)

    @property
    def project(self) -> Project:
        repository = GitRepository(self.clone)
        ledger = GitLedger(repository, lambda: NOW, "nightly")
        settings = read_settings(self.clone)
        return Project(settings=settings, repository=repository, ledger=ledger, clock=lambda: NOW, name="clone")

    @property
    def outlook(self) -> Outlook:
        project = self.project
        return Outlook(
            project=project, main=lambda _: git(self.clone, "rev-parse", "origin/main").strip(), source=SOURCE
        )

    def release(self, text: str, **files: str) -> None:
        write_files(self.clone, files)
        git(self.clone, "add", "-A")
        git(self.clone, "commit", "-q", "--allow-empty", "-m", f"feat: {text}")
        git(self.clone, "push", "-q", "origin", "main")
        tag, graph = f"vpc/v{text}", self.project.graph("HEAD")
        git(self.clone, "tag", "-a", tag, "-m", tag)
        git(self.clone, "push", "-q", "origin", tag)
        body = {"module": "vpc", "version": text, "tag": tag, "commit": git(self.clone, "rev-parse", "HEAD").strip()}
        digests = {"digest": graph.digest(graph.modules["vpc"]), "shipped": "sha256:0", "bump": "minor", "evidence": []}
        self.project.ledger.append(lambda _: (Draft(kind="release", body={**body, **digests}),), push=True)

    def night(self, *names: str, answers: Answers | None = None) -> tuple[Reverification, ...]:
        """One run of the command on this machine."""
        if answers:
            self.bench.answers = answers
        self.bench.given.clear()
        tools = Tools(resolve=lambda *_: self.providers, bench=lambda _: self.bench)  # type: ignore[arg-type,return-value]
        chosen = choose_versions(self.outlook, names)
        return reverify(self.project, chosen, tools, SilentProgress(), self.said.append)

    def failing(self, text: str) -> bool:
        """As another clone reads it from origin."""
        ledger = GitLedger(GitRepository(self.clone), lambda: NOW, "other")
        ledger.fetch()
        return ledger.history().failing("vpc", version(text)) is not None


@pytest.fixture
def nights(make_repository: MakeRepository) -> Nights:
    made = Nights(clone=make_repository(FILES))
    made.release("1.0.0")
    made.release("1.1.0", **{"modules/vpc/tests/unit/a.tftest.hcl": "# second\n"})
    return made


def outcomes(found: Sequence[Reverification]) -> dict[str, str]:
    return {str(one.version): str(one.outcome) for one in found}


def test_the_latest_and_what_stacks_pin_are_tried_and_why_is_said(nights: Nights) -> None:
    nights.release("1.0.5")
    why = {str(one.release.version): one.because for one in choose_versions(nights.outlook, ())}
    assert why == {"1.0.0": ("prod/a pins it",), "1.1.0": ("latest",)}
    assert [c.name for c in choose_versions(nights.outlook, ("vpc/v1.0.5",))] == ["vpc 1.0.5"]
    assert len(choose_versions(nights.outlook, ("vpc",))) == 2
    with pytest.raises(UsageError, match="'vcp' is neither a module with releases nor a released tag"):
        choose_versions(nights.outlook, ("vcp",))


def test_it_is_the_bytes_of_the_tag_without_their_lock_file(nights: Nights) -> None:
    write_files(nights.clone, {"modules/vpc/tests/unit/a.tftest.hcl": "# third, not released\n"})
    assert outcomes(nights.night()) == {"1.0.0": "passed", "1.1.0": "passed"}
    unit = [given["modules/vpc/tests/unit/a.tftest.hcl"] for given in nights.bench.given]
    assert unit == ["# first\n", "# second\n"]
    assert not [path for given in nights.bench.given for path in given if path.endswith(".lock.hcl")]


def test_a_failure_is_on_origin_with_its_tools_and_the_upgrade_suite_is_left_out(nights: Nights) -> None:
    found = nights.night(answers=saying(Verdict.FAILED, only="second"))
    assert outcomes(found) == {"1.0.0": "passed", "1.1.0": "failed"}
    assert exit_of(found) is Exit.TESTS_FAILED
    assert [s.suite for s in found[1].suites] == ["static", "unit"]
    assert "vpc 1.1.0 no longer passes on moto with Terraform 1.11.4, aws 6.0.0: unit tests/unit/a" in nights.said[1]
    assert (nights.failing("1.1.0"), nights.failing("1.0.0")) == (True, False)
    other = GitRepository(second_clone(nights.clone))
    ledger = GitLedger(other, lambda: NOW, "bob")
    ledger.fetch()
    assert ledger.history().failing("vpc", version("1.1.0")) is not None


def test_it_passes_again_and_the_standing_is_back(nights: Nights) -> None:
    nights.night(answers=saying(Verdict.FAILED))
    assert nights.failing("1.1.0")
    assert exit_of(nights.night("vpc/v1.1.0", answers=passing)) is Exit.DONE
    assert (nights.failing("1.1.0"), nights.failing("1.0.0")) == (False, True)


@pytest.mark.parametrize("verdict", [Verdict.ERRORED, Verdict.SKIPPED, Verdict.UNSUPPORTED])
@pytest.mark.parametrize("before", [True, False])
def test_what_could_not_be_found_out_leaves_the_standing_as_it_is(
    nights: Nights, verdict: Verdict, before: bool
) -> None:
    nights.night(answers=passing if before else saying(Verdict.FAILED))
    found = nights.night(answers=saying(verdict, "the emulator ended"))
    assert set(outcomes(found).values()) == {"unknown"}
    assert exit_of(found) is Exit.UNDECIDED
    assert "unit tests/unit/a.tftest.hcl is" in nights.said[-1]
    assert "the emulator ended; it stands as before" in nights.said[-1]
    assert nights.failing("1.1.0") is not before


def test_a_tool_that_is_not_here_is_no_failure_of_the_version(nights: Nights) -> None:
    said = "Error: Failed to query available\n│ provider packages"
    assert set(outcomes(nights.night(answers=saying(Verdict.FAILED, said))).values()) == {"unknown"}
    assert "is not to be run here" in nights.said[-1]


def test_no_newest_tools_no_run_and_no_change(nights: Nights) -> None:
    def none(*_: object) -> Mapping[str, str]:
        raise UndecidedError("Terraform 1.11.4 finds no tools that it allows: no available releases match")

    nights.night(answers=saying(Verdict.FAILED))
    tools = Tools(resolve=none, bench=lambda _: nights.bench)  # type: ignore[arg-type,return-value]
    nights.bench.given.clear()
    chosen = choose_versions(nights.outlook, ())
    found = reverify(nights.project, chosen, tools, SilentProgress(), nights.said.append)
    assert (exit_of(found), nights.bench.given, nights.failing("1.1.0")) == (Exit.UNDECIDED, [], True)
    assert "no available releases match; it stands as before" in nights.said[-1]


def test_a_tag_that_moved_says_nothing_about_the_version(nights: Nights) -> None:
    git(nights.clone, "tag", "-f", "-a", "vpc/v1.1.0", "-m", "moved", "HEAD~1")
    (first, second) = nights.night()
    assert (str(first.outcome), str(second.outcome)) == ("passed", "unknown")
    assert "the tag vpc/v1.1.0 is at" in second.why


def test_a_gap_that_was_one_at_the_release_is_none_of_its_doing(nights: Nights) -> None:
    graph = nights.project.graph("vpc/v1.1.0")
    key = TOOLS.key(digest=graph.digest(graph.modules["vpc"]), suite="unit", target="moto")
    evidence = Evidence(
        key=key,
        module="vpc",
        verdict=Verdict.UNSUPPORTED,
        counts={},
        seconds=1.0,
        unsupported=("tests/unit/a.tftest.hcl",),
    )
    nights.project.ledger.append(lambda _: (Draft(kind="evidence", body=evidence.to_body()),), push=True)
    found = nights.night("vpc/v1.1.0", answers=saying(Verdict.UNSUPPORTED))
    assert outcomes(found) == {"1.1.0": "passed"}


def test_a_yanked_version_is_not_tried_though_a_stack_pins_it(nights: Nights) -> None:
    body = {"module": "vpc", "version": "1.0.0", "reason": "leaks"}
    nights.project.ledger.append(lambda _: (Draft(kind="yank", body=body),), push=True)
    assert [c.name for c in choose_versions(nights.outlook, ())] == ["vpc 1.1.0"]


def test_the_worst_suite_counts_and_nothing_at_all_is_not_known() -> None:
    failed = judge_again(Suite.UNIT, [Case(name="a", verdict=Verdict.FAILED)], frozenset())
    unknown = judge_again(Suite.STATIC, [], frozenset())
    assert conclude([failed, unknown]) == (Outcome.FAILED, "unit a failed")
    assert conclude([unknown]) == (Outcome.UNKNOWN, "its static suite has no case")
    assert conclude([]) == (Outcome.UNKNOWN, "no suite is required of it")
    many = replace(failed, bad=tuple("abcdefg"))
    assert conclude([many])[1] == "unit a, unit b, unit c, unit d, unit e and 2 more failed"


# -- what the answer does ----------------------------------------------------------------------------

PLAIN = (Environment(name="dev"), Environment(name="staging"), Environment(name="prod"))


def body(outcome: str, text: str = "0.2.0") -> dict[str, object]:
    tools = {"target": "moto", "terraform": "1.12.0", "emulator": "moto 5", "providers": {AWS: "6.0.0"}}
    rows = [{"suite": "unit", "outcome": outcome, "bad": []}]
    why = "unit cidr failed" if outcome == "failed" else ""
    return {
        "module": "core", "version": text, "tag": f"core/v{text}", "commit": "c", "outcome": outcome,
        **tools, "suites": rows, "why": why,
    }  # fmt: skip


@pytest.fixture
def world() -> World:
    from pipeline.commands.deploy import deploy

    world = World()
    world.push({"README.md": b"x"})
    world.release("core", "0.1.0")
    for environment in ("dev", "staging"):
        world.stack(environment, "a", core="0.1.0")
        deploy(process(world, environments=PLAIN), environment)
    world.release("core", "0.2.0")
    return world


def test_a_version_that_fails_is_refused_until_it_passes_and_no_bypass_helps(world: World) -> None:
    world.write("reverify", **body("failed"))
    before = len(world.entries)
    for bypass in ("", "hotfix"):
        ferry = process(world, environments=PLAIN)
        with pytest.raises(
            RefusedError, match=r"core 0.2.0 no longer passes since .* aws 6.0.0: unit cidr failed\. Next"
        ):
            promote(ferry, {"core": version("0.2.0")}, "dev", bypass=bypass)
    assert len(world.entries) == before
    world.write("reverify", **body("unknown"))
    with pytest.raises(RefusedError, match="no longer passes"):
        promote(process(world, environments=PLAIN), {"core": version("0.2.0")}, "dev")
    world.write("reverify", **body("passed"))
    assert promote(process(world, environments=PLAIN), {"core": version("0.2.0")}, "dev") is not None


def test_a_rollback_to_it_is_possible(world: World) -> None:
    from pipeline.commands.ferry.engine import Result
    from pipeline.commands.rollback import rollback

    promote(process(world, environments=PLAIN), {"core": version("0.2.0")}, "dev")
    world.write("reverify", **body("failed", "0.1.0"))
    back = rollback(process(world, environments=PLAIN), "dev", "core", reason="slow")
    assert isinstance(back, Result)
    assert back.code is Exit.DONE


def test_status_shows_it_and_names_it_nowhere_as_the_next(nights: Nights) -> None:
    nights.night(answers=saying(Verdict.FAILED))
    board = read_board(nights.outlook, offline=True)
    (row,) = board.stacks
    (pin,) = row.pins
    assert (pin.failing, str(pin.state), pin.promotable) == (True, "unverified", None)
    assert "vpc 1.0.0 no longer passes its suites" in row.note


def test_the_command(nights: Nights, capsys: pytest.CaptureFixture[str]) -> None:
    modferry: Modferry = runner(nights.clone, capsys)
    said = modferry("reverify", "--dry-run", "--json")
    assert (said.code, [v["version"] for v in said.document["versions"]]) == (0, ["1.0.0", "1.1.0"])
    assert "would run the suites of vpc 1.0.0 again: prod/a pins it" in said.text
    assert modferry("reverify", "vcp").code == Exit.USAGE
    rows = [{**one.to_body(), "because": ["latest"]} for one in nights.night(answers=saying(Verdict.FAILED))]
    check_schema({"schema": "modferry.reverify/1", "dry_run": False, "versions": rows})
    assert "vpc 1.1.0 no longer passes on moto with Terraform 1.11.4, aws 6.0.0" in modferry("history").text


def test_without_a_release_there_is_nothing_to_do(
    make_repository: MakeRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    modferry = runner(make_repository({"modules/vpc/main.tf": ""}), capsys)
    assert modferry("reverify", "--dry-run").code == Exit.NOTHING
    assert modferry("reverify").code == Exit.NOTHING


# -- real Terraform ------------------------------------------------------------------------------------


def toolchain(scratch: Path) -> Toolchain:
    import os

    return find_toolchain(scratch=scratch, environ={k: os.environ[k] for k in ("PATH", "HOME") if k in os.environ})


def resolved(text: str) -> Mapping[str, str]:
    data = text.encode()
    files = Files(paths=("m/main.tf",), read=lambda _: data, mode=lambda _: "100644")
    return newest_providers(toolchain, files, frozenset(files.paths), "m")


@pytest.mark.terraform
def test_terraform_itself_says_which_is_the_newest_and_what_it_cannot_have(tmp_path: Path) -> None:
    held = max(toolchain(tmp_path).providers()[AWS])
    aws = 'aws = {{ source = "hashicorp/aws", version = "{}" }}'
    wants = f"terraform {{{{\n  required_providers {{{{\n    {aws}\n  }}}}\n}}}}\n"
    assert resolved(wants.format(">= 5.0")) == {AWS: held}
    assert resolved("") == {}
    with pytest.raises(UndecidedError, match="finds no tools that it allows"):
        resolved(wants.format("< 1.0"))
    with pytest.raises(UndecidedError, match="Unsupported Terraform Core version"):
        resolved('terraform {\n  required_version = "< 1.0"\n}\n')


def test_a_lock_file_is_read() -> None:
    text = '# x\nprovider "a.io/b/c" {\n  version     = "1.2.3"\n  constraints = "~> 1.0"\n}\n'
    assert read_lock(text) == {"a.io/b/c": "1.2.3"}


def test_evidence_of_the_key_alone_is_enough_to_name_gaps() -> None:
    from pipeline.domain.reverification import gaps_at_release

    key = EvidenceKey(digest="d", suite="unit", target="moto", terraform="1", provider="5", emulator="m")
    rows = [(key, ("a",)), (replace(key, target="localstack"), ("b",)), (replace(key, digest="e"), ("c",))]
    assert gaps_at_release(rows, "d", "moto") == {"a"}

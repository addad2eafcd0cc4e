"""The upgrade suite between test and release: what the gate demands, what counts, what a release carries."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipeline.commands.release import Wish
from pipeline.commands.results import SuiteResult, found_by
from pipeline.commands.test import Plan, Request, plan_tests, run_tests
from pipeline.commands.upgrade import find_upgrade
from pipeline.domain.evidence import Evidence, Tools
from pipeline.domain.fleet.proof import check_message
from pipeline.domain.ledger import Draft
from pipeline.domain.module import Files
from pipeline.domain.parts import Part
from pipeline.domain.rehearsal import Rehearsal, Undone, WayBack
from pipeline.domain.release import tag_fields
from pipeline.domain.trust import Signed, Signers
from pipeline.domain.upgrade import Measured, upgrade_findings
from pipeline.domain.verdict import Case, Suite, Verdict
from pipeline.domain.version import Bump
from pipeline.errors import UndecidedError, UsageError
from pipeline.ports import RunPart
from tests.conftest import MakeRepository, git
from tests.upgrade.estate import (
    EXAMPLE,
    FILES,
    NETWORK,
    SETTINGS,
    TOOLS,
    commit,
    project,
    prove,
    release_first,
    releaser,
)
from tests.upgrade.plans import change, plan

SUBNET = "module.network.aws_subnet.private"
CHANGED = {"modules/network/main.tf": NETWORK + "\n# changed\n"}
ADDED = {"modules/network/examples/second/main.tf": EXAMPLE}


def measured(*actions: str, way_back: WayBack = WayBack.CLEAN, verdict: Verdict = Verdict.PASSED) -> Case:
    """A case as the bench hands it back."""
    where = Measured(example="examples/minimal", base="network/v0.1.0", file="modules/network/examples/minimal/main.tf")
    found = upgrade_findings(plan(change(SUBNET, *actions, replace_paths=[["cidr_block"]])), where) if actions else ()
    undone = (Undone(address="aws_vpc.new", action="destroy"),) if way_back is WayBack.LOSSY else ()
    data = {
        "findings": [finding.to_json() for finding in found],
        "rehearsal": Rehearsal(way_back=way_back, base="network/v0.1.0", undone=undone).to_json(),
    }
    name = "examples/minimal::upgrade"
    return Case(name=name, verdict=verdict, data=data if verdict is Verdict.PASSED else {}, message="no answer")


REPLACED = measured("delete", "create", way_back=WayBack.LOSSY)


@dataclass(kw_only=True)
class FakeBench:
    """A bench that answers with given cases and remembers what it was asked."""

    cases: tuple[Case, ...] = (measured(),)
    asked: list[Part] = field(default_factory=list)
    target: str = "moto"
    tools: Tools = TOOLS
    jobs: int = 1

    @contextmanager
    def open(self, files: Files, wanted: frozenset[str]) -> Iterator[RunPart]:
        """Nothing is started."""

        def run_part(part: Part) -> Sequence[Case]:
            self.asked.append(part)
            return self.cases

        yield run_part


class Silent:
    """Nobody watches."""

    def begin(self, plan: Plan, jobs: int) -> None: ...
    def started(self, part: Part) -> None: ...
    def finished(self, part: Part, cases: Sequence[Case], seconds: float) -> None: ...
    def end(self) -> None: ...


def run_suite(where: Path, *cases: Case) -> tuple[SuiteResult, ...]:
    """Run the upgrade suite on the working tree."""
    opened, bench = project(where), FakeBench(cases=cases)
    return run_tests(opened, plan_tests(opened, Request(suites=(Suite.UPGRADE,)), bench), bench, Silent())


def tags(outcome: Any) -> list[str]:
    return [tag for _, tag, _ in outcome.released]


def test_without_an_earlier_release_it_is_not_applicable_and_not_demanded(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    assert run_suite(clone, measured()) == ()
    prove(clone)
    assert tags(releaser(clone).release(Wish(push=True))) == ["network/v0.1.0"]


def test_without_a_change_for_users_it_is_not_applicable(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    release_first(clone)
    assert run_suite(clone, measured()) == ()
    commit(clone, ADDED, "docs: another example")
    assert run_suite(clone, measured()) == ()


def test_a_changed_module_needs_it_and_evidence_of_other_suites_does_not_do(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    release_first(clone)
    commit(clone, CHANGED, "fix: words")
    prove(clone, ("static", "upgrade"))  # without a base it is evidence of nothing
    refused = releaser(clone).release(Wish(push=True))
    assert "upgrade suite" in refused.refused[0].reasons[0]
    assert refused.refused[0].remedy == "modferry test network --suite upgrade --on moto"
    assert run_suite(clone, measured())[0].key.base == "network/v0.1.0"
    assert tags(releaser(clone).release(Wish(push=True))) == ["network/v0.1.1"]


def test_a_replacement_refuses_a_patch_and_names_address_and_attribute(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    release_first(clone)
    commit(clone, CHANGED, "fix: words")
    prove(clone)
    run_suite(clone, REPLACED)
    refused = releaser(clone).release(Wish(bump=Bump.PATCH, push=True)).refused[0]
    assert f"upgrade-replaces {SUBNET}: " in refused.reasons[1]
    assert "cidr_block forces it" in refused.reasons[1]
    assert refused.remedy == "modferry release network --bump major"
    assert git(clone, "tag").split() == ["network/v0.1.0"]


def test_the_way_back_goes_onto_the_tag_into_the_ledger_and_the_changelog(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    release_first(clone)
    commit(clone, CHANGED, "fix: words")
    prove(clone)
    run_suite(clone, REPLACED)
    assert tags(releaser(clone).release(Wish(push=True))) == ["network/v0.2.0"]
    message = git(clone, "for-each-ref", "refs/tags/network/v0.2.0", "--format=%(contents)")
    assert tag_fields(message)["Rehearsal"] == "lossy: destroy of aws_vpc.new"
    history = project(clone).ledger.history()
    release = history.latest("network")
    assert release is not None
    assert Rehearsal.from_json(release.rehearsal).way_back is WayBack.LOSSY
    assert "Way back, rehearsed: lossy" in (clone / "modules/network/CHANGELOG.md").read_text()


def test_a_tag_that_tells_another_way_back_is_found_out(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    release_first(clone)
    commit(clone, CHANGED, "fix: words")
    prove(clone)
    run_suite(clone, REPLACED)
    releaser(clone).release(Wish(push=True))
    release = project(clone).ledger.history().latest("network")
    assert release is not None
    message = git(clone, "for-each-ref", "refs/tags/network/v0.2.0", "--format=%(contents)")
    assert check_message(release, message).ok
    forged = check_message(release, message.replace("Rehearsal: lossy: destroy of aws_vpc.new", "Rehearsal: clean"))
    assert not forged.ok
    assert "Rehearsal clean" in forged.says


def test_what_was_measured_counts_where_it_is_not_required_but_half_a_way_back_does_not(
    make_repository: MakeRepository,
) -> None:
    clone = make_repository({**FILES, "modferry.toml": '[test]\nsuites = ["static"]\n'})
    release_first(clone)
    commit(clone, CHANGED, "fix: words")
    prove(clone)
    run_suite(clone, REPLACED, measured(verdict=Verdict.ERRORED))
    assert releaser(clone).release(Wish(bump=Bump.PATCH, push=True)).refused
    ((new, _, _),) = releaser(clone).release(Wish(push=True, dry_run=True)).released
    assert (str(new.version), new.candidate.rehearsal) == ("0.2.0", {})
    (whole,) = run_suite(clone, REPLACED)
    ((new, _, _),) = releaser(clone).release(Wish(push=True)).released
    assert new.candidate.rehearsal["way_back"] == "lossy"
    assert whole.key in {evidence.key for evidence in new.candidate.evidence}


def test_evidence_from_another_release_does_not_count(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    release_first(clone)
    commit(clone, CHANGED, "fix: words")
    prove(clone)
    run_suite(clone, REPLACED)
    releaser(clone).release(Wish(push=True))
    git(clone, "revert", "--no-edit", "HEAD~1")  # the bytes of v0.1.0 again, now measured from v0.2.0
    prove(clone)
    refused = releaser(clone).release(Wish(push=True)).refused[0]
    assert "no evidence" in refused.reasons[0]
    assert "from network/v0.2.0" in refused.reasons[0]
    assert run_suite(clone, measured())[0].key.base == "network/v0.2.0"
    assert tags(releaser(clone).release(Wish(push=True))) == ["network/v0.2.1"]


@pytest.mark.parametrize("verdict", [Verdict.ERRORED, Verdict.SKIPPED, Verdict.FAILED, Verdict.UNSUPPORTED])
def test_what_was_not_found_out_is_no_pass(make_repository: MakeRepository, verdict: Verdict) -> None:
    clone = make_repository(FILES)
    release_first(clone)
    commit(clone, CHANGED, "fix: words")
    prove(clone)
    assert run_suite(clone, measured(verdict=verdict))[0].verdict is verdict
    (refused,) = releaser(clone).release(Wish(push=True)).refused
    assert refused.unknown is (verdict is Verdict.ERRORED)


def test_a_release_without_examples_is_empty_and_no_pass(make_repository: MakeRepository) -> None:
    clone = make_repository({name: text for name, text in FILES.items() if "/examples/" not in name})
    release_first(clone)
    commit(clone, {**CHANGED, **ADDED}, "fix: words")
    prove(clone)
    assert run_suite(clone, measured())[0].verdict is Verdict.EMPTY
    assert releaser(clone).release(Wish(push=True)).refused


def test_the_examples_are_those_of_the_release(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    release_first(clone)
    git(clone, "rm", "-q", "-r", "modules/network/examples")
    commit(clone, {**CHANGED, **ADDED}, "fix: words")
    opened = project(clone)
    parts = plan_tests(opened, Request(suites=(Suite.UPGRADE,)), FakeBench()).parts
    assert [(p.files, p.base, p.kind) for p in parts] == [(("examples/minimal",), "network/v0.1.0", "upgrade")]


def test_a_waiver_lowers_a_measured_finding_and_says_who(make_repository: MakeRepository) -> None:
    waiver = (
        f'\n[[waiver]]\nrule = "upgrade-replaces"\naddress = "{SUBNET}"\nperson = "ann"\n'
        'reason = "nobody uses it"\nexpires = 2026-12-31\n'
    )
    clone = make_repository({**FILES, "modferry.toml": SETTINGS + waiver})
    release_first(clone)
    commit(clone, CHANGED, "fix: words")
    prove(clone)
    run_suite(clone, REPLACED)
    assert tags(releaser(clone).release(Wish(bump=Bump.PATCH, push=True))) == ["network/v0.1.1"]


def test_examples_are_one_suite_every_finding_once_and_the_worst_way_back() -> None:
    found = found_by([measured(), REPLACED, REPLACED])
    assert [f["address"] for f in found["findings"]] == [SUBNET]
    assert found["rehearsal"]["way_back"] == "lossy"
    assert found_by([Case(name="a", verdict=Verdict.PASSED)]) == {}


def test_diff_reads_evidence_where_it_stands_and_records_what_it_measures(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    release_first(clone)
    commit(clone, CHANGED, "fix: words")
    bench = FakeBench(cases=(REPLACED,))
    first = find_upgrade(project(clone), "network", "network/v0.1.0", None, bench, Silent())
    again = find_upgrade(project(clone), "network", "network/v0.1.0", None, bench, Silent())
    assert (first.source, again.source) == ("measured now and recorded", "evidence in the ledger")
    assert first.findings == again.findings
    assert first.rehearsal == again.rehearsal
    assert len(bench.asked) == 1


def test_between_other_refs_nothing_is_recorded(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    git(clone, "tag", "v-any")
    commit(clone, CHANGED, "fix: words")
    bench = FakeBench(cases=(REPLACED,))
    found = find_upgrade(project(clone), "network", "v-any", "main", bench, Silent())
    assert [f.address for f in found.findings] == [SUBNET]
    assert "not recorded" in found.source
    assert project(clone).ledger.history().evidence == {}


def test_half_a_measurement_does_not_look_like_an_upgrade_without_effect(make_repository: MakeRepository) -> None:
    clone = make_repository(FILES)
    release_first(clone)
    commit(clone, CHANGED, "fix: words")
    bench = FakeBench(cases=(measured(), measured(verdict=Verdict.ERRORED)))
    for until in (None, "main"):
        with pytest.raises(UndecidedError, match="no answer"):
            find_upgrade(project(clone), "network", "network/v0.1.0", until, bench, Silent())


def test_without_an_example_diff_says_so(make_repository: MakeRepository) -> None:
    clone = make_repository({name: text for name, text in FILES.items() if "/examples/" not in name})
    git(clone, "tag", "v-any")
    with pytest.raises(UsageError, match="no example of network"):
        find_upgrade(project(clone), "network", "v-any", "main", FakeBench(), Silent())


def _settled(where: Path, *, tools: Tools = TOOLS, signers: Signers | None = None, **evidence: Any) -> list[bool]:
    """What the upgrade's parts take as known where the release has this evidence of its integration suite."""
    release_first(where)
    opened = project(where)
    graph = opened.graph()
    digest = graph.digest(graph.modules["network"])
    key = tools.key(digest=digest, suite=Suite.INTEGRATION, target="moto")
    given = {"passed": ("examples/minimal::second plan is empty",), **evidence}
    found = Evidence(key=key, module="network", verdict=Verdict.PASSED, counts={"passed": 1}, seconds=1.0, **given)
    opened.ledger.append(lambda _: [Draft(kind="evidence", body=found.to_body())], push=False)
    commit(where, {**CHANGED, **ADDED}, "feat: more")
    planned = plan_tests(project(where), Request(suites=(Suite.UPGRADE,)), FakeBench(), signers=signers)
    return [part.settled for part in planned.parts]


def test_a_release_whose_second_plan_was_empty_is_not_planned_a_second_time(make_repository: MakeRepository) -> None:
    assert _settled(make_repository(FILES)) == [True]


@pytest.mark.parametrize(
    "evidence",
    [
        {"passed": ()},
        {"passed": ("examples/other::second plan is empty",)},
        {"flaky": ("examples/minimal::second plan is empty",)},
        {"tools": Tools(terraform="1.11.4", provider="5.100.0", emulator="moto 6")},
        {"signers": Signers(where="allowed_signers", check=lambda *_: Signed())},
    ],
    ids=["not passed", "of another example", "flaky", "with other tools", "not signed"],
)
def test_only_what_passed_at_once_here_is_taken_as_known(
    make_repository: MakeRepository, evidence: dict[str, Any]
) -> None:
    assert _settled(make_repository(FILES), **evidence) == [False]

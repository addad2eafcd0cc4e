"""`modferry test` as scenarios of several runs, on real git and a workbench that remembers."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.ledger import GitLedger
from pipeline.commands.project import Project
from pipeline.commands.results import SuiteResult
from pipeline.commands.test import Plan, Request, plan_tests, run_tests
from pipeline.config import read_settings
from pipeline.domain.evidence import Tools
from pipeline.domain.module import Files
from pipeline.domain.parts import Part, in_shard
from pipeline.domain.verdict import Suite, Verdict, exit_for
from pipeline.errors import Exit, InterruptedRunError, RefusedError, UsageError
from pipeline.ports import RunPart
from tests.conftest import NOW, MakeRepository, git, write_files
from tests.fakes.workbench import FakeBench, Script, SilentProgress

FILES = {
    "modules/net/main.tf": 'variable "cidr" {}\n',
    "modules/net/tests/unit/a.tftest.hcl": "# a\n",
    "modules/net/tests/unit/b.tftest.hcl": "# b\n",
    "modules/net/tests/integration/test_net.py": "# c\n",
    "modules/app/main.tf": 'module "net" {\n  source = "../net"\n}\n',
    "modules/app/tests/unit/d.tftest.hcl": "# d\n",
    "modules/solo/main.tf": 'variable "x" {}\n',
}
UNIT = (Suite.UNIT,)


def project(where: Path) -> Project:
    repository = GitRepository(where)
    ledger = GitLedger(repository, lambda: NOW, "ann")
    return Project(settings=read_settings(where), repository=repository, ledger=ledger, clock=lambda: NOW, name="clone")


def plan(where: Path, bench: FakeBench, **request: object) -> Plan:
    return plan_tests(project(where), Request(**request), bench)  # type: ignore[arg-type]


def run(where: Path, bench: FakeBench, **request: object) -> tuple[SuiteResult, ...]:
    return run_tests(project(where), plan(where, bench, **request), bench, SilentProgress())


def verdicts(results: tuple[SuiteResult, ...]) -> dict[tuple[str, str], str]:
    return {(r.module, r.key.suite): str(r.verdict) for r in results}


def evidence(where: Path) -> int:
    return len(project(where).ledger.history().evidence)


def of(label: str, verdict: Verdict, *then: Verdict) -> Script:
    """Parts with this label answer so, one run after the other (the last answer stays); the others pass."""
    answers = (verdict, *then)
    return lambda part, before: answers[min(before, len(answers) - 1)] if part.label == label else Verdict.PASSED


@pytest.fixture
def where(make_repository: MakeRepository) -> Path:
    return make_repository(FILES)


def test_a_second_run_reuses_all_of_it_and_starts_nothing(where: Path) -> None:
    first = run(where, FakeBench(), suites=UNIT, modules=("net", "app"))
    bench = FakeBench()
    second = run(where, bench, suites=UNIT, modules=("net", "app"))
    assert not any(r.reused for r in first)
    assert all(r.reused for r in second)
    assert verdicts(first) == verdicts(second)
    assert (bench.opened, bench.ran) == (0, [])


def test_fresh_runs_what_is_known(where: Path) -> None:
    run(where, FakeBench(), suites=UNIT, modules=("net",))
    bench = FakeBench()
    assert not run(where, bench, suites=UNIT, modules=("net",), fresh=True)[0].reused
    assert len(bench.ran) == 2


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.ERRORED, Verdict.SKIPPED, None])
def test_only_a_pass_is_reused(where: Path, verdict: Verdict | None) -> None:
    run(where, FakeBench(script=lambda *_: verdict), suites=UNIT, modules=("net",))
    bench = FakeBench()
    assert verdicts(run(where, bench, suites=UNIT, modules=("net",))) == {("net", "unit"): "passed"}
    assert len(bench.ran) == 2


def test_what_is_unsupported_there_is_reused_as_such(where: Path) -> None:
    run(where, FakeBench(script=of("tests/unit/a.tftest.hcl", Verdict.UNSUPPORTED)), suites=UNIT, modules=("net",))
    [again] = run(where, FakeBench(), suites=UNIT, modules=("net",))
    assert (again.reused, again.verdict) == (True, Verdict.UNSUPPORTED)
    assert exit_for([again.verdict]) is Exit.DONE


@pytest.mark.parametrize(
    "tools",
    [
        Tools(terraform="1.12.0", provider="5.100.0", emulator="moto 5"),
        Tools(terraform="1.11.4", provider="6.0.0", emulator="moto 5"),
        Tools(terraform="1.11.4", provider="5.100.0", emulator="moto 6"),
    ],
)
def test_other_tools_need_their_own_evidence(where: Path, tools: Tools) -> None:
    run(where, FakeBench(), suites=UNIT, modules=("net",))
    assert not run(where, FakeBench(tools=tools), suites=UNIT, modules=("net",))[0].reused


def test_another_target_needs_its_own_evidence(where: Path) -> None:
    run(where, FakeBench(), suites=UNIT, modules=("net",))
    assert not run(where, FakeBench(target="localstack"), suites=UNIT, modules=("net",))[0].reused


def test_one_byte_of_a_called_module_voids_the_callers_evidence(where: Path) -> None:
    run(where, FakeBench(), suites=UNIT)
    write_files(where, {"modules/net/main.tf": 'variable "cidr" {} \n'})
    results = run(where, FakeBench(), suites=UNIT)
    assert {r.module: r.reused for r in results} == {"net": False, "app": False, "solo": False}
    write_files(where, {"modules/net/CHANGELOG.md": "# Changelog\n"})
    assert {r.module: r.reused for r in run(where, FakeBench(), suites=UNIT)} == {
        "net": True, "app": True, "solo": False,  # solo has no unit test: empty is no pass, so it is asked again
    }  # fmt: skip


def test_since_runs_what_the_change_reaches(where: Path) -> None:
    write_files(where, {"modules/net/main.tf": 'variable "cidr" {}\n# more\n'})
    git(where, "commit", "-qam", "feat: more")
    bench = FakeBench()
    assert {r.module for r in run(where, bench, suites=UNIT, since="HEAD~1")} == {"net", "app"}
    assert run(where, FakeBench(), suites=UNIT, since="HEAD") == ()


def test_an_unknown_module_is_named_with_those_there_are(where: Path) -> None:
    with pytest.raises(UsageError, match="There is no module 'nett'") as caught:
        plan(where, FakeBench(), modules=("nett",))
    assert "app, net, solo" in caught.value.remedy


def test_a_suite_without_a_case_is_empty_and_not_done(where: Path) -> None:
    results = run(where, FakeBench(), suites=UNIT, modules=("solo",))
    assert verdicts(results) == {("solo", "unit"): "empty"}
    assert exit_for(r.verdict for r in results) is Exit.UNDECIDED


def test_every_suite_is_in_exactly_one_shard(where: Path) -> None:
    run(where, FakeBench(), suites=UNIT, modules=("net",))  # some timings are known
    everything = {(p.module, p.suite, p.label) for p in plan(where, FakeBench(), fresh=True).parts}
    for count in (1, 2, 3, 7, 20):
        shards = [plan(where, FakeBench(), fresh=True, shard=(i, count)) for i in range(1, count + 1)]
        keys = [key for shard in shards for key in shard.keys]
        assert sorted(keys) == sorted((m, s) for m in ("net", "app", "solo") for s in (*UNIT, "static", "integration"))
        assert {(p.module, p.suite, p.label) for shard in shards for p in shard.parts} == everything


def test_shards_weigh_the_same_from_what_suites_took() -> None:
    suites = [(name, Suite.UNIT) for name in "abcdefgh"]
    seconds = {(name, "unit", "moto"): float(10 * (i + 1)) for i, (name, _) in enumerate(suites)}
    loads = [sum(seconds[n, s, "moto"] for n, s in in_shard(suites, seconds, "moto", (i, 3))) for i in (1, 2, 3)]
    assert sum(loads) == 360
    assert max(loads) - min(loads) <= 20


def test_what_fails_beside_others_and_passes_alone_is_flaky_and_said(where: Path) -> None:
    label = "tests/unit/a.tftest.hcl"
    bench = FakeBench(script=of(label, Verdict.FAILED, Verdict.PASSED))
    [result] = run(where, bench, suites=UNIT, modules=("net",))
    assert (result.verdict, result.flaky) == (Verdict.PASSED, (label,))
    assert next(iter(project(where).ledger.history().evidence.values())).flaky == (label,)
    [again] = run(where, FakeBench(), suites=UNIT, modules=("net",))
    assert (again.reused, again.flaky) == (True, (label,))


def test_what_fails_again_alone_failed(where: Path) -> None:
    bench = FakeBench(script=of("tests/unit/a.tftest.hcl", Verdict.FAILED))
    [result] = run(where, bench, suites=UNIT, modules=("net",))
    assert (result.verdict, result.flaky) == (Verdict.FAILED, ())
    assert bench.labels.count(("net", "tests/unit/a.tftest.hcl")) == 2


def test_alone_from_the_start_is_not_run_again(where: Path) -> None:
    bench = FakeBench(script=of("tests/unit/a.tftest.hcl", Verdict.FAILED), jobs=1)
    [result] = run(where, bench, suites=UNIT, modules=("net",))
    assert result.verdict is Verdict.FAILED
    assert len(bench.ran) == 2


def test_files_that_change_meanwhile_void_all_of_it(where: Path) -> None:
    def change(part: Part, before: int) -> Verdict:
        write_files(where, {"modules/net/outputs.tf": "# new\n"})
        return Verdict.PASSED

    bench = FakeBench(script=change)
    with pytest.raises(RefusedError, match=r"Files of (net|app) changed while its tests ran: nothing was recorded"):
        run(where, bench, suites=UNIT, modules=("net", "app"))
    assert evidence(where) == 0
    assert bench.closed == 1


def test_ctrl_c_finishes_what_runs_starts_no_more_and_records_nothing(
    where: Path,
) -> None:
    ended: list[str] = []

    def slow(part: Part, before: int) -> Verdict:
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)  # a person presses Ctrl-C while this part runs
        time.sleep(0.5)
        ended.append(part.label)
        return Verdict.PASSED

    bench = FakeBench(script=slow, jobs=1)
    with pytest.raises(InterruptedRunError):
        run(where, bench, suites=(Suite.UNIT, Suite.STATIC))
    assert len(ended) == 1
    assert bench.closed == 1
    assert evidence(where) == 0


def test_a_part_gets_every_file_of_the_tested_closure(where: Path) -> None:
    bench = FakeBench()
    run(where, bench, suites=UNIT, modules=("app",))
    assert bench.wanted == {p for p in FILES if p.startswith(("modules/app/", "modules/net/"))}


def test_progress_ends_also_when_the_bench_does_not_open(where: Path) -> None:
    class Broken(FakeBench):
        @contextmanager
        def open(self, files: Files, wanted: frozenset[str]) -> Iterator[RunPart]:
            if wanted:
                raise RefusedError("no emulator")
            yield lambda _: ()

    watcher = SilentProgress()
    bench = Broken()
    with pytest.raises(RefusedError):
        run_tests(project(where), plan(where, bench, suites=UNIT), bench, watcher)
    assert watcher.told == ["begin", "end"]

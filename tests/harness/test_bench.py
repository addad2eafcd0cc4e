"""Whatever breaks between a part and its cases is errored: never lost, never passed, never the module's fault."""

import json
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.adapters.harness.bench import Bench
from pipeline.adapters.terraform import Attach
from pipeline.domain.parts import Part
from pipeline.domain.verdict import Case, Suite, Verdict
from pipeline.errors import UndecidedError
from tests.fakes.terraform import write_fake_terraform

STREAMS = Path(__file__).parents[1] / "fixtures" / "streams"
NATIVE = Part(
    module="note",
    path="modules/note",
    suite=Suite.INTEGRATION,
    kind="native",
    files=("tests/integration/x.tftest.hcl",),
)


class Target:
    """An emulator whose death is arranged: it answers this often."""

    name = "moto"
    first_account = 1

    def __init__(self, lives: int, *, empties: bool = False) -> None:
        self.lives, self.empties = lives, empties

    def environment(self, account: str, region: str = "us-east-1") -> dict[str, str]:
        if self.lives < 0:
            raise ConnectionRefusedError("nobody listens")
        return {"AWS_ACCESS_KEY_ID": account}

    def empty(self, aws: Mapping[str, str]) -> bool:
        return self.empties

    def unsupported(self, text: str) -> str | None:
        return "moto has no such thing" if "NotImplementedByEmulator" in text else None

    def answers(self) -> bool:
        self.lives -= 1
        return self.lives >= 0


def bench(tmp_path: Path, stream: str, code: int, *, lives: int = 99, empties: bool = False, **more: object) -> Bench:
    module = tmp_path / "tree" / "modules" / "note"
    module.mkdir(parents=True)
    (module / "stream.jsonl").write_text((STREAMS / f"{stream}.jsonl").read_text())
    (module / "code").write_text(str(code))
    (tmp_path / "scratch").mkdir()
    given: dict[str, object] = {"attach_for": None, "forget": lambda _: None, **more}
    return Bench(
        target=Target(lives, empties=empties), terraform=(str(write_fake_terraform(tmp_path)),), tool_env={},
        scratch=tmp_path / "scratch", tree=tmp_path / "tree", region="us-east-1", seconds=60, **given,  # type: ignore[arg-type]
    )  # fmt: skip


def verdicts(cases: list[Case]) -> list[Verdict]:
    return [case.verdict for case in cases]


def test_a_part_runs_in_a_copy_that_is_gone_afterwards(tmp_path: Path) -> None:
    forgotten: list[Mapping[str, str]] = []
    made = bench(tmp_path, "pass", 0, forget=forgotten.append)
    assert verdicts(made.run(NATIVE)) == [Verdict.PASSED, Verdict.PASSED]
    assert list((tmp_path / "scratch").iterdir()) == []
    assert forgotten == [{"AWS_ACCESS_KEY_ID": "000000000001"}]


def test_each_part_that_applies_has_an_account_of_its_own(tmp_path: Path) -> None:
    forgotten: list[Mapping[str, str]] = []
    made = bench(tmp_path, "pass", 0, forget=forgotten.append)
    for _ in range(3):
        made.run(NATIVE)
    assert len({env["AWS_ACCESS_KEY_ID"] for env in forgotten}) == 3


def test_an_account_is_used_again_where_the_emulator_can_empty_it(tmp_path: Path) -> None:
    forgotten: list[Mapping[str, str]] = []
    made = bench(tmp_path, "pass", 0, forget=forgotten.append, empties=True)
    for _ in range(3):
        made.run(NATIVE)
    assert forgotten == []
    made.close()
    assert forgotten == [{"AWS_ACCESS_KEY_ID": "000000000001"}]


@pytest.mark.parametrize("stream", ["fail", "gap"])
def test_an_account_in_which_a_part_did_not_pass_is_never_used_again(tmp_path: Path, stream: str) -> None:
    forgotten: list[Mapping[str, str]] = []
    made = bench(tmp_path, stream, 1, forget=forgotten.append, empties=True)
    for _ in range(2):
        made.run(NATIVE)
    assert [env["AWS_ACCESS_KEY_ID"] for env in forgotten] == ["000000000001", "000000000002"]


def test_what_only_plans_keeps_its_account_until_the_end(tmp_path: Path) -> None:
    forgotten: list[Mapping[str, str]] = []
    made = bench(tmp_path, "pass", 0, forget=forgotten.append)
    for _ in range(2):
        made.run(replace(NATIVE, suite=Suite.UNIT))
    assert forgotten == []
    made.close()
    assert forgotten == [{"AWS_ACCESS_KEY_ID": "000000000001"}]


@pytest.mark.parametrize("stream", ["fail", "gap"])
def test_an_emulator_that_dies_under_a_part_makes_its_failures_errored(tmp_path: Path, stream: str) -> None:
    before = verdicts(bench(tmp_path / "a", stream, 1).run(NATIVE))
    after = bench(tmp_path / "b", stream, 1, lives=1).run(NATIVE)
    assert set(before) & {Verdict.FAILED, Verdict.UNSUPPORTED}
    assert set(verdicts(after)) <= {Verdict.ERRORED, Verdict.PASSED}
    assert "moto no longer answers" in after[0].message


def test_a_dead_emulator_is_not_asked_again(tmp_path: Path) -> None:
    assert verdicts(bench(tmp_path, "pass", 0, lives=0).run(NATIVE)) == [Verdict.ERRORED]


def test_a_relay_that_died_makes_failures_errored(tmp_path: Path) -> None:
    alive = iter([True, False])
    found = bench(tmp_path, "fail", 1, relay_lives=lambda: next(alive)).run(NATIVE)
    assert verdicts(found) == [Verdict.ERRORED, Verdict.PASSED]


def test_a_relay_that_answers_no_more_is_errored_also_while_it_is_told_to_forget(tmp_path: Path) -> None:
    def gone(_: Mapping[str, str]) -> None:
        raise UndecidedError("The warm provider does not answer.")

    def attach(_: Mapping[str, str], _asked: bool) -> object:
        raise UndecidedError("The warm provider does not answer.")

    assert verdicts(bench(tmp_path / "a", "pass", 0, forget=gone).run(NATIVE)) == [Verdict.PASSED] * 2
    assert verdicts(bench(tmp_path / "b", "pass", 0, attach_for=attach).run(NATIVE)) == [Verdict.ERRORED]


def test_a_terraform_that_is_killed_is_errored(tmp_path: Path) -> None:
    made = bench(tmp_path, "pass", 0)
    Path(made.terraform[0]).write_text("#!/bin/sh\nkill -9 $$\n")
    assert verdicts(made.run(NATIVE)) == [Verdict.ERRORED]


def test_a_tree_that_cannot_be_copied_is_errored(tmp_path: Path) -> None:
    made = bench(tmp_path, "pass", 0)
    made.tree = tmp_path / "nowhere"
    [case] = made.run(NATIVE)
    assert (case.verdict, "nowhere" in case.message) == (Verdict.ERRORED, True)


def test_a_broken_configuration_is_named_by_file_line_and_column(tmp_path: Path) -> None:
    said = {"severity": "error", "summary": "Invalid expression", "detail": "Expected the start.",
            "range": {"filename": "main.tf", "start": {"line": 3, "column": 9}}}  # fmt: skip
    made = bench(tmp_path, "pass", 0)
    script = f"""#!/bin/sh
case "$1" in
  init) echo 'Error: problems during initialisation' >&2; exit 1 ;;
  validate) echo '{json.dumps({"diagnostics": [said]})}'; exit 1 ;;
esac
"""
    Path(made.terraform[0]).write_text(script)
    found = {c.name: c for c in made.run(Part(module="note", path="modules/note", suite=Suite.STATIC, kind="static"))}
    assert found["validate"].verdict is Verdict.FAILED
    assert found["validate"].message == "main.tf:3:9: Invalid expression: Expected the start."


def warm_attach(_: Mapping[str, str], _asked: bool) -> Attach:
    return lambda workdir, whole: {"PLAYED_SCHEMA": "whole" if whole else "cut"}


def test_a_type_that_was_cut_away_is_there_at_the_second_try_and_said_to_be_our_bug(tmp_path: Path) -> None:
    made = bench(tmp_path, "pass", 0, attach_for=warm_attach)
    lacking = r'{"type":"diagnostic","diagnostic":{"severity":"error","summary":"Invalid resource type","detail":"The provider hashicorp/aws does not support resource type \"aws_note\"."}}'  # noqa: E501
    write_script(made, f"test) if [ $PLAYED_SCHEMA = cut ]; then echo '{lacking}'; exit 1; fi; cat stream.jsonl ;;")
    assert verdicts(made.run(NATIVE)) == [Verdict.PASSED, Verdict.PASSED]
    [note] = made.notes
    assert "lacked aws_note" in note
    assert "bug of modferry" in note


def test_a_type_that_no_schema_has_is_the_modules_own_fault(tmp_path: Path) -> None:
    made = bench(tmp_path, "pass", 0, attach_for=warm_attach)
    write_script(made, """test) echo 'Error: does not support resource type "aws_notte".' >&2; exit 1 ;;""")
    assert verdicts(made.run(NATIVE)) == [Verdict.FAILED]
    assert made.notes == []


@pytest.mark.parametrize("deaths", [1, 2])
def test_a_part_whose_provider_process_died_is_run_once_more(tmp_path: Path, deaths: int) -> None:
    made = bench(tmp_path, "pass", 0, attach_for=warm_attach)
    count = tmp_path / "count"
    dies = "echo 'modferry relay: provider process ended (-9)' >&2; exit 1"
    write_script(made, f"test) echo x >> {count}; if [ $(wc -l < {count}) -le {deaths} ]; then {dies}; fi; cat stream.jsonl ;;")  # noqa: E501  # fmt: skip
    assert verdicts(made.run(NATIVE)) == ([Verdict.PASSED] * 2 if deaths == 1 else [Verdict.ERRORED])
    assert len(count.read_text().split()) == 2
    [note] = made.notes
    assert note == "the provider process ended under note tests/integration/x.tftest.hcl, which was run once more"


def test_init_runs_once_for_the_files_of_a_module_where_a_warm_provider_serves(tmp_path: Path) -> None:
    for attach, times in ((warm_attach, 1), (None, 3)):
        where = tmp_path / str(times)
        made = bench(where, "pass", 0, attach_for=attach)
        write_script(made, f"init) echo x >> {where}/inits ;;\ntest) cat stream.jsonl ;;")
        for _ in range(3):
            assert verdicts(made.run(NATIVE)) == [Verdict.PASSED, Verdict.PASSED]
        assert len((where / "inits").read_text().split()) == times


def write_script(made: Bench, cases: str) -> None:
    """Let the Terraform of a bench answer so."""
    Path(made.terraform[0]).write_text(f'#!/bin/sh\ncase "$1" in\n{cases}\nesac\n')


def test_terraform_gets_its_share_of_the_processors_and_stock_terraform_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    for attach, alone, beside in ((warm_attach, "6 asyncpreemptoff=1", "3 asyncpreemptoff=1"), (None, " ", " ")):
        where = tmp_path / ("warm" if attach else "stock")
        made = bench(where, "pass", 0, attach_for=attach)
        told = 'echo "$GOMAXPROCS $GODEBUG" >> ' + str(where / "told")
        write_script(made, f"test) {told}; while [ ! -e {where}/go ]; do sleep 0.01; done; cat stream.jsonl ;;")
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(made.run, NATIVE)
            wait_for(lambda there=where / "told": there.exists())  # type: ignore[misc]
            second = pool.submit(made.run, NATIVE)
            wait_for(lambda there=where / "told": there.read_text().count("\n") == 2)  # type: ignore[misc]
            (where / "go").touch()
            assert verdicts(first.result() + second.result()) == [Verdict.PASSED] * 4
        assert made.run(NATIVE)
        assert (where / "told").read_text().splitlines() == [alone, beside, alone]


def wait_for(ready: Callable[[], bool]) -> None:
    for _ in range(1000):
        if ready():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come")

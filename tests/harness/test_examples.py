"""An example's life, with a Terraform that answers as told and real pytest processes."""

from pathlib import Path

import pytest

from pipeline.adapters.harness.bench import Bench, Leaks
from pipeline.domain.parts import Part
from pipeline.domain.verdict import Case, Suite, Verdict
from tests.harness.test_bench import Target, verdicts

EXAMPLE = "examples/small"
LOOK = "tests/examples/small/test_look.py"
CALLS = """#!/bin/sh
echo "$1 $(basename $(pwd)) $*" >> {log}
case "$1" in
apply) echo '{{"outputs":{{}},"resources":[]}}' > terraform.tfstate ;;
output) echo '{{"name":{{"value":"small","type":"string","sensitive":false}}}}' ;;
plan) [ -e moved ] && exit 2 ;;
show) cat {state} ;;
esac
exit 0
"""
STATE = Path(__file__).parents[1] / "fixtures" / "states" / "nested.json"
GOOD = "def test_look(example):\n    assert example.output() == {'name': 'small'}\n    assert example.plan_is_empty()\n"


def bench(tmp_path: Path, text: str = "", *, target: str = "moto", leaks: Leaks | None = None) -> Bench:
    """A bench with one module: an example, and this test of it."""
    module = tmp_path / "tree" / "modules" / "note"
    (module / EXAMPLE).mkdir(parents=True)
    (module / EXAMPLE / "main.tf").write_text("")
    if text:
        (module / LOOK).parent.mkdir(parents=True)
        (module / LOOK).write_text(text)
    program = tmp_path / "terraform"
    program.write_text(CALLS.format(log=tmp_path / "calls", state=STATE))
    program.chmod(0o755)
    (tmp_path / "scratch").mkdir()
    where = Target(99)
    where.name = target
    return Bench(
        target=where, terraform=(str(program),), tool_env={}, attach_for=None, forget=lambda _: None, leaks=leaks,
        scratch=tmp_path / "scratch", tree=tmp_path / "tree", region="us-east-1", seconds=60,
    )  # fmt: skip


def run(made: Bench, *tests: str) -> list[Case]:
    part = Part(
        module="note", path="modules/note", suite=Suite.INTEGRATION, kind="example", files=(EXAMPLE, *tests)
    )  # fmt: skip
    try:
        return made.run(part)
    finally:
        made.tests.end()


def called(tmp_path: Path) -> list[str]:
    """Terraform's commands with the folder that each ran in."""
    return [" ".join(line.split()[:2]) for line in (tmp_path / "calls").read_text().splitlines()]


def test_its_tests_see_it_applied_and_nothing_is_applied_again(tmp_path: Path) -> None:
    cases = run(bench(tmp_path, GOOD), LOOK)
    assert [(case.name, case.verdict) for case in cases] == [
        (f"{EXAMPLE}::apply", Verdict.PASSED),
        (f"{EXAMPLE}::second plan is empty", Verdict.PASSED),
        (f"{EXAMPLE}::policy", Verdict.PASSED),
        (f"{LOOK}::test_look", Verdict.PASSED),
        (f"{EXAMPLE}::destroy", Verdict.PASSED),
        (f"{EXAMPLE}::nothing is left", Verdict.PASSED),
    ]
    assert called(tmp_path) == [f"{c} small" for c in ("init", "apply", "plan", "output", "plan", "destroy")]


@pytest.mark.parametrize(
    ("target", "text", "again"),
    [
        ("moto", "", False),
        ("localstack", "", False),
        ("moto", GOOD, True),  # a test may have touched what the second plan found right
        ("account", "", True),
    ],
)
def test_it_is_read_again_before_the_destroy_where_somebody_may_have_touched_it(
    tmp_path: Path, target: str, text: str, again: bool
) -> None:
    cases = run(bench(tmp_path, text, target=target), *([LOOK] if text else []))
    assert set(verdicts(cases)) == {Verdict.PASSED}
    [line] = [line for line in (tmp_path / "calls").read_text().splitlines() if line.startswith("destroy")]
    assert ("-refresh=false" not in line) == again


@pytest.mark.parametrize(("target", "destroyed"), [("moto", False), ("account", True)])
def test_a_test_that_fails_is_named_and_a_real_account_is_still_cleaned(
    tmp_path: Path, target: str, destroyed: bool
) -> None:
    text = "def test_look(example):\n    assert example.output() == {}\n"
    cases = run(bench(tmp_path, text, target=target), LOOK)
    assert [(case.name, case.verdict) for case in cases[3:]] == [
        (f"{LOOK}::test_look", Verdict.FAILED),
        (f"{EXAMPLE}::destroy", Verdict.SKIPPED),
        (f"{EXAMPLE}::nothing is left", Verdict.SKIPPED),
    ]
    assert cases[4].message == "not run: its tests is failed"
    assert ("destroy small" in called(tmp_path)) == destroyed


def test_it_says_what_is_managed_in_all_its_modules(tmp_path: Path) -> None:
    text = (
        "def test_look(example):\n"
        "    found = example.resources()\n"
        "    assert {address: values['name'] for address, values in found.items()} == {\n"
        "        'aws_a.one': '1', 'module.m.aws_b.two[\"x\"]': '2', 'module.m.module.n.aws_c.three': '3'}\n"
    )
    cases = run(bench(tmp_path, text), LOOK)
    assert set(verdicts(cases)) == {Verdict.PASSED}, [case.message for case in cases]


def test_what_a_test_leaves_behind_fails_the_example(tmp_path: Path) -> None:
    there = iter([frozenset[str](), frozenset({"bucket a"})])
    leaks = Leaks(snapshot=lambda _, __: next(there), left=lambda before, after: tuple(after - before))
    cases = run(bench(tmp_path, GOOD, leaks=leaks), LOOK)
    assert (cases[-1].verdict, cases[-1].message) == (Verdict.FAILED, "left behind: bucket a")


def test_files_without_a_test_are_not_nothing(tmp_path: Path) -> None:
    cases = run(bench(tmp_path, "X = 1\n"), LOOK)
    assert (cases[3].verdict, cases[3].message) == (Verdict.FAILED, f"there is no test in {LOOK}")
    assert verdicts(cases[4:]) == [Verdict.SKIPPED] * 2


def test_tests_of_an_example_that_is_not_there_say_so(tmp_path: Path) -> None:
    made = bench(tmp_path, GOOD)
    part = Part(module="note", path="modules/note", suite=Suite.INTEGRATION, kind="pytest", files=(LOOK,))
    [case] = made.run(part)
    made.tests.end()
    assert case.verdict is Verdict.FAILED
    assert "tests/examples/NAME/test_*.py look at examples/NAME, which must exist" in case.message


def test_the_modules_own_folder_is_what_its_example_calls(tmp_path: Path) -> None:
    """A provider block beside the module would be a second one for the example that calls it."""
    text = "def test_look(example):\n    assert not list((example.folder / '../..').glob('*.tf'))\n"
    cases = run(bench(tmp_path, text), LOOK)
    assert set(verdicts(cases)) == {Verdict.PASSED}, [case.message for case in cases]

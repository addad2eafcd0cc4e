"""What people see of a run: a table that fits 80 columns, plain lines in CI, groups and annotations in GitHub."""

import io
import re
from typing import cast

import pytest
from rich.console import Console as RichConsole

from pipeline.commands.test import Plan
from pipeline.console import Console
from pipeline.domain.module import ModuleGraph
from pipeline.domain.parts import Part
from pipeline.domain.verdict import Case, Suite, Verdict
from pipeline.verbs.progress import ConsoleProgress

LONG = "tests/integration/a_file_with_a_name_that_somebody_did_not_keep_as_short_as_others_do.tftest.hcl"
FIRST = Part(module="net", path="modules/net", suite=Suite.UNIT, kind="native", files=("tests/unit/x.tftest.hcl",))
SECOND = Part(
    module="a-module-with-a-rather-long-name", path="m", suite=Suite.INTEGRATION, kind="native", files=(LONG,)
)
THIRD = Part(module="net", path="modules/net", suite=Suite.STATIC, kind="static")
PLAN = Plan(
    graph=cast("ModuleGraph", None),
    keys={},
    reused=(),
    parts=(FIRST, SECOND, THIRD),
    expected={("net", "unit", "moto"): 41.0},
)


def case(verdict: Verdict, message: str = "") -> tuple[Case, ...]:
    return (Case(name="it::works", verdict=verdict, message=message),)


def watcher(**environ: str) -> ConsoleProgress:
    return ConsoleProgress(Console(as_json=False, environ=environ))


def story(progress: ConsoleProgress) -> None:
    """One passes, one fails with two lines, one fails later."""
    progress.begin(PLAN, 2)
    progress.started(FIRST)
    progress.finished(FIRST, case(Verdict.PASSED), 1.25)
    progress.finished(SECOND, case(Verdict.FAILED, "no route\nto 100%"), 30.0)
    progress.finished(THIRD, case(Verdict.FAILED, "second failure"), 2.0)
    progress.end()


def drawn(progress: ConsoleProgress, width: int) -> list[str]:
    out = io.StringIO()
    RichConsole(file=out, width=width, color_system=None).print(progress._table())
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 100, 200])
def test_the_live_table_keeps_its_numbers_however_long_the_names(width: int) -> None:
    progress = watcher()
    progress.plan, progress.total = PLAN, 3
    for part in PLAN.parts:
        progress.started(part)
    title, head, *rows = drawn(progress, width)
    assert title.strip() == "0/3 parts"
    assert head.split() == ["module", "suite", "part", "elapsed", "expected"]
    assert all(len(row.rstrip()) <= width for row in rows)
    assert rows[0].split() == ["net", "unit", "x.tftest.hcl", "0", "s", "41", "s", "a", "suite"]
    assert re.search(r"^a-module-with-a-rat\S*… +integration +a_file_with_a_name\S* +0 s\s*$", rows[1])
    assert rows[2].split()[:3] == ["net", "static", "static"]


def test_lines_for_ci_with_the_first_failure_at_once_and_the_slowest_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    story(watcher(CI="true"))
    lines = [line.rstrip() for line in capsys.readouterr().err.splitlines()]
    assert lines[0] == "3 parts in 2 lanes; 0 suites known already"
    assert lines[1] == "  1/3 net unit tests/unit/x.tftest.hcl: passed (1 cases, 1.2 s)"
    assert lines[2].startswith("  2/3 a-module-with-a-rather-long-name integration")
    first = next(i for i, line in enumerate(lines) if "first failed case: a-module-with" in line)
    assert lines[first + 1 : first + 3] == ["no route", "to 100%"]
    assert lines.index("  3/3 net static static: failed (1 cases, 2.0 s)") > first
    assert "second failure" not in " ".join(lines)  # the results at the end have all of them
    slowest = lines[lines.index("slowest:") + 1 :]
    assert [line.split()[0] for line in slowest] == ["30.0", "2.0", "1.2"]
    assert slowest[1] == "     2.0 s  net static static"


def test_groups_in_github_and_the_failure_outside_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    story(watcher(CI="true", GITHUB_ACTIONS="true"))
    marks = [line for line in capsys.readouterr().err.splitlines() if line.startswith("::")]
    assert marks == [
        "::group::3 parts",
        "::endgroup::",
        "::error title=a-module-with-a-rather-long-name it::works::no route%0Ato 100%25",
        "::group::the other parts",
        "::endgroup::",
    ]


def test_only_ten_are_said_to_be_slowest(capsys: pytest.CaptureFixture[str]) -> None:
    progress = watcher(CI="true")
    progress.begin(PLAN, 2)
    for number in range(30):
        progress.finished(FIRST, case(Verdict.PASSED), float(number))
    progress.end()
    said = capsys.readouterr().err.partition("slowest:\n")[2].splitlines()
    assert [float(line.split()[0]) for line in said] == [float(n) for n in range(29, 19, -1)]

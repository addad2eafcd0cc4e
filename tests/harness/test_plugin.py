"""Real pytest processes under our plugin, as a run starts them: what they leave is what happened."""

import sys
from pathlib import Path

import pytest

from pipeline.adapters.harness.handout import VARIABLE, Handout
from pipeline.adapters.harness.reports import cases_from_report
from pipeline.adapters.processes import base_environment, run
from pipeline.domain.verdict import Verdict

GOOD = "def test_good():\n    pass\n"


def session(tmp_path: Path, files: dict[str, str]) -> dict[str, Verdict]:
    """Run these files of tests/unit in a process of their own."""
    module = tmp_path / "tree" / "modules" / "note"
    for name, text in files.items():
        path = module / "tests" / "unit" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    report = tmp_path / "report.jsonl"
    handout = Handout(
        root=str(tmp_path / "tree"), module="modules/note", target="moto", region="us-east-1", aws={},
        terraform=("terraform",), env={}, scratch=str(tmp_path), report=str(report), seconds=5, abandon=True, inits="",
    )  # fmt: skip
    handout.write(tmp_path / "handout.json")
    plugin = ("-p", "pipeline.adapters.pytest_plugin", "-p", "no:cacheprovider", "-c", "/dev/null")
    paths = [f"tests/unit/{name}" for name in files]
    env = base_environment({VARIABLE: str(tmp_path / "handout.json"), "PYTHONDONTWRITEBYTECODE": "1"})
    argv = (sys.executable, "-m", "pytest", "-q", *plugin, "--rootdir", str(module), *paths)
    outcome = run(argv, cwd=module, env=env, seconds=60)
    found = cases_from_report(report, "tests/unit", outcome, 1.0, lambda _: None)
    return {c.name: c.verdict for c in found}


def test_names_hold_the_path_and_the_parameter(tmp_path: Path) -> None:
    text = "import pytest\n@pytest.mark.parametrize('x', ['a/b', 'c/b'])\ndef test_it(x):\n    assert x == 'a/b'\n"
    assert session(tmp_path, {"test_a.py": text, "deep/test_b.py": GOOD}) == {
        "tests/unit/test_a.py::test_it[a/b]": Verdict.PASSED,
        "tests/unit/test_a.py::test_it[c/b]": Verdict.FAILED,
        "tests/unit/deep/test_b.py::test_good": Verdict.PASSED,
    }


@pytest.mark.parametrize(
    ("end", "verdict"),
    [
        ("import os; os._exit(0)", Verdict.ERRORED),
        ("import os; os.kill(os.getpid(), 9)", Verdict.ERRORED),
        ("import pytest; pytest.exit('enough', returncode=0)", Verdict.ERRORED),
    ],
)
def test_a_test_that_ends_the_session_passes_nothing(tmp_path: Path, end: str, verdict: Verdict) -> None:
    text = f"{GOOD}def test_end():\n    {end}\ndef test_never():\n    assert False\n"
    assert session(tmp_path, {"test_a.py": text}) == {
        "tests/unit/test_a.py::test_good": Verdict.PASSED,
        "tests/unit::(end)": verdict,
    }


def test_a_file_that_skips_itself_is_a_skip(tmp_path: Path) -> None:
    text = "import pytest\npytest.skip('not today', allow_module_level=True)\n"
    found = session(tmp_path, {"test_a.py": GOOD, "test_b.py": text})
    assert found == {
        "tests/unit/test_a.py::test_good": Verdict.PASSED,
        "tests/unit/test_b.py::(file)": Verdict.SKIPPED,
    }


def test_an_import_error_fails(tmp_path: Path) -> None:
    assert session(tmp_path, {"test_a.py": "import nowhere\n"}) == {"tests/unit::(collection)": Verdict.FAILED}


def test_an_expected_failure_is_no_pass(tmp_path: Path) -> None:
    text = "import pytest\n@pytest.mark.xfail\ndef test_it():\n    assert False\n"
    assert session(tmp_path, {"test_a.py": text}) == {"tests/unit/test_a.py::test_it": Verdict.SKIPPED}

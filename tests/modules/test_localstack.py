"""The repository's modules on LocalStack: what its services support passes, the rest is named unsupported.

On moto every suite of every module runs in the demo (tests/demo). Here LocalStack 4.14 runs without Docker in
its own CPython 3.13 environment, which is installed where it is missing.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.adapters.emulators.localstack_install import find_python, install_localstack
from pipeline.errors import UndecidedError
from tests.conftest import git

pytestmark = [pytest.mark.terraform, pytest.mark.timeout(1800)]
ROOT = Path(__file__).parents[2]
MODULES = ("core", "eks", "server-group", "vpc")


@pytest.fixture(scope="module")
def localstack() -> None:
    """LocalStack is installed; without CPython 3.13 the machine cannot run it."""
    environ = dict(os.environ)
    try:
        find_python(environ)
    except UndecidedError as error:
        pytest.skip(f"LocalStack needs CPython 3.13: {error}")
    install_localstack(environ)


def test_every_suite_passes_or_names_what_is_missing_there(localstack: None, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(ROOT), str(clone))
    words = ("test", "--on", "localstack", "--json")
    env = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "GIT_CONFIG_GLOBAL")}
    done = subprocess.run(
        (sys.executable, "-m", "pipeline", *words),
        cwd=clone,
        env={**env, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    results = {(r["module"], r["suite"]): r for r in json.loads(done.stdout)["results"]}
    assert {verdict for r in results.values() if (verdict := r["verdict"])} == {"passed", "unsupported"}
    assert set(results) == {(module, suite) for module in MODULES for suite in ("static", "unit", "integration")}
    for module in MODULES:
        assert results[module, "static"]["verdict"] == "passed"
    cases = {(r["module"], c["name"]): c for r in results.values() for c in r["cases"]}
    for module in ("core", "vpc"):
        assert cases[module, "examples/minimal::apply"]["verdict"] == "passed"
        assert cases[module, "examples/minimal::nothing is left"]["verdict"] == "passed"
    for module, service in (("eks", "eks"), ("server-group", "autoscaling")):
        case = cases[module, "examples/minimal::apply"]
        assert case["verdict"] == "unsupported"
        assert f"LocalStack 4.14.0 has no {service}" in case["message"]
    for case in cases.values():
        assert case["verdict"] == "passed" or case["message"], "what is unsupported is named"

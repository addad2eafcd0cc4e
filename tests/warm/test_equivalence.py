"""Warm and stock Terraform come to the same: plans, states and outputs of every example, verdicts of every suite.

The warm provider's answers are cached, pruned and (the pauses) shortened; none of it may show. `make test` compares
the smallest example, `make soak` all of them, and every suite of every module.
"""

import difflib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.emulators.moto import Moto, start_moto
from pipeline.adapters.warm import WarmProvider
from tests.conftest import git
from tests.warm import alike
from tests.warm.conftest import Bench, ok

pytestmark = [pytest.mark.terraform, pytest.mark.timeout(3600)]

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(
    str(path.relative_to(ROOT)) for path in (ROOT / "modules").glob("*/examples/*") if (path / "main.tf").exists()
)
QUICK = "modules/vpc/examples/minimal"
ACCOUNTS = {"stock": "555555555555", "warm": "666666666666"}


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    emulator = start_moto(scratch=tmp_path_factory.mktemp("moto"))
    yield emulator
    emulator.end()


def test_the_smallest_examples_are_among_all() -> None:
    assert QUICK in EXAMPLES
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize(
    "example", [pytest.param(e, marks=() if e == QUICK else pytest.mark.soak, id=e) for e in EXAMPLES]
)
def test_an_example_ends_the_same(bench: Bench, moto: Moto, warm: WarmProvider, tmp_path: Path, example: str) -> None:
    """Planned in one account both ways; applied, planned again and read in two accounts."""
    git(tmp_path, "clone", "-q", str(ROOT), "repository")
    where = tmp_path / "repository" / example
    plans, states = {}, {}
    for way, account in ACCOUNTS.items():
        relay = warm if way == "warm" else None
        first = moto.environment(ACCOUNTS["stock"])
        ok(bench.terraform(where, first, "init", warm=relay))
        ok(bench.terraform(where, first, "plan", "-out=plan.bin", warm=relay))
        plans[way] = alike.of_plan(shown(bench, where, first, relay, "plan.bin"))
        aws = moto.environment(account)
        ok(bench.terraform(where, aws, "apply", "-auto-approve", warm=relay))
        ok(bench.terraform(where, aws, "plan", "-detailed-exitcode", warm=relay))
        states[way] = alike.of_state(shown(bench, where, aws, relay), account)
        ok(bench.terraform(where, aws, "destroy", "-auto-approve", warm=relay))
        assert not shown(bench, where, aws, relay).get("values")
        (where / "terraform.tfstate").unlink()
    assert not difference(plans["stock"], plans["warm"])
    assert not difference(states["stock"], states["warm"])
    assert states["warm"]["root_module"], "an example has resources"
    assert warm.stats()["died"] == 0


def difference(stock: object, warm: object) -> str:
    """The lines that differ."""
    old, new = (json.dumps(value, indent=1, sort_keys=True).splitlines() for value in (stock, warm))
    return "\n".join(difflib.unified_diff(old, new, "stock", "warm", lineterm="", n=3))


def shown(bench: Bench, where: Path, aws: dict[str, str], warm: WarmProvider | None, *arguments: str) -> dict[str, Any]:
    """`terraform show -json`."""
    document: dict[str, Any] = json.loads(
        ok(bench.terraform(where, aws, "show", "-json", *arguments, warm=warm)).stdout
    )
    return document


@pytest.mark.soak
def test_every_suite_has_the_same_cases_and_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(tmp_path, "clone", "-q", str(ROOT), "clone")
    verdicts, seconds = {}, {}
    for way, more in (("warm", ()), ("stock", ("--cold",))):
        env = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "GIT_CONFIG_GLOBAL")}
        done = subprocess.run(
            (sys.executable, "-m", "pipeline", "test", "--fresh", "--json", *more),
            cwd=tmp_path / "clone",
            env={**env, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-5000:]
        results = json.loads(done.stdout)["results"]
        verdicts[way] = {
            (r["module"], r["suite"], case["name"]): case["verdict"] for r in results for case in r["cases"]
        }
        seconds[way] = sum(case["seconds"] for r in results for case in r["cases"])
    with capsys.disabled():
        print(f"\n{len(verdicts['warm'])} cases; seconds of all cases: {seconds}")
    assert verdicts["warm"] == verdicts["stock"]

"""How long `modferry diff` takes, in units that a busy machine hardly stretches: CPU time against a known start-up.

`python -c "import click"` takes 0.075 s on the machine where these bounds were set (2026-11-22, idle), so 4 units are
the 0.3 s that a diff of 1,700 lines of variables may take from process start. Two threads of one core slow each other
down in CPU time too (0.27 s becomes 0.31 s beside two busy workers), so `make test` runs these tests alone.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.history import HistoryFiles
from pipeline.adapters.processes import base_environment
from pipeline.commands.diff import diff_history, find_target
from pipeline.domain.settings import Settings
from tests.facts.repository import ModuleRepository

pytestmark = pytest.mark.speed
UNIT_SECONDS = 0.075
DIFF_UNITS = 0.3 / UNIT_SECONDS
PAIR_UNITS = 1 / 50 / UNIT_SECONDS
TYPES = ("string", "bool", "list(string)", "map(string)", "number", "object({ a = optional(string), b = string })")
DEFAULTS = ('"x"', "false", "[]", "{}", "3", '{ b = "x" }')


def variables(count: int, seed: int) -> str:
    return "\n".join(
        f'variable "v{n}" {{\n  description = "Input {n} of many, see the documentation of the service"\n'
        f"  type        = {TYPES[n % 6]}\n  default     = {DEFAULTS[n % 6] if n % 41 else seed}\n}}\n"
        for n in range(count)
    )


def resources(count: int, seed: int) -> str:
    return "\n".join(
        f'resource "aws_subnet" "s{n}" {{\n  count      = var.v1 ? length(var.v2) : 0\n'
        f'  cidr_block = "10.0.{n}.{seed if n % 17 == 0 else 0}/24"\n}}\n'
        for n in range(count)
    )


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> ModuleRepository:
    """A root module of 1,700 lines of variables and 80 resources, with 41 versions that each change some."""
    made = ModuleRepository(tmp_path_factory.mktemp("speed") / "big")
    for seed in range(41):
        made.version(f"v1.{seed}.0", {"variables.tf": variables(284, seed), "main.tf": resources(80, seed)})
    assert (made.folder / "variables.tf").read_text().count("\n") >= 1700
    return made


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Python keeps compiled code: an installed modferry is compiled, whatever the environment says."""
    return tmp_path_factory.mktemp("compiled")


def cpu_of(cache: Path, *arguments: str) -> float:
    """The least CPU time of five runs after a first one, in seconds."""
    env = base_environment({"PYTHONPYCACHEPREFIX": str(cache)})

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run((sys.executable, *arguments), check=True, capture_output=True, env=env)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    once()
    return min(once() for _ in range(5))


def test_one_diff_from_process_start(repository: ModuleRepository, cache: Path) -> None:
    unit = cpu_of(cache, "-c", "import click")
    took = cpu_of(cache, "-m", "pipeline", "diff", str(repository.folder), "--from", "v1.38.0", "--json")
    assert took < 0.3 or took / unit < DIFF_UNITS, f"{took:.3f} s where starting Python with click takes {unit:.3f} s"


def test_a_whole_history(repository: ModuleRepository, cache: Path) -> None:
    def once() -> float:
        files = HistoryFiles(GitRepository(Path(repository.folder)), "big")
        try:
            report = diff_history(find_target(files, Settings(), "."), time.process_time)
        finally:
            files.close()
        assert len(report.pairs) == 40
        return report.seconds / len(report.pairs)

    unit = cpu_of(cache, "-c", "import click")
    pair = min(once() for _ in range(3))
    assert pair / unit < PAIR_UNITS, f"{pair:.4f} s a pair where starting Python with click takes {unit:.3f} s"

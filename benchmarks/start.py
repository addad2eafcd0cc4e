"""What a command costs before it does anything: start, help, a diff of a long file, tests that are known."""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Sample, measure, median
from benchmarks.report import Row, Section
from pipeline.adapters.processes import base_environment

REPEATS = 7
VARIABLES = 243
"""Of seven lines each: 1,701 lines."""


def start() -> Section:
    """Python itself, `--help`, `diff` of 1,700 lines of variables."""
    with tempfile.TemporaryDirectory(prefix="modferry-bench-") as scratch:
        where = Path(scratch) / "long"
        _long_module(where)
        bare = _sample(where, "-I", "-c", "pass")
        help_ = _sample(where, "-m", "pipeline", "--help")
        diff = _sample(where, "-m", "pipeline", "diff", "long", "--from", "long/v0.1.0")
    rows = (
        Row(what="`python -c pass`", found=_said(bare)),
        Row(what="`modferry --help`", found=_said(help_), wanted="under 0.2 s", met=help_.wall < 0.2),
        Row(
            what="`modferry diff`, 1,701 lines of variables",
            found=_said(diff),
            wanted="under 0.3 s",
            met=diff.wall < 0.3,
        ),
    )
    how = (
        f"Each {REPEATS} times in its own process; the run with the median processor time is shown. A small process "
        "counts for at least the 27 MiB of the one that measures it."
    )
    return Section(key="start", title="Start", how=how, rows=rows)


def _said(sample: Sample) -> str:
    memory = f"{sample.memory / 2**20:.0f} MiB"
    return f"{sample.wall:.2f} s wall, {sample.cpu:.2f} s processor, {memory} (load {sample.load:.0f})"


def _sample(where: Path, *argv: str) -> Sample:
    env = base_environment(
        {"PYTHONPATH": str(Path(__file__).parents[1]), "XDG_CACHE_HOME": str(where.parent / "cache")}
    )
    return median([measure((sys.executable, *argv), cwd=where, env=env) for _ in range(REPEATS)])


def _long_module(where: Path) -> None:
    module = where / "modules" / "long"
    module.mkdir(parents=True)
    (module / "main.tf").write_text("locals {}\n")
    git = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.test")
    for turn in (0, 1):
        (module / "variables.tf").write_text("".join(_variable(i, turn) for i in range(VARIABLES)))
        if turn == 0:
            subprocess.run(("git", "init", "-q", "-b", "main"), cwd=where, check=True)
        subprocess.run(("git", "add", "-A"), cwd=where, check=True)
        subprocess.run((*git, "commit", "-q", "-m", "feat: variables"), cwd=where, check=True)
        if turn == 0:
            subprocess.run(("git", "tag", "long/v0.1.0"), cwd=where, check=True)


def _variable(number: int, turn: int) -> str:
    default = turn if number % 10 == 0 else 0
    return (
        f'variable "v{number:03d}" {{\n  description = "Number {number}."\n'
        f"  type = object({{\n    size = optional(number, {default})\n  }})\n  default = {{}}\n}}\n"
    )

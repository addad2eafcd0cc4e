"""The whole story, warm and with stock Terraform, one after the other; and what of it each step took."""

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Sample, measure
from benchmarks.report import Row, Section
from pipeline.adapters.processes import base_environment

ROOT = Path(__file__).parents[1]
GOAL = 120.0
"""Seconds on two cores, warm."""
SLOWEST = 5


def demo() -> Section:
    """`modferry demo` and `modferry demo --cold`."""
    with tempfile.TemporaryDirectory(prefix="modferry-bench-") as scratch:
        warm, steps = _play(Path(scratch) / "warm")
        cold, _ = _play(Path(scratch) / "cold", "--cold")
    slow = sorted(steps, key=lambda step: -step[1])[:SLOWEST]
    rows = (
        Row(what="`modferry demo`", found=_said(warm), wanted=f"under {GOAL:.0f} s", met=warm.wall < GOAL),
        Row(what="`modferry demo --cold`", found=_said(cold)),
        Row(what="cold ÷ warm", found=f"{cold.wall / warm.wall:.1f} times"),
        *(Row(what=f"of the warm one: {title}", found=f"{seconds:.0f} s") for title, seconds in slow),
    )
    how = (
        "Everything included: the clone, the emulator, every suite of every module, all environments. An empty cache "
        "each; the five slowest steps of the warm one below."
    )
    return Section(key="demo", title="The demo", how=how, rows=rows)


def _play(folder: Path, *more: str) -> tuple[Sample, list[tuple[str, float]]]:
    env = base_environment({"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder.with_suffix(".cache"))})
    argv = (sys.executable, "-m", "pipeline", "demo", "--keep", str(folder), *more)
    sample = measure(argv, cwd=ROOT, env=env)
    if sample.code != 0:
        raise SystemExit(f"modferry demo {' '.join(more)} ended with {sample.code}: nothing was measured")
    steps = json.loads((folder / "report.json").read_text())["steps"]
    return sample, [(step["title"], step["seconds"]) for step in steps]


def _said(sample: Sample) -> str:
    return f"{sample.wall:.0f} s wall, {sample.cpu:.0f} s processor (load {sample.load:.0f})"

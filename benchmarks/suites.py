"""The same native test files by modferry and by a plain loop of `terraform init && terraform test`, in one run.

Both get the same copies of the modules, the same emulator, the same provider mirror. Files that only modferry can
run (pytest) are taken out for both. The plain loop is stock Terraform as a person starts it; modferry is timed
with everything that it does besides: the emulator's start, copies, evidence.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import Sample, measure
from benchmarks.report import Row, Section
from pipeline.adapters.emulators.moto import start_moto
from pipeline.adapters.processes import base_environment, run
from pipeline.adapters.toolchain import Toolchain, find_toolchain
from pipeline.commands.test import Request, plan_tests
from pipeline.domain.verdict import Suite, Verdict, suite_verdict
from pipeline.wiring import open_bench, open_project

HOME = Path(__file__).parents[1]
NATIVE = (
    ("vpc", "tests/unit/defaults.tftest.hcl", "7 runs, mocked"),
    ("eks", "tests/unit/controllers.tftest.hcl", "6 runs, on the emulator"),
)
SECONDS = 1800.0


@dataclass(frozen=True, kw_only=True)
class Place:
    """A clone of this repository without pytest files, and an emulator for the plain loop."""

    clone: Path
    cache: Path
    tools: Toolchain
    aws: Mapping[str, str]

    def plain(self, module: str, *arguments: str) -> float:
        """Seconds of one stock Terraform command in a module; it must succeed."""
        env = {name: value for name, value in self.tools.environment().items() if name != "GOGC"}
        where = self.clone / "modules" / module
        outcome = run(
            (*self.tools.terraform, *arguments), cwd=where, env=base_environment({**env, **self.aws}), seconds=SECONDS
        )
        if not outcome.ok:
            raise SystemExit(f"terraform {arguments[0]} in {module}: {outcome.stdout[-2000:]}{outcome.stderr[-2000:]}")
        return outcome.seconds

    def modferry(self, *arguments: str) -> Sample:
        """One modferry in its own process; it must succeed."""
        env = base_environment({"PYTHONPATH": str(HOME), "XDG_CACHE_HOME": str(self.cache), **_named()})
        sample = measure((sys.executable, "-m", "pipeline", "-C", str(self.clone), *arguments), cwd=self.clone, env=env)
        if sample.code:
            raise SystemExit(f"modferry {' '.join(arguments)} ended with {sample.code}")
        return sample


def suites_one() -> Section:
    """Native test files, warm, against stock `terraform test` of the same files."""
    how = (
        "Stock: `terraform test -filter` after its `init`, as a person starts it. Warm: the same file as a part of a "
        "modferry run whose provider has started, its copy and its own `init` included."
    )
    rows: list[Row] = []
    with _place() as place:
        for module, file, what in NATIVE:
            rows += _one(place, module, file, f"`{module}/{file}` ({what})")
    return Section(key="one", title="Native test files", how=how, rows=tuple(rows))


def _one(place: Place, module: str, file: str, title: str) -> list[Row]:
    load = os.getloadavg()[0]
    init = place.plain(module, "init", "-input=false", "-test-directory=tests/unit")
    stock = place.plain(module, "test", "-test-directory=tests/unit", f"-filter={file}")
    first, again = _in_one_bench(place, module, file)
    return [
        Row(what=f"{title}: stock `terraform init`", found=f"{init:.1f} s"),
        Row(what="stock `terraform test`", found=f"{stock:.1f} s (load {load:.0f})"),
        Row(what="in a new modferry run", found=f"{first:.1f} s"),
        Row(what="warm (median of 5)", found=f"{again:.2f} s"),
        Row(
            what="stock test ÷ warm",
            found=f"{stock / again:.1f} times",
            wanted="at least 20 times",
            met=stock / again >= 20,
        ),
        Row(what="stock init and test ÷ warm", found=f"{(init + stock) / again:.1f} times"),
    ]


def suites_all() -> Section:
    """Every module's native unit tests: the loop, modferry from cold, modferry warm, modferry with nothing to do."""
    with _place() as place:
        load = os.getloadavg()[0]
        loop = 0.0
        for module in sorted(p.name for p in (place.clone / "modules").iterdir()):
            loop += place.plain(module, "init", "-input=false", "-test-directory=tests/unit")
            loop += place.plain(module, "test", "-test-directory=tests/unit")
        shutil.rmtree(place.cache, ignore_errors=True)
        cold = place.modferry("test", "--suite", "unit")
        known = min((place.modferry("test", "--suite", "unit") for _ in range(3)), key=lambda s: s.wall)
        warm = place.modferry("test", "--suite", "unit", "--fresh")
    how = (
        "Native unit tests of all modules. Cold: modferry with an empty cache (no schema kept, no version known). "
        "Warm: `--fresh` with that cache; a modferry run always starts its own emulator and provider processes."
    )
    rows = (
        Row(what="`terraform init && terraform test`, module by module", found=f"{loop:.0f} s (load {load:.0f})"),
        Row(what="`modferry test --suite unit`, cold", found=_said(cold)),
        Row(what="the same, warm", found=_said(warm)),
        Row(what="nothing changed", found=_said(known), wanted="under 1 s", met=known.wall < 1),
        Row(
            what="loop ÷ cold",
            found=f"{loop / cold.wall:.1f} times",
            wanted="at least 6 times",
            met=loop / cold.wall >= 6,
        ),
        Row(what="loop ÷ warm", found=f"{loop / warm.wall:.1f} times"),
    )
    return Section(key="all", title="Unit suites of all modules", how=how, rows=rows)


def _said(sample: Sample) -> str:
    memory = f"largest process {sample.memory / 2**20:.0f} MiB"
    return f"{sample.wall:.1f} s wall, {sample.cpu:.1f} s processor, {memory} (load {sample.load:.0f})"


def _in_one_bench(place: Place, module: str, file: str) -> tuple[float, float]:
    """Seconds of the file in a run that just started, and the median of five more in the same run."""
    environ = {**os.environ, "XDG_CACHE_HOME": str(place.cache)}
    project = open_project(place.clone, environ, lambda: datetime.now(UTC))
    bench = open_bench(project, environ, target="moto", jobs=1, cold=False)
    plan = plan_tests(project, Request(modules=(module,), suites=(Suite.UNIT,), fresh=True), bench)
    [part] = [p for p in plan.parts if p.files == (file,)]
    wanted = frozenset(
        path for folder in plan.graph.tested(plan.graph.modules[module]) for path in plan.graph.folders[folder]
    )
    seconds = []
    with bench.open(plan.graph.files, wanted) as run_part:
        for _ in range(6):
            began = time.monotonic()
            if suite_verdict(run_part(part)) is not Verdict.PASSED:
                raise SystemExit(f"{file} does not pass")
            seconds.append(time.monotonic() - began)
    return seconds[0], statistics.median(seconds[1:])


@contextmanager
def _place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="modferry-bench-") as name:
        scratch = Path(name)
        clone = scratch / "clone"
        subprocess.run(("git", "clone", "-q", str(HOME), str(clone)), check=True)
        for path in clone.glob("modules/*/tests/unit/*.py"):
            path.unlink()
        tools = find_toolchain(scratch=scratch, environ=os.environ)
        moto = start_moto(scratch=scratch)
        try:
            yield Place(clone=clone, cache=scratch / "cache", tools=tools, aws=moto.environment("111111111111"))
        finally:
            moto.end()


def _named() -> dict[str, str]:
    return {n: os.environ[n] for n in ("MODFERRY_TERRAFORM", "MODFERRY_PROVIDER_MIRROR") if n in os.environ}

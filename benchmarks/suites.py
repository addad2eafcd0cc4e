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

from benchmarks.measure import Sample, cpu_of_tree, measure
from benchmarks.report import Row, Section
from pipeline.adapters.emulators.moto import start_moto
from pipeline.adapters.processes import base_environment, run
from pipeline.adapters.toolchain import Toolchain, find_toolchain
from pipeline.commands.test import Request, plan_tests
from pipeline.domain.verdict import Suite, Verdict, suite_verdict
from pipeline.wiring import open_bench, open_project

HOME = Path(__file__).parents[1]
WANTED = 20
SECONDS = 1800.0
TIMES = 5


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


@dataclass(frozen=True, kw_only=True)
class Cost:
    """`wall` and `cpu` in seconds; of the latter `cli` is what the Terraform processes themselves used."""

    wall: float
    cpu: float
    cli: float


def suites_one() -> Section:
    """Every native test file of every module, warm, against stock `terraform test` of the same file."""
    how = (
        "Every native test file of every module. Stock: `terraform test -filter=FILE` as a person starts it, after an "
        "`init` that is not counted. Warm: the same file as a part of a modferry run in which the module's first file "
        "has run, everything included that modferry does for it: copy, scan, `terraform test`, reading its answer; "
        f"median of {TIMES}. All runs must pass both ways. Seconds on the wall, then seconds of processor of "
        "all processes together (Terraform, providers, relay, emulator, modferry); in brackets the part of the "
        "Terraform command itself, which modferry runs as it is and which bounds what can be gained. Files below "
        "`tests/integration` create and destroy: there each part has an account and a provider process of its own. A "
        "row is judged only where the load before both was at most the cores and one: else the wall says nothing."
    )
    rows: list[Row] = []
    with _place() as place:
        for module in sorted(p.name for p in (place.clone / "modules").iterdir()):
            rows += _files_of(place, module)
    return Section(key="one", title="Native test files", how=how, rows=tuple(rows))


def _files_of(place: Place, module: str) -> list[Row]:
    rows = []
    stock: dict[str, tuple[Cost, float]] = {}
    for folder in ("tests/unit", "tests/integration"):
        where = place.clone / "modules" / module
        files = sorted(p.relative_to(where).as_posix() for p in (where / folder).glob("*.tftest.hcl"))
        if files:
            place.plain(module, "init", "-input=false", f"-test-directory={folder}")
        for file in files:
            load = os.getloadavg()[0]
            with _costs() as cost:
                place.plain(module, "test", f"-test-directory={folder}", f"-filter={file}")
            stock[file] = (cost[0], load)
    then = os.getloadavg()[0]
    for file, warm in _in_one_bench(place, module, tuple(stock)).items():
        before, load = stock[file]
        quiet = max(load, then) <= (os.cpu_count() or 1) + 1  # what is measured makes load itself
        runs = (place.clone / "modules" / module / file).read_text().count("\nrun ")
        times = before.wall / warm.wall
        rows.append(
            Row(
                what=f"`{module}/{file}`, {runs} runs",
                found=f"{times:.1f} times: {before.wall:.1f} s ÷ {warm.wall:.2f} s (load {load:.0f}, then {then:.0f}); "
                f"processor {before.cpu / warm.cpu:.1f} times: {before.cpu:.1f} s ÷ {warm.cpu:.2f} s "
                f"({warm.cli:.2f} s)",
                wanted=f"at least {WANTED} times",
                met=times >= WANTED if quiet else None,
            )
        )
    return rows


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


def _in_one_bench(place: Place, module: str, files: tuple[str, ...]) -> dict[str, Cost]:
    """What each file costs in one run, its providers started and its module initialised: medians."""
    environ = {**os.environ, "XDG_CACHE_HOME": str(place.cache)}
    project = open_project(place.clone, environ, lambda: datetime.now(UTC))
    bench = open_bench(project, environ, target="moto", jobs=1, cold=False)
    suites = (Suite.UNIT, Suite.INTEGRATION)
    plan = plan_tests(project, Request(modules=(module,), suites=suites, fresh=True), bench)
    parts = [p for p in plan.parts if p.files and p.files[0] in files]
    wanted = frozenset(
        path for folder in plan.graph.tested(plan.graph.modules[module]) for path in plan.graph.folders[folder]
    )
    found: dict[str, list[Cost]] = {}
    with bench.open(plan.graph.files, wanted) as run_part:
        for turn in range(TIMES + 1):
            for part in parts:
                with _costs() as cost:
                    verdict = suite_verdict(run_part(part))
                if verdict is not Verdict.PASSED:
                    raise SystemExit(f"{part.label} does not pass")
                if turn:
                    found.setdefault(part.files[0], []).append(cost[0])
    return {
        file: Cost(
            wall=statistics.median(c.wall for c in costs),
            cpu=statistics.median(c.cpu for c in costs),
            cli=statistics.median(c.cli for c in costs),
        )
        for file, costs in found.items()
    }


@contextmanager
def _costs() -> Iterator[list[Cost]]:
    """The cost of what runs inside, put into the list at its end."""
    found: list[Cost] = []
    began, before = time.monotonic(), cpu_of_tree()
    yield found
    after = cpu_of_tree()
    cli = after.ended - before.ended
    found.append(Cost(wall=time.monotonic() - began, cpu=after.total - before.total, cli=cli))


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

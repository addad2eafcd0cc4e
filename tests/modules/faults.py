"""Put faults into a module, one at a time, and say which tests notice: `python -m tests.modules.faults vpc`.

The faults of a module stand in `faults/<module>.toml` (`id`, `says`, `file`, `old`, `new`, and `suites`, by
default `unit`). Each runs in copies of the module and its neighbours under `faults/<id>/`, all on one bench;
the files of the repository are never changed. The unchanged module runs first and must pass: a fault that is
noticed by tests that fail anyway says nothing. Only a *failed* case notices; errored or unsupported is not
noticing. Exits 0 when at most one fault in ten stays unnoticed, else 11 (20: the unchanged module fails).

`--only ID` (repeatable) runs some; `--list` prints what would run; `--clean` runs the unchanged module alone.
"""

import argparse
import os
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline.commands.project import Project
from pipeline.domain.module import Files, Module, ModuleGraph
from pipeline.domain.parts import Part, parts_of
from pipeline.domain.verdict import Case, Suite, Verdict
from pipeline.errors import Exit, ModferryError, UsageError
from pipeline.wiring import open_bench, open_project

FAULTS = Path(__file__).with_name("faults")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One change of one file that tests must notice; `old` stands in the file exactly once."""

    id: str
    says: str
    file: str
    old: str
    new: str
    suites: tuple[Suite, ...] = (Suite.UNIT,)

    def applied_to(self, text: str) -> str:
        """The file with the fault. Raises UsageError when the place is not there or not clear."""
        if text.count(self.old) != 1:
            raise UsageError(
                f"Fault {self.id}: {self.file} has its old text {text.count(self.old)} times, not once.",
                remedy="adjust the fault to the file",
            )
        return text.replace(self.old, self.new)


def read_faults(path: Path) -> tuple[Fault, ...]:
    """The faults of one module."""
    rows = tomllib.loads(path.read_text())["fault"]
    return tuple(Fault(**{**row, "suites": tuple(Suite(s) for s in row.get("suites", ["unit"]))}) for row in rows)


def files_with(graph: ModuleGraph, module: Module, faults: Sequence[Fault]) -> Files:
    """The module's closure, once for each fault, below `faults/<id>/`."""
    origin: dict[str, str] = {}
    changed: dict[str, bytes] = {}
    own = [path for folder in graph.tested(module) for path in graph.folders[folder]]
    for fault in faults:
        origin |= {f"faults/{fault.id}/{path}": path for path in own}
        if fault.file:
            path = f"{module.path}/{fault.file}"
            text = fault.applied_to(graph.files.read(path).decode())
            changed[f"faults/{fault.id}/{path}"] = text.encode()
    return Files(
        paths=tuple(sorted(origin)),
        read=lambda path: changed.get(path) or graph.files.read(origin[path]),
        mode=lambda path: graph.files.mode(origin[path]),
    )


def parts_with(graph: ModuleGraph, module: Module, fault: Fault) -> tuple[Part, ...]:
    """What runs for one fault: the module's parts, in the copy."""
    return tuple(replace(p, path=f"faults/{fault.id}/{p.path}") for p in parts_of(graph, module, fault.suites))


def run_faults(
    project: Project, module: Module, faults: Sequence[Fault], environ: Mapping[str, str], jobs: int
) -> dict[str, tuple[Case, ...]]:
    """Fault id → the cases of its suites; what native tests noticed is not shown to the slower ones."""
    graph = project.graph()
    files = files_with(graph, module, faults)
    parts = [(fault, part) for fault in faults for part in parts_with(graph, module, fault)]
    found: dict[str, list[Case]] = {fault.id: [] for fault in faults}
    bench = open_bench(project, environ, target="moto", jobs=jobs, cold=False)
    with bench.open(files, frozenset(files.paths)) as run_part, ThreadPoolExecutor(jobs) as pool:
        for cheap in (True, False):
            work = [
                (fault.id, part)
                for fault, part in parts
                if (part.kind == "native") is cheap and (not fault.file or not noticed(found[fault.id]))
            ]
            for (name, _), cases in zip(work, list(pool.map(run_part, [part for _, part in work])), strict=True):
                found[name] += cases
    return {name: tuple(cases) for name, cases in found.items()}


def noticed(cases: Iterable[Case]) -> tuple[str, ...]:
    """The cases that failed."""
    return tuple(case.name for case in cases if case.verdict is Verdict.FAILED)


def show(fault: Fault, cases: Sequence[Case]) -> str:
    """One row of the Markdown table in docs/modules."""
    names = noticed(cases)
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    by = ", ".join(f"`{name}`" for name in names[:2]) + more if names else "**nobody**"
    return f"| {fault.id} | {fault.says} | {by} | {len(names)} of {len(cases)} |"


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> Exit:
    """Run and print; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.modules.faults", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("module")
    parser.add_argument("--only", action="append", default=[], metavar="ID")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--clean", action="store_true")
    parser.add_argument("--suite", action="append", default=[], type=Suite, help="for --clean")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    asked = parser.parse_args(arguments)
    project = open_project(Path.cwd(), environ, lambda: datetime.now(UTC))
    module = project.graph().find(asked.module)
    suites = tuple(asked.suite) or (Suite.UNIT,)
    unchanged = Fault(id="none", says="nothing changed", file="", old="", new="", suites=suites)
    faults = () if asked.clean else read_faults(FAULTS / f"{module.name}.toml")
    faults = tuple(f for f in faults if not asked.only or f.id in asked.only)
    if not asked.clean:
        unchanged = replace(unchanged, suites=tuple(dict.fromkeys(s for f in faults for s in f.suites)))
    if asked.list:
        print("\n".join(f"{fault.id}: {fault.says} ({fault.file})" for fault in faults))
        return Exit.DONE
    ran = run_faults(project, module, (unchanged, *faults), environ, asked.jobs)
    broken = [case for case in ran["none"] if case.verdict is not Verdict.PASSED]
    for case in broken:
        print(f"without any fault, {case.name} is {case.verdict}: {case.message}", file=sys.stderr)
    print(f"Without any fault: {len(ran['none']) - len(broken)} of {len(ran['none'])} cases pass.\n")
    if broken:
        return Exit.UNDECIDED
    if asked.clean:
        print("\n".join(f"{case.seconds:6.1f} s  {case.name}" for case in ran["none"]))
        return Exit.DONE
    print("| fault | what is wrong | noticed by | failed cases |\n|---|---|---|---|")
    print("\n".join(show(fault, ran[fault.id]) for fault in faults))
    missed = [fault for fault in faults if not noticed(ran[fault.id])]
    print(f"\n{len(faults) - len(missed)} of {len(faults)} noticed.")
    return Exit.DONE if len(missed) * 10 <= len(faults) else Exit.TESTS_FAILED


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:], os.environ))
    except ModferryError as error:
        print(error, file=sys.stderr)
        sys.exit(error.code)

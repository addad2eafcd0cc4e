"""A module's own tests on a bench: Terraform's test files, and Python's with pytest."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.adapters.harness.handout import VARIABLE, Handout
from pipeline.adapters.harness.native import cases_of
from pipeline.adapters.harness.reports import cases_from_report
from pipeline.adapters.harness.subject import PROVIDER, PROVIDER_FILE
from pipeline.adapters.processes import base_environment, run
from pipeline.domain.parts import Part
from pipeline.domain.verdict import Case

if TYPE_CHECKING:
    from pipeline.adapters.harness.bench import Bench

NO_SUMMARY = ("-p", "no:hypothesispytest")
"""Hypothesis' plugin imports all of it for a summary: half of what a small pytest run costs. Tests may use it."""


COLLECTED_LATE = {"GOGC": "800"}
"""For `terraform test`, which makes a graph for each run and drops it: a twentieth less time than 400 for a few tens of
MB more (core's unit tests); a plan takes the same with both, and no collector at all costs more in page faults."""


def run_native(bench: "Bench", part: Part, module: Path, aws: Mapping[str, str]) -> list[Case]:
    """One of Terraform's own test files."""
    file = part.files[0]
    folder = file.rpartition("/")[0]
    terraform = bench.in_folder(module, aws, mocked=not part.applies)
    flags = ("-input=false", f"-test-directory={folder}")
    terraform.init(*flags)
    terraform.env = {**terraform.env, **COLLECTED_LATE}
    outcome = terraform.call("test", "-json", f"-test-directory={folder}", f"-filter={file}", ok=range(256))
    return cases_of(file, outcome, bench.target.unsupported)


def run_pytest(bench: "Bench", part: Part, work: Path, module: Path, aws: Mapping[str, str]) -> list[Case]:
    """A part's Python tests in a pytest process of their own; an example's find it applied (`part.files[0]`)."""
    report = work / "report.jsonl"
    example, files = (part.files[0], part.files[1:]) if part.kind == "example" else ("", part.files)
    attached = dict(bench.attach_for(aws, True)(module / example, False)) if bench.attach_for else {}
    handout = Handout(
        root=str(work / "tree"),
        module=part.path,
        target=bench.target.name,
        region=bench.region,
        aws=aws,
        terraform=bench.terraform,
        env={**bench.tool_env, **bench.shared(), **attached},
        scratch=str(work),
        report=str(report),
        seconds=bench.seconds,
        inits=str(bench.inits.folder) if attached else "",
        abandon=bench.target.name != "account",
        example=example,
    )
    handout.write(work / "handout.json")
    if not (module / PROVIDER_FILE).exists() and not example:
        (module / PROVIDER_FILE).write_text(PROVIDER)
    began = time.monotonic()
    outcome = run(
        bench.tests.command(
            "-q",
            "-p",
            "pipeline.adapters.pytest_plugin",
            "-p",
            "no:cacheprovider",
            *NO_SUMMARY,
            "--rootdir",
            str(module),
            "-c",
            "/dev/null",
            *files,
        ),
        cwd=module,
        env=base_environment({**aws, VARIABLE: str(work / "handout.json"), "PYTHONDONTWRITEBYTECODE": "1"}),
        seconds=bench.seconds * 2,
    )
    folder = files[0].rpartition("/")[0]
    return cases_from_report(report, folder, outcome, time.monotonic() - began, bench.target.unsupported)

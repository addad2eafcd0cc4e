"""The static suite: fmt, validate, README tables, each example's plan, and the policy rules over it."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.adapters.terraform import Terraform, TerraformFailedError, TerraformUnknownError
from pipeline.domain.verdict import Case, Verdict

if TYPE_CHECKING:
    from pipeline.adapters.harness.bench import Bench

PLAN = "modferry.tfplan"
BEGIN_TABLES = "<!-- BEGIN_TF_DOCS -->"

PlanPolicy = Callable[[Mapping[str, Any]], tuple[Verdict, str]]
"""Plan JSON → passed, failed (findings) or errored (could not find out), with what to say."""
ReadmeCheck = Callable[[Path], str]
"""A module's folder → what is stale in its README tables, or nothing."""


def run(bench: "Bench", module: Path, aws: Mapping[str, str]) -> list[Case]:
    """All static cases of one module."""
    cases = [_case(bench, "fmt", lambda: _fmt(bench.in_folder(module, aws)))]
    cases.append(_case(bench, "validate", lambda: _validate(bench.in_folder(module, aws))))
    readme = module / "README.md"
    if readme.exists() and BEGIN_TABLES in readme.read_text() and bench.readme:
        check = bench.readme
        cases.append(_case(bench, "README tables", lambda: check(module)))
    for example in sorted(p.parent for p in module.glob("examples/*/main.tf")):
        name = f"examples/{example.name}"
        terraform = bench.in_folder(example, aws)
        planned = _case(bench, f"{name} plan", lambda t=terraform: _plan(t))  # type: ignore[misc]
        cases.append(planned)
        if planned.verdict is Verdict.PASSED and bench.policy:
            began = time.monotonic()
            verdict, text = bench.policy(terraform.show(PLAN))
            if verdict is Verdict.ERRORED:  # known only after the apply: the integration suite judges it then
                verdict = Verdict.PASSED
            seconds = time.monotonic() - began
            cases.append(Case(name=f"{name} policy before apply", verdict=verdict, seconds=seconds, message=text))
    return cases


def _case(bench: "Bench", name: str, check: Callable[[], str]) -> Case:
    began = time.monotonic()
    try:
        problem = check()
    except (TerraformFailedError, TerraformUnknownError) as error:
        return bench.case_of(name, error, time.monotonic() - began)
    verdict = Verdict.FAILED if problem else Verdict.PASSED
    return Case(name=name, verdict=verdict, seconds=time.monotonic() - began, message=problem)


def _fmt(terraform: Terraform) -> str:
    outcome = terraform.call("fmt", "-check", "-recursive", "-list=true", "-no-color", ok=(0, 2, 3))
    files = outcome.stdout.split()
    return f"not formatted: {', '.join(files)}; terraform fmt -recursive mends it" if outcome.code else ""


def _validate(terraform: Terraform) -> str:
    try:
        terraform.init("-input=false", "-backend=false")
    except TerraformFailedError:
        if broken := _broken(terraform):  # says line and column, which init does not
            return broken
        raise
    return _broken(terraform)


def _broken(terraform: Terraform) -> str:
    rows = []
    for found in (d for d in terraform.validate() if d["severity"] == "error"):
        where = found.get("range") or {}
        place = f"{where['filename']}:{where['start']['line']}:{where['start']['column']}: " if where else ""
        rows.append(f"{place}{found['summary']}: {found.get('detail', '')}".strip())
    return "\n".join(rows)


def _plan(terraform: Terraform) -> str:
    terraform.init("-input=false")
    terraform.plan(PLAN)
    return ""

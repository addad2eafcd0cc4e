"""An example's life: apply → second plan empty → policy → destroy → nothing left. Each step is a case."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.adapters.terraform import Terraform, TerraformFailedError, TerraformUnknownError
from pipeline.domain.verdict import Case, Verdict

if TYPE_CHECKING:
    from pipeline.adapters.harness.bench import Bench

PLAN = "modferry.tfplan"
STEPS = ("apply", "second plan is empty", "policy", "destroy", "nothing is left")


def run(bench: "Bench", module: Path, example: str, aws: Mapping[str, str]) -> list[Case]:
    """The cases of one example; after a step that did not pass, the rest is not run but still cleaned up."""
    terraform = bench.in_folder(module / example, aws)
    before = bench.snapshot(aws)
    steps: tuple[Callable[[], str], ...] = (
        lambda: _apply(terraform),
        lambda: _second_plan(terraform),
        lambda: _policy(bench, terraform),
        lambda: _destroy(bench, terraform),
        lambda: bench.left(before, aws),
    )
    cases: list[Case] = []
    for name, step in zip(STEPS, steps, strict=True):
        case = _case(bench, f"{example}::{name}", step)
        cases.append(case)
        if case.verdict is not Verdict.PASSED:
            cases += _not_run(example, name, case)
            break
    if any(case.verdict is not Verdict.PASSED for case in cases[: STEPS.index("destroy") + 1]):
        bench.clean_up(terraform)
    return cases


def _case(bench: "Bench", name: str, step: Callable[[], str]) -> Case:
    began = time.monotonic()
    try:
        problem = step()
    except (TerraformFailedError, TerraformUnknownError) as error:
        return bench.case_of(name, error, time.monotonic() - began)
    seconds = time.monotonic() - began
    if not problem:
        return Case(name=name, verdict=Verdict.PASSED, seconds=seconds)
    gap = bench.target.unsupported(problem)
    verdict = Verdict.UNSUPPORTED if gap else Verdict.FAILED
    return Case(name=name, verdict=verdict, seconds=seconds, message=gap or problem)


def _not_run(example: str, stopped_at: str, case: Case) -> list[Case]:
    """The steps behind one that did not pass: unsupported where it was, else skipped."""
    verdict = Verdict.UNSUPPORTED if case.verdict is Verdict.UNSUPPORTED else Verdict.SKIPPED
    return [
        Case(name=f"{example}::{name}", verdict=verdict, message=f"not run: {stopped_at} is {case.verdict}")
        for name in STEPS[STEPS.index(stopped_at) + 1 :]
    ]


def _apply(terraform: Terraform) -> str:
    terraform.init("-input=false")
    terraform.create()
    return ""


def _second_plan(terraform: Terraform) -> str:
    if not terraform.plan(PLAN):
        return ""
    changes = terraform.show(PLAN)
    rows = [
        f"{change['address']} ({'/'.join(change['change']['actions'])}: {_differs(change['change'])})"
        for change in changes.get("resource_changes", ())
        if change["change"]["actions"] not in (["no-op"], ["read"])
    ]
    return "the second plan is not empty: " + ("; ".join(rows) or "outputs change")


def _policy(bench: "Bench", terraform: Terraform) -> str:
    """The policy rules over the second plan: everything is known now, so Unknown is a failure here."""
    if not bench.policy:
        return ""
    verdict, text = bench.policy(terraform.show(PLAN))
    return "" if verdict is Verdict.PASSED else text


def _differs(change: Mapping[str, object]) -> str:
    before, after = change.get("before") or {}, change.get("after") or {}
    if not isinstance(before, dict) or not isinstance(after, dict):
        return "?"
    return ", ".join(sorted(k for k in {*before, *after} if before.get(k) != after.get(k))) or "unknown values"


def _destroy(bench: "Bench", terraform: Terraform) -> str:
    # The second plan has read everything and found the state right, and an emulator changes nothing by itself: to
    # read it all again before the destroy is worth its time in a real account only.
    terraform.destroy(*(() if bench.target.name == "account" else ("-refresh=false",)))
    state = terraform.state()
    left = [f"{r['type']}.{r['name']}" for r in (state or {}).get("resources", ()) if r.get("mode") == "managed"]
    return f"still in the state after destroy: {', '.join(left)}" if left else ""

"""An example's life: apply → second plan empty → policy → its tests → destroy → nothing left. Each step is a case.

Its tests (`tests/examples/<example>/test_*.py`) look at what was applied: nobody has to apply it a second time to ask
AWS about it.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.adapters.harness import suites
from pipeline.adapters.terraform import Terraform, TerraformFailedError, TerraformUnknownError
from pipeline.domain.parts import SECOND_PLAN, Part
from pipeline.domain.verdict import Case, Verdict

if TYPE_CHECKING:
    from pipeline.adapters.harness.bench import Bench

PLAN = "modferry.tfplan"
DESTROY = "destroy"


def run(bench: "Bench", part: Part, work: Path, module: Path, aws: Mapping[str, str]) -> list[Case]:
    """The cases of one example; after a step that did not pass, the rest is not run but still cleaned up."""
    example, tests = part.files[0], part.files[1:]
    terraform = bench.in_folder(module / example, aws)
    before = bench.snapshot(aws)

    steps: dict[str, Callable[[], list[Case]]] = {}

    def then(name: str, step: Callable[[], str]) -> None:
        steps[name] = lambda: [_case(bench, f"{example}::{name}", step)]

    then("apply", lambda: _apply(terraform))
    then(SECOND_PLAN, lambda: _second_plan(terraform))
    then("policy", lambda: _policy(bench, terraform))
    if tests:
        steps["its tests"] = lambda: _look(bench, part, work, module, aws)
    then(DESTROY, lambda: _destroy(bench, terraform, touched=bool(tests)))
    then("nothing is left", lambda: bench.left(before, aws))
    cases: list[Case] = []
    while steps:
        name = next(iter(steps))
        done = steps.pop(name)()
        cases += done
        if stopped := next((one for one in done if one.verdict is not Verdict.PASSED), None):
            cases += _not_run(example, steps, name, stopped)
            break
    if not any(one.name == f"{example}::{DESTROY}" and one.verdict is Verdict.PASSED for one in cases):
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


def _not_run(example: str, steps: Iterable[str], stopped_at: str, case: Case) -> list[Case]:
    """The steps behind one that did not pass: unsupported where it was, else skipped."""
    verdict = Verdict.UNSUPPORTED if case.verdict is Verdict.UNSUPPORTED else Verdict.SKIPPED
    return [
        Case(name=f"{example}::{name}", verdict=verdict, message=f"not run: {stopped_at} is {case.verdict}")
        for name in steps
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


def _look(bench: "Bench", part: Part, work: Path, module: Path, aws: Mapping[str, str]) -> list[Case]:
    """The cases of its tests; files without a test are not nothing: somebody believes that they test."""
    name, files = f"{part.files[0]}::its tests", ", ".join(part.files[1:])
    found = suites.run_pytest(bench, part, work, module, aws)
    return found or [Case(name=name, verdict=Verdict.FAILED, message=f"there is no test in {files}")]


def _destroy(bench: "Bench", terraform: Terraform, *, touched: bool) -> str:
    # The second plan has read everything and found the state right, and an emulator changes nothing by itself: to
    # read it all again before the destroy is worth its time only in a real account, and after tests, which may have
    # touched it.
    terraform.destroy(*(() if touched or bench.target.name == "account" else ("-refresh=false",)))
    state = terraform.state()
    left = [f"{r['type']}.{r['name']}" for r in (state or {}).get("resources", ()) if r.get("mode") == "managed"]
    return f"still in the state after destroy: {', '.join(left)}" if left else ""

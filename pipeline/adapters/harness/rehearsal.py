"""The way back, tried: apply the upgrade, plan again, then plan the release on what the upgrade left.

Nothing is rolled back in fact: the plan says what would be. An upgrade that writes nothing has nothing to
come back from; its way back is clean without a run.
"""

import time
from typing import TYPE_CHECKING

from pipeline.adapters.terraform import TerraformFailedError, first_error
from pipeline.domain.rehearsal import Rehearsal, WayBack, blocked, judge_way_back, newer_schemas, provider_wall
from pipeline.domain.rules.finding import Finding
from pipeline.domain.upgrade import NO_APPLY, NO_REST, refusal, wants_changes
from pipeline.domain.verdict import Case, Verdict
from pipeline.errors import UndecidedError

if TYPE_CHECKING:
    from pipeline.adapters.harness.upgrade import Trial

AFTER_PLAN, BACK_PLAN = "after.tfplan", "back.tfplan"


def rehearse(trial: "Trial", name: str) -> Case:
    """One case, passed when the way back could be found out; `data` holds it, and findings of the apply."""
    from pipeline.adapters.harness.upgrade import could_not

    began = time.monotonic()
    found: list[Finding] = []
    try:
        outcome = _rehearse(trial, found)
    except (TerraformFailedError, UndecidedError) as error:
        return could_not(trial.bench, name, error, time.monotonic() - began)
    data = {"findings": [finding.to_json() for finding in found], "rehearsal": outcome.to_json()}
    return Case(name=name, verdict=Verdict.PASSED, seconds=time.monotonic() - began, data=data)


def _rehearse(trial: "Trial", found: list[Finding]) -> Rehearsal:
    base, terraform = trial.where.base, trial.terraform
    wall = provider_wall(trial.released(), trial.plan)
    if wall:
        return Rehearsal(way_back=WayBack.BLOCKED, base=base, why=wall)
    if not wants_changes(trial.plan):
        return Rehearsal(way_back=WayBack.CLEAN, base=base)
    state = terraform.state() or {}
    try:
        trial.init()
        terraform.apply("upgrade.tfplan")
    except TerraformFailedError as error:
        if not _is_answer(trial, error):
            raise
        why = first_error(error.said)
        found.append(refusal(NO_APPLY, trial.where, why))
        return blocked(base, f"the upgrade itself does not apply: {why}")
    if terraform.plan(AFTER_PLAN):
        wants = wants_changes(terraform.show(AFTER_PLAN), trial.before)
        if wants:
            found.append(refusal(NO_REST, trial.where, ", ".join(wants[:5])))
    newer = newer_schemas(state, terraform.state() or {})
    if newer:
        return blocked(base, f"the upgrade writes a newer provider schema for {', '.join(newer)}")
    return _back(trial)


def _back(trial: "Trial") -> Rehearsal:
    """Plan the release on what is there."""
    trial.place.put_release()
    try:
        trial.terraform.init("-input=false")
        trial.terraform.plan(BACK_PLAN)
    except TerraformFailedError as error:
        if not _is_answer(trial, error):
            raise
        return blocked(trial.where.base, first_error(error.said))
    plan = trial.terraform.show(BACK_PLAN)
    return judge_way_back(plan, trial.where.base, before=trial.before, stateful=trial.bench.stateful)


def _is_answer(trial: "Trial", error: TerraformFailedError) -> bool:
    """Whether Terraform's no is about the module: not a gap of the emulator, not a provider that was lost."""
    return trial.bench.case_of("", error, 0.0).verdict is Verdict.FAILED

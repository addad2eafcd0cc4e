"""An upgrade, tried: the release's example applied as released, then planned on the candidate's module.

Findings are facts, not failures: a case passes when it could be found out, and carries them in `data`. A
release that does not apply here, or a provider that is not here, is errored; an emulator's gap is
unsupported. What the release's own second plan wants is measured only where the upgrade wants something, and where no
evidence says already that it wants nothing.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.adapters.harness.upgrade_files import Place
from pipeline.adapters.terraform import Terraform, TerraformFailedError, TerraformUnknownError, first_error
from pipeline.domain.parts import Part
from pipeline.domain.reverification import NOT_HERE
from pipeline.domain.rules.finding import Finding
from pipeline.domain.upgrade import NO_PLAN, Measured, refusal, upgrade_findings
from pipeline.domain.verdict import Case, Verdict
from pipeline.errors import UndecidedError

if TYPE_CHECKING:
    from pipeline.adapters.harness.bench import Bench

RELEASE_PLAN, UPGRADE_PLAN, SECOND_PLAN = "release.tfplan", "upgrade.tfplan", "second.tfplan"
LOCKED = re.compile(r"does not\s+match\s+configured\s+version\s+constraint")


@dataclass(kw_only=True)
class Trial:
    """One example on its way from release to candidate and back."""

    bench: "Bench"
    terraform: Terraform
    place: Place
    where: Measured
    settled: bool = False
    """The release is known to want nothing once it is applied."""
    before: dict[str, Any] | None = None
    """The release's own second plan, where it was needed."""
    plan: dict[str, Any] = field(default_factory=dict)
    """The upgrade's plan."""

    def release(self) -> None:
        """Apply the release as it was released."""
        self.place.set_up()
        self.terraform.init("-input=false")
        self.terraform.plan(RELEASE_PLAN)
        self.terraform.apply(RELEASE_PLAN)

    def released(self) -> dict[str, Any]:
        """A plan of the release: it says which provider versions the release allows."""
        return self.before or self.terraform.show(RELEASE_PLAN)

    def upgrade(self) -> list[Finding]:
        """Plan the candidate on it."""
        self.place.put_candidate()
        try:
            self.init()
            wants = self.terraform.plan(UPGRADE_PLAN)
        except TerraformFailedError as error:
            return [self._refused(error)]
        self.plan = self.terraform.show(UPGRADE_PLAN)
        if not wants:
            return []
        if not self.settled:
            self.before = self._second_plan_of_release()
        return list(upgrade_findings(self.plan, self.where, before=self.before, stateful=self.bench.stateful))

    def init(self) -> None:
        """Init with the lock file that is there; a newer provider only where a constraint demands it."""
        try:
            self.terraform.init("-input=false")
        except TerraformFailedError as error:
            if not LOCKED.search(error.said):
                raise
            self.terraform.init("-input=false", "-upgrade")

    def _refused(self, error: TerraformFailedError) -> Finding:
        """Why the candidate does not plan: a finding only when the release still does, and nothing is missing here."""
        if NOT_HERE.search(error.said) or self.bench.case_of("", error, 0.0).verdict is not Verdict.FAILED:
            raise error
        self._second_plan_of_release()
        return refusal(NO_PLAN, self.where, first_error(error.said))

    def _second_plan_of_release(self) -> dict[str, Any]:
        """What the release wants anyway; the candidate is in place again afterwards."""
        self.place.put_release()
        try:
            self.terraform.init("-input=false")
            self.terraform.plan(SECOND_PLAN)
            return self.terraform.show(SECOND_PLAN)
        except TerraformFailedError as error:
            raise UndecidedError(f"{self.where.base} itself no longer plans: {first_error(error.said)}") from error
        finally:
            self.place.put_candidate()


def run(bench: "Bench", part: Part, work: Path, aws: Mapping[str, str]) -> list[Case]:
    """The cases of one example of the last release: the upgrade, and the rehearsal of the way back."""
    from pipeline.adapters.harness.rehearsal import rehearse

    example = part.files[0]
    name = f"{example}::upgrade from {part.base}"
    began = time.monotonic()
    try:
        files = bench.upgrade_files(part)
    except UndecidedError as error:
        return [Case(name=name, verdict=Verdict.ERRORED, message=str(error))]
    place = Place(root=work / "place", candidate=work / "tree", files=files, example=example)
    terraform = bench.in_folder(place.folder, aws)
    where = Measured(example=example, base=part.base, file=f"{files.path}/{example}/main.tf".removeprefix("./"))
    trial = Trial(bench=bench, terraform=terraform, place=place, where=where, settled=part.settled)
    try:
        try:
            trial.release()
            found = trial.upgrade()
        except (TerraformFailedError, UndecidedError) as error:
            return [could_not(bench, name, error, time.monotonic() - began)]
        data = {"findings": [finding.to_json() for finding in found]}
        cases = [Case(name=name, verdict=Verdict.PASSED, seconds=time.monotonic() - began, data=data)]
        if trial.plan:
            cases.append(rehearse(trial, f"{example}::rehearsal"))
        return cases
    finally:
        bench.clean_up(terraform)


def could_not(bench: "Bench", name: str, error: TerraformFailedError | UndecidedError, seconds: float) -> Case:
    """What was not found out: unsupported where the emulator lacks something, else errored; never failed."""
    if isinstance(error, (TerraformFailedError, TerraformUnknownError)):
        case = bench.case_of(name, error, seconds)
        verdict = Verdict.ERRORED if case.verdict is Verdict.FAILED else case.verdict
        return Case(name=name, verdict=verdict, seconds=seconds, message=case.message)
    return Case(name=name, verdict=Verdict.ERRORED, seconds=seconds, message=str(error))

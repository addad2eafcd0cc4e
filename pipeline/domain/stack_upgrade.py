"""What a candidate would do to one stack that pins the module, read from plans on a copy of its state. Pure.

What the pinned version wants by itself on the same copy is no doing of the candidate. Facts of stacks are for
whoever decides; the bump comes from examples, because a version is for users who have other stacks.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pipeline.domain.rules.finding import Finding
from pipeline.domain.upgrade import NO_PLAN, Measured, refusal, upgrade_findings
from pipeline.domain.version import Bump
from pipeline.errors import Exit


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One stack at a commit of main, and the module in it whose place the candidate takes."""

    environment: str
    stack: str
    commit: str
    module: str
    pinned: str

    @property
    def name(self) -> str:
        """`prod/a`."""
        return f"{self.environment}/{self.stack}"


@dataclass(frozen=True, kw_only=True)
class Plans:
    """Plan documents on one state: of the candidate, and (where it wants something) of the pinned version. Neither:
    the stack has no state. `refused`: Terraform's words where the candidate does not plan and the pinned one does."""

    candidate: Mapping[str, Any] | None = None
    pinned: Mapping[str, Any] | None = None
    refused: str = ""


class Effect(StrEnum):
    """What the candidate would do to a stack."""

    NOTHING = "nothing"
    CHANGES = "changes"
    ABSENT = "not applied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class StackUpgrade:
    """One stack's answer; `why` where it is unknown."""

    subject: Subject
    effect: Effect
    findings: tuple[Finding, ...] = ()
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "environment": self.subject.environment,
            "stack": self.subject.stack,
            "pinned": self.subject.pinned,
            "effect": str(self.effect),
            "bump": str(max((f.bump for f in self.findings), default=Bump.NONE)),
            "findings": [finding.to_json() for finding in self.findings],
            "why": self.why,
        }


def judge_plans(subject: Subject, plans: Plans, file: str, stateful: Iterable[str] = ()) -> StackUpgrade:
    """The answer of a stack. Raises UndecidedError where a document is no whole plan: never "nothing"."""
    where = Measured(example=subject.name, base=subject.pinned, file=file)
    if plans.refused:
        found: tuple[Finding, ...] = (refusal(NO_PLAN, where, plans.refused),)
    elif plans.candidate is None:
        return StackUpgrade(subject=subject, effect=Effect.ABSENT)
    else:
        found = upgrade_findings(plans.candidate, where, before=plans.pinned, stateful=stateful)
    return StackUpgrade(subject=subject, effect=Effect.CHANGES if found else Effect.NOTHING, findings=found)


def exit_of(found: Sequence[StackUpgrade]) -> Exit:
    """20 where a stack could not be found out: half an answer must not look like a whole one."""
    return Exit.UNDECIDED if any(one.effect is Effect.UNKNOWN for one in found) else Exit.DONE


def show_upgrades(found: Iterable[StackUpgrade]) -> Iterator[str]:
    """A line an environment, under it one a stack and one a finding."""
    before = ""
    for one in found:
        subject = one.subject
        if subject.environment != before:
            before = subject.environment
            yield f"{before}:"
        yield f"  {subject.stack} from {subject.pinned}: {_in_words(one)}"
        for finding in one.findings:
            yield f"    {finding.bump!s:5}  {finding.rule}  {finding.says}"


def _in_words(one: StackUpgrade) -> str:
    match one.effect:
        case Effect.NOTHING:
            return "nothing would change"
        case Effect.CHANGES:
            return f"{max(f.bump for f in one.findings)}"
        case Effect.ABSENT:
            return "nothing is applied there"
        case Effect.UNKNOWN:
            return f"could not be found out: {one.why}"

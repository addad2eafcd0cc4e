"""The policy gate: rules over one plan, minus waivers in force. The worst finding decides.

Fails closed: a plan that cannot be read, is partial or errored, and everything known only after the apply,
is Unknown, because a rule that saw nothing has not found it good.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from pipeline.domain.gate import Allowed, Decision, Refused, Unknown
from pipeline.domain.policy.planned import Planned
from pipeline.domain.policy.rule import Hit, PolicyRule
from pipeline.domain.waiver import Waiver, waived

PLAN = "plan-readable"
"""The id of findings about the plan document itself; no waiver covers it."""


@dataclass(frozen=True, kw_only=True)
class PolicyFinding:
    """A hit of a rule, and what the waivers say about it. `unknown`: could not find out."""

    rule: str
    address: str
    attribute: str
    says: str
    remedy: str
    unknown: bool = False
    waived: Waiver | None = None
    lapsed: Waiver | None = None

    def __str__(self) -> str:
        note = ""
        if self.waived:
            note = f" Waived by {self.waived.person} until {self.waived.expires}: {self.waived.reason}."
        elif self.lapsed:
            note = f" The waiver by {self.lapsed.person} expired on {self.lapsed.expires}."
        return f"{self.rule}: {self.address} ({self.attribute}) {self.says}.{note}"


@dataclass(frozen=True, kw_only=True)
class PolicyReport:
    """All findings of a plan, waived ones included, and the waivers that covered nothing."""

    findings: tuple[PolicyFinding, ...]
    unused: tuple[Waiver, ...] = ()

    @property
    def counting(self) -> tuple[PolicyFinding, ...]:
        """The findings without a waiver in force."""
        return tuple(f for f in self.findings if f.waived is None)

    @property
    def decision(self) -> Decision:
        """Refused with every broken rule; else Unknown with every undecided one; else Allowed, waivers as notes."""
        for unknown, kind in ((False, Refused), (True, Unknown)):
            found = [f for f in self.counting if f.unknown is unknown]
            if found:
                return kind(reasons=tuple(str(f) for f in found), remedy=found[0].remedy)
        return Allowed(notes=tuple(str(f) for f in self.findings))


def check(
    plan: Mapping[str, object], rules: Iterable[PolicyRule], waivers: Iterable[Waiver], today: date
) -> PolicyReport:
    """Judges a plan document (`terraform show -json`). A plan without a resource is allowed; it changes nothing."""
    every = tuple(waivers)
    findings = [_of_plan(says) for says in _unreadable(plan)]
    used: set[Waiver] = set()
    view = Planned.of(plan)
    for rule in rules:
        for hit in dict.fromkeys(rule.find(view)):
            findings.append(_judged(rule, hit, every, today))
            used |= {w for w in every if w.covers(rule=rule.id, address=hit.address)}
    return PolicyReport(findings=tuple(findings), unused=tuple(w for w in every if w not in used))


def _judged(rule: PolicyRule, hit: Hit, waivers: tuple[Waiver, ...], today: date) -> PolicyFinding:
    said = waived(waivers, rule=rule.id, address=hit.address, today=today)
    return PolicyFinding(
        rule=rule.id,
        address=hit.address,
        attribute=hit.attribute,
        says=hit.says,
        remedy=rule.remedy,
        unknown=hit.unknown,
        waived=said.by,
        lapsed=said.lapsed,
    )


def _unreadable(plan: Mapping[str, object]) -> Iterator[str]:
    if str(plan.get("format_version", "")).split(".", maxsplit=1)[0] != "1":
        yield "has a format version that is not 1.x"
    if "planned_values" not in plan and "resource_changes" not in plan:
        yield "has neither planned values nor resource changes"
    values = plan.get("planned_values")
    root = values.get("root_module") if isinstance(values, Mapping) else None
    if root and not plan.get("resource_changes"):
        yield "lists planned objects but no resource changes"
    if plan.get("errored"):
        yield "stopped with an error"
    if plan.get("complete") is False:
        yield "is partial (targeted or deferred)"


def _of_plan(says: str) -> PolicyFinding:
    return PolicyFinding(rule=PLAN, address="(plan)", attribute="", says=says, remedy="make a whole plan", unknown=True)

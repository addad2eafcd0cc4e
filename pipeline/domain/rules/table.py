"""All rules, what they find together, and the bump that it takes."""

from collections.abc import Iterable

from pipeline.domain.rules import outputs, requirements, resources, variable_types, variables
from pipeline.domain.rules.addresses import Package
from pipeline.domain.rules.change import Change
from pipeline.domain.rules.finding import Finding, Rule
from pipeline.domain.version import Bump, Version

RULES: tuple[Rule, ...] = variables.RULES + variable_types.RULES + outputs.RULES + resources.RULES + requirements.RULES
"""Every rule. Ids are the names of the fixture folders in tests/fixtures/rules."""


def findings(old: Package, new: Package) -> tuple[Finding, ...]:
    """What changed from one version of a module to another, the largest bump first, then by place."""
    change = Change(old, new)
    found = (finding for rule in RULES for finding in rule.findings(change))
    return tuple(sorted(found, key=lambda f: (-f.bump, f.file, f.line, f.rule, f.address)))


def required_bump(found: Iterable[Finding]) -> Bump:
    """The largest bump of some findings."""
    return max((finding.bump for finding in found), default=Bump.NONE)


def required_version_step(bump: Bump, current: Version | None) -> Bump:
    """The part of the version number that must grow: below 1.0.0 major becomes minor and minor patch."""
    if current is not None and current.major == 0 and bump in (Bump.MAJOR, Bump.MINOR):
        return Bump(bump - 1)
    return bump

"""What `modferry diff` says: the findings between two versions, or between all versions, and their JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from pipeline.domain.rules.finding import Finding
from pipeline.domain.rules.table import required_bump
from pipeline.domain.version import Bump
from pipeline.domain.waiver import Waiver, waived


@dataclass(frozen=True, kw_only=True)
class DiffReport:
    """The findings from one version of a module to another; `until` None is the working tree."""

    module: str
    since: str
    until: str | None
    findings: tuple[Finding, ...]

    @property
    def bump(self) -> Bump:
        """What the findings require (of a version from 1.0.0 on)."""
        return required_bump(self.findings)

    @property
    def target(self) -> str:
        """The newer version by name."""
        return self.until or "worktree"

    def to_json(self) -> dict[str, Any]:
        """As `modferry.diff/1` prints it, without the schema key."""
        return {
            "module": self.module,
            "from": self.since,
            "to": self.target,
            "bump": str(self.bump),
            "findings": [finding.to_json() for finding in self.findings],
        }


@dataclass(frozen=True, kw_only=True)
class VersionPair:
    """Two consecutive final versions: the step their numbers declare, and what the facts require."""

    since: str
    until: str
    declared: Bump
    findings: tuple[Finding, ...]

    @property
    def bump(self) -> Bump:
        """What the findings require (of a version from 1.0.0 on)."""
        return required_bump(self.findings)

    def to_json(self) -> dict[str, Any]:
        """One item of `pairs`."""
        return {
            "from": self.since,
            "to": self.until,
            "declared": str(self.declared),
            "bump": str(self.bump),
            "findings": [finding.to_json() for finding in self.findings],
        }


@dataclass(frozen=True, kw_only=True)
class HistoryReport:
    """All versions of a module; `unreadable` are (version, why) left out; `seconds` without reading git once."""

    module: str
    pairs: tuple[VersionPair, ...]
    unreadable: tuple[tuple[str, str], ...]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """As `modferry.diff/1` prints a history, without the schema key."""
        return {
            "module": self.module,
            "pairs": [pair.to_json() for pair in self.pairs],
            "unreadable": [{"version": version, "says": says} for version, says in self.unreadable],
            "seconds": round(self.seconds, 3),
        }


def with_waivers(findings: Iterable[Finding], waivers: Sequence[Waiver], today: date) -> tuple[Finding, ...]:
    """Findings with a waiver in force ask for a patch only, and say who took it upon themselves."""
    found = []
    for finding in findings:
        said = waived(waivers, rule=finding.rule, address=finding.address, today=today)
        if said.by is not None and finding.bump > Bump.PATCH:
            note = f"{finding.says} Waived by {said.by.person} until {said.by.expires}: {said.by.reason}"
            found.append(replace(finding, bump=Bump.PATCH, says=note))
        elif said.lapsed is not None:
            note = f"{finding.says} The waiver by {said.lapsed.person} expired on {said.lapsed.expires}."
            found.append(replace(finding, says=note))
        else:
            found.append(finding)
    return tuple(sorted(found, key=lambda finding: -finding.bump))

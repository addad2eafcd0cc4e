"""How far behind a pin is, what could come next, and which stacks of an environment differ. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.domain.gate import Allowed, combine
from pipeline.domain.history import History, Release
from pipeline.domain.promotion.eligibility import (
    Candidate,
    Previous,
    judge_passing,
    judge_preceding,
    judge_wanted,
    parse_time,
)
from pipeline.domain.promotion.fold import Fleet
from pipeline.domain.version import Version


@dataclass(frozen=True, kw_only=True)
class Skew:
    """A module that stacks of one environment pin at different versions: version (or ref) → stacks."""

    environment: str
    module: str
    versions: Mapping[str, tuple[str, ...]]

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        versions = [{"version": version, "stacks": list(stacks)} for version, stacks in self.versions.items()]
        return {"environment": self.environment, "module": self.module, "versions": versions}

    def __str__(self) -> str:
        versions = "; ".join(f"{version} in {', '.join(stacks)}" for version, stacks in self.versions.items())
        return f"{self.environment} pins {self.module} at {versions}"


def final_releases(history: History) -> dict[str, tuple[Release, ...]]:
    """Module → its final, unyanked releases, oldest version first."""
    found: dict[str, list[Release]] = {}
    for (module, version), release in history.releases.items():
        if not version.prerelease and (module, version) not in history.yanks:
            found.setdefault(module, []).append(release)
    return {module: tuple(sorted(releases, key=lambda r: r.version)) for module, releases in found.items()}


def _version(release: Release) -> Version:
    return release.version


def find_behind(version: Version | None, finals: Sequence[Release], now: datetime) -> tuple[int, int]:
    """How many final releases (oldest version first) are newer, and since how many whole days there is one; (0, 0) for
    the newest, and where a ref names no version."""
    newer = [release.at for release in finals[bisect_right(finals, version, key=_version) :]] if version else []
    if not newer:
        return 0, 0
    return len(newer), max((now - parse_time(min(newer))).days, 0)  # ledger times sort as text; to read one is slow


def find_promotable(
    history: History,
    fleet: Fleet,
    finals: Sequence[Release],
    environment: str,
    order: tuple[str, ...],
    previous: Previous | None,
    now: datetime,
) -> Version | None:
    """The newest of these releases that may go to the environment now: neither held nor short of its way there.

    Whether its tag is still the one on origin is asked by the promotion itself.
    """
    for release in reversed(_run_before(fleet, finals, previous)):
        one = Candidate(module=release.module, version=release.version, tag=release.tag, on_origin=None)
        wanted = combine((judge_wanted(history, one, environment, order), judge_passing(history, one)))
        if isinstance(combine((wanted, judge_preceding(fleet, one, release.tag, previous, now))), Allowed):
            return release.version
    return None


def _run_before(fleet: Fleet, finals: Sequence[Release], previous: Previous | None) -> Sequence[Release]:
    """Those that every stack of the preceding environment runs; no other can pass, and asking costs time."""
    if previous is None or not finals:
        return finals
    contents = [fleet.stack(previous.environment, stack).content for stack in previous.stacks]
    refs = {content.pins.get(finals[0].module) if content else None for content in contents}
    return [release for release in finals if refs == {release.tag}]


def find_skews(pins: Iterable[tuple[str, str, str, str]]) -> tuple[Skew, ...]:
    """Every module that an environment pins at more than one version; pins are (environment, stack, module, version)
    in the order in which they shall be named."""
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for environment, stack, module, version in pins:
        found.setdefault((environment, module), {}).setdefault(version, []).append(stack)
    return tuple(
        Skew(environment=e, module=m, versions={version: tuple(stacks) for version, stacks in versions.items()})
        for (e, m), versions in found.items()
        if len(versions) > 1
    )

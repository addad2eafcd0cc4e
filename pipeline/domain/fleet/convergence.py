"""Convergence: whether an environment's stacks are close enough together ("within 1 minor and 7 days").

A stack is held against the newest version of the module that any stack of the environment pins. It lags too
far when it is a major version or more than `minors` minor versions behind; or when it is behind at all and a
newer version has been stable somewhere in the environment for longer than `within`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.domain.promotion.eligibility import parse_time
from pipeline.domain.settings import Convergence, duration
from pipeline.domain.version import Version

Pins = Mapping[tuple[str, str], Mapping[str, Version | None]]
"""(environment, stack) → module → version (None: a ref that names no version)."""
StableTimes = Mapping[tuple[str, str], Iterable[tuple[str, Version, str]]]
"""(environment, stack) → (module, version, since when it was stable there)."""


@dataclass(frozen=True, kw_only=True)
class Lag:
    """A stack that lags further than its environment's policy allows."""

    environment: str
    stack: str
    module: str
    version: Version | None
    newest: Version
    says: str

    @property
    def remedy(self) -> str:
        """The command that brings it up."""
        return f"modferry promote {self.module} {self.newest} --to {self.environment}"

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "environment": self.environment,
            "stack": self.stack,
            "module": self.module,
            "version": str(self.version) if self.version else None,
            "newest": str(self.newest),
            "says": self.says,
            "next": self.remedy,
        }


def find_lags(policies: Iterable[Convergence], pins: Pins, stable: StableTimes, now: datetime) -> tuple[Lag, ...]:
    """Every violation of every policy."""
    return tuple(
        lag
        for policy in policies
        for module in _modules(policy, pins)
        for lag in _lags_of(policy, module, pins, stable, now)
    )


def _modules(policy: Convergence, pins: Pins) -> list[str]:
    pinned = {module for (environment, _), own in pins.items() if environment == policy.environment for module in own}
    return sorted(pinned & set(policy.modules) if policy.modules else pinned)


def _lags_of(policy: Convergence, module: str, pins: Pins, stable: StableTimes, now: datetime) -> Iterable[Lag]:
    own = {name: p[module] for name, p in pins.items() if name[0] == policy.environment and module in p}
    newest = max((version for version in own.values() if version), default=None)
    if newest is None:
        return
    for name, version in own.items():
        says = _too_far(policy, module, version, newest) or _too_long(policy, module, version, stable, now)
        if says:
            yield Lag(environment=name[0], stack=name[1], module=module, version=version, newest=newest, says=says)


def _too_far(policy: Convergence, module: str, version: Version | None, newest: Version) -> str:
    """Fails closed: a ref that names no version cannot be compared, so nobody knows how far behind it is."""
    if version is None:
        return f"pins {module} at no version; {policy.environment} has {newest}"
    if version.major != newest.major:
        return f"{module} {version} is a major version behind {newest}"
    behind = newest.minor - version.minor
    if behind > policy.minors:
        return f"{module} {version} is {behind} minor versions behind {newest} (at most {policy.minors})"
    return ""


def _too_long(policy: Convergence, module: str, version: Version | None, stable: StableTimes, now: datetime) -> str:
    newer = [
        (parse_time(at), other)
        for (environment, _), times in stable.items()
        if environment == policy.environment
        for name, other, at in times
        if name == module and version is not None and other > version
    ]
    if not newer:
        return ""
    since, other = min(newer)
    if now - since <= duration(policy.within):
        return ""
    there = f"{other} is stable in {policy.environment} since {since:%Y-%m-%d}"
    return f"{module} {version} is behind: {there} (at most {policy.within})"

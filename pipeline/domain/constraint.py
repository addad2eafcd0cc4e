"""Terraform's version constraints (`>= 1.5, < 2.0`, `~> 5.1`, `!= 5.2.0`) and what a change of one does.

Source: Terraform "Version Constraints". A pre-release is allowed only by an exact constraint. All other
versions are final ones, so a constraint is one half-open range of them without some single versions.
"""

import re
from dataclasses import dataclass
from enum import Enum

from semver import Version

from pipeline.errors import UsageError

_ONE = re.compile(r"(=|!=|>=|<=|~>|>|<)?\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
ZERO = Version(0)


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """Which versions a constraint allows: final ones from `floor` to below `ceiling` but not `excluded`.

    `exact` is the one version an `=` names (then it must also lie within the rest); None: no `=`.
    """

    floor: Version = ZERO
    ceiling: Version | None = None
    excluded: frozenset[Version] = frozenset()
    exact: Version | None = None

    def allows(self, version: Version) -> bool:
        """Whether a version may be used; build metadata does not matter."""
        version = version.replace(build=None)
        if self.exact is not None and version != self.exact:
            return False
        if version.prerelease:
            return self.exact is not None and self._holds(version) and self._holds(version.finalize_version())
        return self._holds(version)

    def _holds(self, version: Version) -> bool:
        final = version.finalize_version()
        below = self.ceiling is None or final < self.ceiling
        return self.floor <= final and below and version not in self.excluded


class Shift(Enum):
    """What a change of a constraint does to whoever uses the versions it is about."""

    FLOOR_RAISED = "floor raised within a major version"
    FLOOR_RAISED_MAJOR = "floor raised to another major version"
    FLOOR_LOWERED = "floor lowered"
    CEILING_LOWERED = "ceiling lowered"
    CEILING_RAISED = "ceiling raised"
    EXCLUDED = "single versions excluded"


def parse_constraint(text: str) -> Allowed:
    """What a constraint allows; the empty one allows every final version. Raises UsageError."""
    floor, ceiling, exact = ZERO, None, None
    excluded: set[Version] = set()
    for part in (piece.strip() for piece in text.split(",")):
        if not part and not text.strip():
            continue
        match = _ONE.fullmatch(part)
        if not match:
            raise UsageError(f"{text!r} is not a version constraint.", remedy='write it like ">= 1.5.0, < 2.0.0"')
        operator, major, minor, patch, pre, _ = match.groups()
        version = Version(int(major), int(minor or 0), int(patch or 0), (pre or "")[1:] or None)
        if operator == "!=":
            excluded.add(version)
            continue
        low, high = _range(operator or "=", version, minor is not None, patch is not None)
        floor = max(floor, low)
        ceiling = high if ceiling is None or (high is not None and high < ceiling) else ceiling
        if operator in (None, "="):
            excluded |= {exact} if exact not in (None, version) else set()  # two different ones: nothing is left
            exact = version
    return _settled(Allowed(floor=floor, ceiling=ceiling, excluded=frozenset(excluded), exact=exact))


def _range(operator: str, version: Version, has_minor: bool, has_patch: bool) -> tuple[Version, Version | None]:
    """Floor and ceiling over final versions; a bound at a pre-release stands for its final version."""
    final = version.finalize_version()
    after = final if version.prerelease else final.bump_patch()
    match operator:
        case "=":
            return final, final.bump_patch()
        case ">=":
            return final, None
        case ">":
            return after, None
        case "<":
            return ZERO, final
        case "<=":
            return ZERO, after
        case _:  # ~> lets the last part that is written grow
            return final, final.bump_minor() if has_minor and has_patch else final.bump_major()


def _settled(allowed: Allowed) -> Allowed:
    """An excluded version at the edge moves the edge; others outside the range say nothing."""
    floor, ceiling = allowed.floor, allowed.ceiling
    while floor in allowed.excluded and (ceiling is None or floor < ceiling):
        floor = floor.bump_patch()
    while ceiling is not None and ceiling.patch and ceiling.replace(patch=ceiling.patch - 1) in allowed.excluded:
        ceiling = ceiling.replace(patch=ceiling.patch - 1)
    inside = {v for v in allowed.excluded if v.prerelease or (floor <= v and (ceiling is None or v < ceiling))}
    return Allowed(floor=floor, ceiling=ceiling, excluded=frozenset(inside), exact=allowed.exact)


def shifts(old: str, new: str) -> tuple[Shift, ...]:
    """How what is allowed changes from one constraint to another; empty where both allow the same."""
    before, after = parse_constraint(old), parse_constraint(new)
    found = []
    if after.floor > before.floor:
        major = after.floor.major > before.floor.major
        found.append(Shift.FLOOR_RAISED_MAJOR if major else Shift.FLOOR_RAISED)
    elif after.floor < before.floor:
        found.append(Shift.FLOOR_LOWERED)
    if before.ceiling != after.ceiling:
        lowered = after.ceiling is not None and (before.ceiling is None or after.ceiling < before.ceiling)
        found.append(Shift.CEILING_LOWERED if lowered else Shift.CEILING_RAISED)
    if any(before.allows(version) for version in after.excluded if not version.prerelease):
        found.append(Shift.EXCLUDED)
    return tuple(found)

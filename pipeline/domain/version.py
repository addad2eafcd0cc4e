"""Versions, bumps and tags.

A version is a `semver.Version` (https://semver.org). A tag names one version of one module, e.g.
`vpc/v1.2.0`; a root module's tags are `v1.2.0` or `1.2.0`. `str(TagFormat.parse(text)) == text` for every
text that parses.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from semver import Version

from pipeline.errors import UsageError

__all__ = ["FIRST", "Bump", "Tag", "TagFormat", "Version", "check_unique", "next_version", "parse_version"]

FIRST = Version(0, 1, 0)


class Bump(IntEnum):
    """How big a step from one version to the next must be; the larger wins."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, text: str) -> "Bump":
        """`patch`, `minor`, `major` or `none`."""
        try:
            return cls[text.upper()]
        except KeyError:
            raise UsageError(f"{text!r} is not a bump.", remedy="use patch, minor or major") from None


def parse_version(text: str) -> Version:
    """A version with or without a leading `v`; raises UsageError for anything else."""
    try:
        return Version.parse(text.removeprefix("v"))
    except ValueError:
        raise UsageError(f"{text!r} is not a semantic version.", remedy="write it like 1.2.0 or 1.3.0-rc.1") from None


def next_version(current: Version | None, bump: Bump) -> Version:
    """The version after `current` for a bump; below 1.0.0 major steps minor and minor steps patch.

    No earlier version: 0.1.0. A pre-release of the step that is needed is simply finished.
    """
    if current is None:
        return FIRST
    if current.major == 0 and bump in (Bump.MAJOR, Bump.MINOR):
        bump = Bump(bump - 1)
    match bump:
        case Bump.MAJOR:
            return current.bump_major()
        case Bump.MINOR:
            return current.bump_minor()
        case Bump.PATCH:
            return current.bump_patch()
        case Bump.NONE:
            return current


def bump_between(old: Version, new: Version) -> Bump:
    """How large the step from one final version to another is, as the user of 1.x and later reads it."""
    if new.major != old.major:
        return Bump.MAJOR
    if new.minor != old.minor:
        return Bump.MINOR
    return Bump.PATCH if new != old else Bump.NONE


@dataclass(frozen=True, kw_only=True, order=True)
class Tag:
    """A module's version and the exact text of the tag that names it."""

    module: str
    version: Version
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, kw_only=True)
class TagFormat:
    """How tags are written: `{module}/v{version}`; a root module has no module part."""

    template: str = "{module}/v{version}"

    def tag(self, module: str, version: Version, *, root: bool = False) -> Tag:
        """The tag for a new version."""
        text = f"v{version}" if root else self.template.format(module=module, version=version)
        return Tag(module=module, version=version, text=text)

    def parse(self, text: str, modules: Iterable[str] = (), *, root: str | None = None) -> Tag | None:
        """The tag that `text` is, or None when it is not about a module of ours.

        The `v` is optional on reading. `root` is the name of the root module, if there is one.
        Raises UsageError when the module part is ours and the version part is no version.
        """
        version = re.fullmatch(r"v?(\d+\.\d+\.\d+(?:[-+].+)?)", text)
        if root is not None and version:
            return Tag(module=root, version=parse_version(version[1]), text=text)
        pattern = re.escape(self.template).replace(r"\{module\}", "(?P<module>.+)")
        pattern = pattern.replace(r"v\{version\}", "v?(?P<version>[^/]+)").replace(
            r"\{version\}", "v?(?P<version>[^/]+)"
        )
        match = re.fullmatch(pattern, text)
        if not match or (modules and match["module"] not in modules):
            return None
        try:
            parsed = Version.parse(match["version"])
        except ValueError:
            raise UsageError(
                f"tag {text!r} names module {match['module']} but {match['version']!r} is not a version.",
                remedy=f"git tag -d {text} (after asking who uses it), or leave it out with tags.ignore",
            ) from None
        return Tag(module=match["module"], version=parsed, text=text)


def check_unique(tags: Iterable[Tag]) -> None:
    """Raise UsageError when two tags are one version (`vpc/1.2.0` and `vpc/v1.2.0`): which one would win?"""
    seen: dict[tuple[str, Version], Tag] = {}
    for tag in tags:
        key = (tag.module, tag.version)
        if key in seen:
            raise UsageError(
                f"tags {seen[key]} and {tag} are the same version of {tag.module}.",
                remedy="keep one of them (git tag -d …), or name the other in tags.ignore of modferry.toml",
            )
        seen[key] = tag

"""Versions and tags: steps below 1.0.0, pre-releases, round trips, two tags of one version."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from pipeline.domain.version import Bump, Tag, TagFormat, check_unique, next_version, parse_version
from pipeline.errors import UsageError

NUMBERS = st.integers(0, 99)
VERSIONS = st.builds(Version, NUMBERS, NUMBERS, NUMBERS, st.sampled_from([None, "rc.1", "alpha"]))
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True)


@pytest.mark.parametrize(
    ("current", "bump", "then"),
    [
        (None, Bump.MAJOR, "0.1.0"),
        ("0.1.0", Bump.MAJOR, "0.2.0"),
        ("0.1.0", Bump.MINOR, "0.1.1"),
        ("0.1.0", Bump.PATCH, "0.1.1"),
        ("1.2.3", Bump.MAJOR, "2.0.0"),
        ("1.2.3", Bump.MINOR, "1.3.0"),
        ("1.2.3", Bump.PATCH, "1.2.4"),
        ("1.2.3", Bump.NONE, "1.2.3"),
    ],
)
def test_steps(current: str | None, bump: Bump, then: str) -> None:
    assert str(next_version(parse_version(current) if current else None, bump)) == then


@given(NAMES, VERSIONS)
def test_a_tag_that_parses_prints_itself(module: str, version: Version) -> None:
    tag = TagFormat().tag(module, version)
    found = TagFormat().parse(str(tag), [module])
    assert found == tag
    assert str(found) == str(tag)


@given(st.lists(VERSIONS, min_size=2))
def test_tags_sort_as_versions_do(versions: list[Version]) -> None:
    tags = [TagFormat().tag("vpc", v) for v in versions]
    assert [t.version for t in sorted(tags, key=lambda t: t.version)] == sorted(versions)


@pytest.mark.parametrize(("text", "version"), [("v1.2.0", "1.2.0"), ("1.2.0", "1.2.0"), ("v2.0.0-rc.1", "2.0.0-rc.1")])
def test_a_root_modules_tags_need_no_module(text: str, version: str) -> None:
    found = TagFormat().parse(text, ["mine"], root="mine")
    assert found == Tag(module="mine", version=parse_version(version), text=text)


def test_tags_of_others_are_left_alone_and_broken_ones_of_ours_are_named() -> None:
    assert TagFormat().parse("release-7", ["vpc"]) is None
    assert TagFormat().parse("other/v1.0.0", ["vpc"]) is None
    with pytest.raises(UsageError, match=r"'vpc/v1\.2' names module vpc"):
        TagFormat().parse("vpc/v1.2", ["vpc"])


def test_two_tags_of_one_version_are_an_error_that_names_both() -> None:
    tags = [TagFormat().parse(text, ["vpc"]) for text in ("vpc/1.2.0", "vpc/v1.2.0")]
    with pytest.raises(UsageError, match=r"vpc/1\.2\.0 and vpc/v1\.2\.0 are the same version"):
        check_unique(t for t in tags if t)

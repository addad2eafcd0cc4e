"""Version constraints: what they allow, and what a change of one is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from pipeline.domain.constraint import Shift, parse_constraint, shifts
from pipeline.errors import UsageError

small = st.integers(0, 3)
finals = st.builds(Version, small, small, small)
versions = st.builds(Version, small, small, small, st.sampled_from([None, None, "beta.1"]))
OPERATORS = ["", "= ", "!=", ">", ">= ", "<", "<=", "~> "]
parts = st.builds(
    lambda operator, version, cut: (operator.strip(), version, cut if operator.strip() in ("~>", ">=", "<") else 3),
    st.sampled_from(OPERATORS),
    finals,
    st.integers(1, 3),
)


def text_of(part: tuple[str, Version, int]) -> str:
    operator, version, cut = part
    return f"{operator} {'.'.join(str(version).split('.')[:cut])}".strip()


def holds(part: tuple[str, Version, int], version: Version) -> bool:  # noqa: PLR0911 - one return an operator
    """One part by the letter of Terraform's documentation, for final versions."""
    operator, bound, cut = part
    bound = Version(*[int(n) for n in str(bound).split(".")[:cut]] + [0] * (3 - cut))
    match operator:
        case "" | "=":
            return version == bound
        case "!=":
            return version != bound
        case ">":
            return version > bound
        case ">=":
            return version >= bound
        case "<":
            return version < bound
        case "<=":
            return version <= bound
        case _:
            grows = 1 if cut == 3 else 0
            same = version.to_tuple()[: grows + 1] == bound.to_tuple()[: grows + 1]
            return same and version >= bound


@given(st.lists(parts, min_size=1, max_size=4), finals)
def test_final_versions_are_allowed_when_every_part_holds(
    constraint: list[tuple[str, Version, int]], v: Version
) -> None:
    text = ", ".join(map(text_of, constraint))
    assert parse_constraint(text).allows(v) == all(holds(part, v) for part in constraint)


@given(st.lists(parts, max_size=3), st.lists(parts, max_size=3), finals)
def test_a_version_that_falls_out_is_always_named(
    old: list[tuple[str, Version, int]], new: list[tuple[str, Version, int]], v: Version
) -> None:
    before, after = ", ".join(map(text_of, old)), ", ".join(map(text_of, new))
    narrower = {Shift.FLOOR_RAISED, Shift.FLOOR_RAISED_MAJOR, Shift.CEILING_LOWERED, Shift.EXCLUDED}
    if parse_constraint(before).allows(v) and not parse_constraint(after).allows(v):
        assert narrower & set(shifts(before, after))


@pytest.mark.parametrize(
    ("constraint", "version", "allowed"),
    [
        ("", "1.0.0", True),
        ("", "1.0.0-beta.1", False),
        (">= 1.0.0-beta.1", "1.0.0-beta.2", False),
        (">= 1.0.0-beta.1", "1.0.0", True),
        ("1.0.0-beta.1", "1.0.0-beta.1", True),
        ("= 1.0.0-beta.1", "1.0.0", False),
        ("~> 1.2", "1.9.0", True),
        ("~> 1.2", "2.0.0", False),
        ("~> 1.2.3", "1.2.9", True),
        ("~> 1.2.3", "1.3.0", False),
        ("~> 1.2.0-rc.1", "1.2.5", True),
        (">= 1.0, != 1.5.0", "1.5.0", False),
        ("= 1.0.0, = 2.0.0", "1.0.0", False),
        ("= 1.0.0, = 2.0.0", "2.0.0", False),
    ],
)
def test_edges(constraint: str, version: str, allowed: bool) -> None:
    assert parse_constraint(constraint).allows(Version.parse(version)) is allowed


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("~> 5.0", ">= 5.0.0, < 6", ()),
        ("> 5.0.0", ">= 5.0.1", ()),
        ("<= 5.9.9", "< 5.9.10", ()),
        (">= 5.0", ">= 5.1", (Shift.FLOOR_RAISED,)),
        (">= 4.9", ">= 5.0", (Shift.FLOOR_RAISED_MAJOR,)),
        ("", ">= 1.0", (Shift.FLOOR_RAISED_MAJOR,)),
        ("", ">= 0.13", (Shift.FLOOR_RAISED,)),
        (">= 5.1", ">= 5.0", (Shift.FLOOR_LOWERED,)),
        (">= 5.0", ">= 5.0, < 6.0", (Shift.CEILING_LOWERED,)),
        ("~> 5.0", ">= 5.0, < 7.0", (Shift.CEILING_RAISED,)),
        ("~> 5.0", "~> 6.0", (Shift.FLOOR_RAISED_MAJOR, Shift.CEILING_RAISED)),
        (">= 5.0", ">= 5.0, != 5.3.0", (Shift.EXCLUDED,)),
        (">= 5.0", ">= 5.0, != 5.0.0", (Shift.FLOOR_RAISED,)),
        (">= 5.0, != 4.0.0", ">= 5.0", ()),
    ],
)
def test_shifts(old: str, new: str, expected: tuple[Shift, ...]) -> None:
    assert shifts(old, new) == expected


@pytest.mark.parametrize("text", ["abc", ">= ", ">= 1.0,", "=> 1", "1.2.3.4"])
def test_what_is_no_constraint_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="not a version constraint"):
        parse_constraint(text)

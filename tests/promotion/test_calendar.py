"""Freezes and windows: zones, changes of the clocks, what opens when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings, strategies

from pipeline.domain.gate import Allowed, Refused
from pipeline.domain.promotion.calendar import Calendar, judge_calendar
from pipeline.domain.settings import Environment
from pipeline.errors import UsageError

HOURS = "Mon-Fri 09:00-16:00 Europe/Berlin"
WEEKEND = "Fri 16:00 to Mon 08:00 America/New_York"
HOLIDAYS = "2026-12-20 to 2027-01-02 Europe/Berlin"


def calendar(*, freeze: tuple[str, ...] = (), windows: tuple[str, ...] = ()) -> Calendar:
    return Calendar.of(Environment(name="prod", freeze=freeze, windows=windows))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def opens(one: Calendar, text: str) -> str | None:
    """When it opens, seen from an instant (UTC); None: it is open."""
    shut = one.closed(at(text))
    return shut.opens.strftime("%Y-%m-%d %H:%M") if shut and shut.opens else None


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-23 08:00", None),  # Monday 09:00 in Berlin, winter
        ("2026-11-23 07:59", "2026-11-23 08:00"),
        ("2026-11-23 14:59", None),
        ("2026-11-23 15:00", "2026-11-24 08:00"),
        ("2026-11-27 15:00", "2026-11-30 08:00"),  # Friday evening → Monday
        ("2026-07-06 07:00", None),  # summer: an hour earlier in UTC
        ("2026-07-06 06:59", "2026-07-06 07:00"),
        ("2026-10-23 14:30", "2026-10-26 08:00"),  # Friday in summer time → Monday in winter time
        ("2026-03-27 15:30", "2026-03-30 07:00"),
    ],
)
def test_a_window_in_its_own_zone(now: str, then: str | None) -> None:
    assert opens(calendar(windows=(HOURS,)), now) == then


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-20 20:59", None),  # Friday 15:59 in New York
        ("2026-11-20 21:00", "2026-11-23 13:00"),
        ("2026-11-23 12:59", "2026-11-23 13:00"),
        ("2026-11-23 13:00", None),
        ("2026-10-30 20:00", "2026-11-02 13:00"),  # over the end of summer time
    ],
)
def test_a_freeze_over_the_weekend(now: str, then: str | None) -> None:
    assert opens(calendar(freeze=(WEEKEND,)), now) == then


def test_dates_are_whole_days_and_the_last_is_included() -> None:
    one = calendar(freeze=(HOLIDAYS,))
    assert opens(one, "2026-12-19 22:59") is None
    assert opens(one, "2026-12-19 23:00") == "2027-01-02 23:00" == opens(one, "2027-01-02 22:59")
    assert opens(one, "2027-01-02 23:00") is None


def test_a_freeze_beats_a_window_and_the_next_window_after_it_counts() -> None:
    one = calendar(freeze=(HOLIDAYS,), windows=(HOURS,))
    assert opens(one, "2026-12-18 16:00") == "2027-01-04 08:00", "Friday evening, then the holidays, then a Monday"


def test_over_midnight_and_all_day() -> None:
    night = calendar(windows=("Sat 22:00-04:00 UTC",))
    assert opens(night, "2026-11-22 03:59") is None and opens(night, "2026-11-22 04:00") == "2026-11-28 22:00"
    assert opens(calendar(windows=("sat,sun 00:00-24:00 UTC",)), "2026-11-22 23:59") is None
    assert opens(calendar(freeze=("Mon 08:00 to Mon 07:00 UTC",)), "2026-11-25 12:00") == "2026-11-30 07:00"


def test_the_hour_that_is_there_twice_counts_as_frozen_both_times() -> None:
    """2026-10-25 in Berlin: 02:00-03:00 comes at 00:00 and at 01:00 UTC."""
    one = calendar(freeze=("2026-10-25 02:00 to 2026-10-25 02:30 Europe/Berlin",))
    assert opens(one, "2026-10-25 00:00") == opens(one, "2026-10-25 00:45") == "2026-10-25 01:30"
    window = calendar(windows=("2026-10-25 02:30 to 2026-10-25 12:00 Europe/Berlin",))
    assert opens(window, "2026-10-25 00:40") == "2026-10-25 01:30", "the first 02:30 does not open it"


def test_the_hour_that_is_not_there_does_not_shorten_a_freeze() -> None:
    """2026-03-29 in Berlin: 02:00 is followed by 03:00, at 01:00 UTC."""
    one = calendar(freeze=("Sat 22:00 to Sun 02:30 Europe/Berlin",))
    assert opens(one, "2026-03-29 01:10") == "2026-03-29 01:30"


def test_what_never_opens_says_so() -> None:
    decision = judge_calendar(calendar(freeze=("daily 00:00-24:00 UTC",)), at("2026-11-23 12:00"))
    assert isinstance(decision, Refused) and "never opens again" in decision.reasons[0]
    over = judge_calendar(calendar(windows=("2025-01-01 to 2025-01-02 UTC",)), at("2026-11-23 12:00"))
    assert isinstance(over, Refused) and "never opens again" in over.reasons[0]


def test_the_refusal_says_when_it_opens_in_both_zones() -> None:
    decision = judge_calendar(calendar(freeze=(HOLIDAYS,)), at("2026-12-24 12:00"))
    assert isinstance(decision, Refused)
    assert decision.reasons == (
        f"prod is frozen ({HOLIDAYS}); it opens at 2027-01-02T23:00:00Z (Sunday 00:00 Europe/Berlin).",
    )
    assert "--bypass REASON" in decision.remedy
    assert judge_calendar(calendar(), at("2026-12-24 12:00")) == Allowed()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mon-Fri",
        "Mon-Fri 09:00-16:00",
        "Mon-Fri 09:00-25:00 UTC",
        "Xyz 09:00-10:00 UTC",
        "Mon 09:00-10:00 Nowhere",
        "2026-12-20 to 2026-12-19 UTC",
        "2026-02-30 to 2026-03-01 UTC",
        "Mon 9:00-10:00 UTC",
        "Mon 09:00-10:00 ../x",
    ],
)
def test_what_is_no_period_is_quoted(text: str) -> None:
    with pytest.raises(UsageError, match="is no period of time"):
        calendar(freeze=(text,))


zones = strategies.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu"])
periods = strategies.one_of(
    strategies.builds(
        "{} {:02}:00-{:02}:30 {}".format,
        strategies.sampled_from(["Mon-Fri", "daily", "sat,sun", "wed"]),
        strategies.integers(0, 23),
        strategies.integers(0, 23),
        zones,
    ),
    strategies.builds("Fri {:02}:00 to Mon {:02}:00 {}".format, *[strategies.integers(0, 23)] * 2, zones),
)


@settings(max_examples=60, deadline=None)
@given(
    freeze=strategies.lists(periods, max_size=2).map(tuple),
    windows=strategies.lists(periods, max_size=2).map(tuple),
    hours=strategies.integers(0, 24 * 365),
)
def test_where_it_says_that_it_opens_it_is_open_and_just_before_it_is_shut(
    freeze: tuple[str, ...], windows: tuple[str, ...], hours: int
) -> None:
    one = calendar(freeze=freeze, windows=windows)
    shut = one.closed(at("2026-01-01 00:00") + timedelta(hours=hours))
    if shut and shut.opens:
        assert one.closed(shut.opens) is None
        assert one.closed(shut.opens - timedelta(seconds=1)) is not None

"""Periods of local time, as modferry.toml writes them, and the instants that they cover.

    Mon-Fri 09:00-16:00 Europe/Berlin                        every working day; 22:00-04:00 ends on the day after
    Fri 16:00 to Mon 08:00 America/New_York                  over every weekend
    2026-12-20 to 2027-01-02 Europe/Berlin                   these days, the last one included
    2026-12-20 18:00 to 2027-01-02 08:00 Europe/Berlin

Days are mon … sun, `mon-fri`, `sat,sun` or `daily`. The zone is always named (IANA): what is night for the
one who writes is noon for another. Around a change of the clocks an hour is there twice or not at all; such a
time means both instants that it could be, and the one who asks takes the careful one (`Stretch`).
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.errors import UsageError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK = 7
_EXAMPLE = 'write it like "Mon-Fri 09:00-16:00 Europe/Berlin" or "2026-12-20 to 2027-01-02 Europe/Berlin"'
_DAY = r"[A-Za-z]{3}"
_CLOCK = r"\d\d:\d\d"
_DATE = r"\d{4}-\d\d-\d\d"
_DAILY = re.compile(rf"(?P<days>daily|{_DAY}(?:[-,]{_DAY})*) (?P<begin>{_CLOCK})-(?P<end>{_CLOCK}) (?P<zone>\S+)")
_WEEKLY = re.compile(rf"(?P<first>{_DAY}) (?P<begin>{_CLOCK}) to (?P<last>{_DAY}) (?P<end>{_CLOCK}) (?P<zone>\S+)")
_DATED = re.compile(
    rf"(?P<first>{_DATE})(?: (?P<begin>{_CLOCK}))? to (?P<last>{_DATE})(?: (?P<end>{_CLOCK}))? (?P<zone>\S+)"
)


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """One occurrence: the earliest and the latest instant (UTC) that its begin and its end can mean."""

    begins: tuple[datetime, datetime]
    ends: tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True)
class Span:
    """Local begin and end. `weekdays`: begins on each of these (0: Monday), `days` later it ends; else on `first`."""

    begin: time
    end: time
    days: int
    weekdays: tuple[int, ...] = ()
    first: date | None = None


@dataclass(frozen=True, kw_only=True)
class Period:
    """A period as it was written, its zone and its span."""

    text: str
    zone: ZoneInfo
    span: Span

    def around(self, instant: datetime) -> tuple[Stretch, ...]:
        """The occurrences that matter at an instant, by begin: those that may cover it, and the ones after it.

        Of a weekly period all that begin from eight days before to eight days after: a span is never longer.
        """
        if self.span.first is not None:
            return (self._on(self.span.first),)
        today = instant.astimezone(self.zone).date()
        days = (today + timedelta(days=offset) for offset in range(-WEEK - 1, WEEK + 2))
        return tuple(self._on(day) for day in days if day.weekday() in self.span.weekdays)

    def _on(self, day: date) -> Stretch:
        end = day + timedelta(days=self.span.days)
        return Stretch(begins=self._instants(day, self.span.begin), ends=self._instants(end, self.span.end))

    def _instants(self, day: date, clock: time) -> tuple[datetime, datetime]:
        local = datetime.combine(day, clock, tzinfo=self.zone)
        both = sorted(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        return both[0], both[1]


def parse_period(text: str) -> Period:
    """A period as modferry.toml writes it; raises UsageError that quotes it."""
    said = " ".join(text.split())
    for pattern, read in ((_DAILY, _daily), (_WEEKLY, _weekly), (_DATED, _dated)):
        found = pattern.fullmatch(said)
        if found:
            try:
                return Period(text=said, zone=ZoneInfo(found["zone"]), span=read(found))
            except (ValueError, ZoneInfoNotFoundError, OSError) as error:
                raise UsageError(f"{text!r} is no period of time: {error}.", remedy=_EXAMPLE) from error
    raise UsageError(f"{text!r} is no period of time.", remedy=_EXAMPLE)


def _daily(found: re.Match[str]) -> Span:
    begin, end = time.fromisoformat(found["begin"]), _end(found["end"])
    over_midnight = found["end"] == "24:00" or end <= begin
    return Span(begin=begin, end=end, days=int(over_midnight), weekdays=_weekdays(found["days"].lower()))


def _weekly(found: re.Match[str]) -> Span:
    begin, end = time.fromisoformat(found["begin"]), _end(found["end"])
    first, last = _weekday(found["first"]), _weekday(found["last"])
    days = (last - first) % WEEK + (found["end"] == "24:00")
    if days == 0 and end <= begin:
        days = WEEK
    return Span(begin=begin, end=end, days=days, weekdays=(first,))


def _dated(found: re.Match[str]) -> Span:
    first, last = date.fromisoformat(found["first"]), date.fromisoformat(found["last"])
    end = found["end"] or "24:00"
    days, begin = (last - first).days + (end == "24:00"), time.fromisoformat(found["begin"] or "00:00")
    if days < 0 or (days == 0 and _end(end) <= begin):
        raise ValueError("it ends before it begins")
    return Span(begin=begin, end=_end(end), days=days, first=first)


def _end(text: str) -> time:
    return time(0) if text == "24:00" else time.fromisoformat(text)


def _weekday(text: str) -> int:
    return DAYS.index(text.lower())


def _weekdays(text: str) -> tuple[int, ...]:
    if text == "daily":
        return tuple(range(WEEK))
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin, end = _weekday(first), _weekday(last or first)
        found |= {(begin + offset) % WEEK for offset in range((end - begin) % WEEK + 1)}
    return tuple(sorted(found))

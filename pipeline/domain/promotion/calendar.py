"""When an environment lets promotions in: never inside a freeze; where windows are named, only inside one.

The hour that the clocks repeat or skip counts as frozen and as outside of every window. A rollback is never
kept out: it is what makes an environment well again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.domain.gate import Allowed, Decision, Refused
from pipeline.domain.promotion.periods import Period, parse_period
from pipeline.domain.settings import Environment

_STEPS = 150
"""Freezes that follow each other, or windows that are frozen; so many in a row will never open."""


@dataclass(frozen=True, kw_only=True)
class Closed:
    """Shut at some instant by `period`; `opens` is None where it never does again."""

    period: str
    is_freeze: bool
    opens: datetime | None


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The freezes and windows of an environment."""

    environment: str
    freezes: tuple[Period, ...] = ()
    windows: tuple[Period, ...] = ()

    @classmethod
    def of(cls, environment: Environment) -> "Calendar":
        """As modferry.toml says; raises UsageError for a text that is no period."""
        return cls(
            environment=environment.name,
            freezes=tuple(parse_period(text) for text in environment.freeze),
            windows=tuple(parse_period(text) for text in environment.windows),
        )

    def closed(self, now: datetime) -> Closed | None:
        """Why it is shut now, and when it opens; None while it is open."""
        frozen = self._frozen(now)
        if frozen:
            return Closed(period=frozen[0].text, is_freeze=True, opens=self._opens(now))
        if self._in_window(now):
            return None
        return Closed(period=", ".join(w.text for w in self.windows), is_freeze=False, opens=self._opens(now))

    def _frozen(self, now: datetime) -> tuple[Period, datetime] | None:
        """A freeze that covers the instant, and the instant when it certainly ends."""
        for period in self.freezes:
            for stretch in period.around(now):
                if stretch.begins[0] <= now < stretch.ends[1]:
                    return period, stretch.ends[1]
        return None

    def _in_window(self, now: datetime) -> bool:
        stretches = (s for period in self.windows for s in period.around(now))
        return not self.windows or any(s.begins[1] <= now < s.ends[0] for s in stretches)

    def _opens(self, now: datetime) -> datetime | None:
        for _ in range(_STEPS):
            frozen = self._frozen(now)
            if frozen:
                now = frozen[1]
            elif self._in_window(now):
                return now
            else:
                begins = (s.begins[1] for p in self.windows for s in p.around(now) if s.begins[1] < s.ends[0])
                later = [begin for begin in begins if begin > now]
                if not later:
                    return None
                now = min(later)
        return None


def judge_calendar(calendar: Calendar, now: datetime) -> Decision:
    """Open now, or the period that shuts it and when it opens: in UTC and in the zone that was written.

    Fails closed: a freeze protects the days on which nobody is there to help.
    """
    shut = calendar.closed(now)
    if shut is None:
        return Allowed()
    why = f"is frozen ({shut.period})" if shut.is_freeze else f"is outside of its windows ({shut.period})"
    if shut.opens is None:
        return Refused(
            reasons=(f"{calendar.environment} {why} and never opens again.",),
            remedy="mend freeze and windows in modferry.toml, or --bypass REASON",
        )
    zone = (calendar.freezes if shut.is_freeze else calendar.windows)[0].zone
    local = shut.opens.astimezone(zone)
    opens = f"{shut.opens.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} ({local:%A %H:%M} {zone.key})"
    return Refused(
        reasons=(f"{calendar.environment} {why}; it opens at {opens}.",),
        remedy="run it again then, or --bypass REASON",
    )

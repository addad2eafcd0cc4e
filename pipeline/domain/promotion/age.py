"""How long ago something happened, by clocks that may jump: the order of entries is their number, not their time."""

from datetime import datetime, timedelta

from pipeline.domain.promotion.eligibility import parse_time


def is_older(at: str, limit: timedelta, now: datetime) -> bool:
    """Whether a ledger time lies longer ago than the limit; or it cannot be known, which asks a person as well.

    Unknown is what has no time, and a time that lies further ahead than the limit: one of the two clocks is wrong.
    A clock that was only put back a little makes nothing old.
    """
    return not at or abs(now - parse_time(at)) > limit

"""Tries a check until it is sure: as often as its limits say, at its interval, within its time limit."""

import time
from collections.abc import Callable

from pipeline.domain.promotion.work import CheckResult, CheckVerdict
from pipeline.domain.settings import Check, duration

Ask = Callable[[], tuple[CheckVerdict, str]]


def try_check(
    check: Check,
    ask: Ask,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> CheckResult:
    """Passed after `success_limit` passes in a row; failed after more than `failure_limit` + `retries` fails.

    When its time or its attempts are over the last answer counts; a row of passes that is too short is inconclusive.
    """
    began = clock()
    limit = duration(check.timeout).total_seconds()
    passes = fails = attempts = 0
    verdict, message = CheckVerdict.INCONCLUSIVE, "not asked"
    while True:
        attempts += 1
        verdict, message = ask()
        passes = passes + 1 if verdict is CheckVerdict.PASSED else 0
        fails += verdict is CheckVerdict.FAILED
        sure = passes >= check.success_limit or fails > check.failure_limit + check.retries
        unsure = attempts > check.retries + check.failure_limit + check.success_limit
        late = clock() - began + duration(check.interval).total_seconds() > limit
        if sure or unsure or late:
            break
        sleep(duration(check.interval).total_seconds())
    if passes and passes < check.success_limit:
        verdict, message = CheckVerdict.INCONCLUSIVE, f"passed {passes} of {check.success_limit} times in a row"
    return CheckResult(
        name=check.title,
        verdict=verdict,
        message=message if verdict is not CheckVerdict.PASSED else "",
        attempts=attempts,
        seconds=clock() - began,
    )

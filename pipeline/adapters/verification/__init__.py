"""Checks of a stack after an apply: pytest files of the environment, HTTP, CloudWatch alarms.

Promise: every check has a time limit; what could not be found out is inconclusive, never a pass or a fail.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipeline.adapters.verification.alarms import check_alarm
from pipeline.adapters.verification.retry import try_check
from pipeline.adapters.verification.suites import run_suite
from pipeline.adapters.verification.web import check_http
from pipeline.domain.promotion.work import CheckResult, CheckVerdict
from pipeline.domain.settings import Check, Environment
from pipeline.errors import ModferryError

_AWAY = re.compile(
    r"connection refused|no such host|i/o timeout|dial tcp|EndpointConnectionError|Could not connect to the endpoint"
    r"|ConnectTimeout|ReadTimeout|connection reset|RequestTimeout|ServiceUnavailable|Throttling|ExpiredToken",
    re.IGNORECASE,
)


def is_unreachable(said: str) -> bool:
    """Whether an error text says that the other side did not answer, which tells nothing about the stack."""
    return bool(_AWAY.search(said))


def run_checks(
    environment: Environment,
    stack: str,
    *,
    verify: Path,
    aws: Mapping[str, str],
    outputs: Callable[[], Mapping[str, Any]],
    scratch: Path,
) -> tuple[CheckResult, ...]:
    """All checks of an environment on one stack. `verify` is its folder of pytest files, which may be absent."""
    found: list[CheckResult] = []
    wants = verify.is_dir() or environment.checks
    try:
        told = outputs() if wants else {}
    except ModferryError as error:
        return (CheckResult(name="outputs", verdict=CheckVerdict.INCONCLUSIVE, message=error.what),)
    if verify.is_dir():
        found += run_suite(
            verify,
            environment=environment.name,
            stack=stack,
            aws=aws,
            outputs=told,
            scratch=scratch,
            seconds=environment.verify_seconds,
            is_unreachable=is_unreachable,
        )
    for check in environment.checks:
        found.append(try_check(check, lambda check=check: _ask(check, stack, aws, told)))  # type: ignore[misc]
    return tuple(found)


def _ask(check: Check, stack: str, aws: Mapping[str, str], outputs: Mapping[str, Any]) -> tuple[CheckVerdict, str]:
    match check.kind:
        case "http":
            return check_http(check, outputs)
        case "cloudwatch_alarm":
            return check_alarm(check, stack, aws, outputs)
        case _:
            return CheckVerdict.INCONCLUSIVE, f"checks of kind {check.kind} are not known to this modferry"

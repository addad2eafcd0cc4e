"""Checks of a stack after an apply: pytest files of the environment, HTTP, what AWS says, programs, check blocks.

Promise: every check has a time limit; what could not be found out is inconclusive, never a pass or a fail.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, assert_never

from pipeline.adapters.verification.blocks import check_blocks
from pipeline.adapters.verification.place import MissingOutputError, Place
from pipeline.adapters.verification.programs import check_command
from pipeline.adapters.verification.retry import try_check
from pipeline.adapters.verification.services import check_alarm, check_cluster, check_targets
from pipeline.adapters.verification.suites import run_suite
from pipeline.adapters.verification.web import check_http
from pipeline.domain.promotion.work import CheckResult, CheckVerdict, Verification
from pipeline.domain.settings import Check, Environment, duration
from pipeline.errors import ModferryError

_AWAY = re.compile(
    r"connection refused|no such host|i/o timeout|dial tcp|EndpointConnectionError|Could not connect to the endpoint"
    r"|ConnectTimeout|ReadTimeout|connection reset|RequestTimeout|ServiceUnavailable|Throttling|ExpiredToken",
    re.IGNORECASE,
)


def is_unreachable(said: str) -> bool:
    """Whether an error text says that the other side did not answer, which tells nothing about the stack."""
    return bool(_AWAY.search(said))


def has_programs(environment: Environment, folder: Path) -> bool:
    """Whether checks run programs of the repository, which may look anywhere in it. `folder` is the environment's."""
    return (folder / "verify").is_dir() or any(check.kind == "command" for check in environment.checks)


def run_checks(
    environment: Environment,
    stack: str,
    *,
    folder: Path,
    aws: Mapping[str, str],
    outputs: Callable[[], Mapping[str, Any]],
    checks: Callable[[], list[dict[str, Any]]],
    scratch: Path,
    pytest: Callable[..., tuple[str, ...]],
) -> tuple[CheckResult, ...]:
    """All checks of an environment on one stack. `folder` is the environment's; its `verify/` may be absent.

    The pytest files that no check of kind pytest takes run once, first.
    """
    verify = folder / "verify"
    files = sorted(verify.glob("**/test_*.py"))
    taken = {file for check in environment.checks if check.kind == "pytest" for file in _files(verify, check)}
    left = [file for file in files if file not in taken]
    try:
        told = outputs() if verify.is_dir() or environment.checks else {}
    except ModferryError as error:
        return (CheckResult(name="outputs", verdict=CheckVerdict.INCONCLUSIVE, message=error.what),)
    place = Place(
        environment=environment.name,
        stack=stack,
        folder=folder,
        scratch=scratch,
        aws=aws,
        outputs=told,
        checks=checks,
        pytest=pytest,
    )
    found: list[CheckResult] = []
    if left or (verify.is_dir() and not taken):
        some = left if taken else ()
        found += run_suite(verify, place, files=some, seconds=environment.verify_seconds, is_unreachable=is_unreachable)
    for check in environment.checks:
        found += _pytest(check, place) if check.kind == "pytest" else [try_check(check, _asker(check, place))]
    return tuple(found)


def _files(verify: Path, check: Check) -> list[Path]:
    return sorted(verify.glob(check.name or "**/test_*.py"))


def _pytest(check: Check, place: Place) -> list[CheckResult]:
    """The tests of the last attempt, each with its own verdict, and what the attempts together say."""
    verify = place.folder / "verify"
    files = _files(verify, check)
    last: list[CheckResult] = []
    seconds = duration(check.timeout).total_seconds()

    def ask() -> tuple[CheckVerdict, str]:
        if not files:
            return CheckVerdict.INCONCLUSIVE, f"no file in verify/ is called {check.name or 'test_*.py'}"
        last[:] = run_suite(verify, place, files=files, seconds=seconds, is_unreachable=is_unreachable)
        together = Verification(checks=tuple(last))
        return together.verdict, together.reason

    total = try_check(check, ask)
    if total.verdict is CheckVerdict.PASSED or not last:
        return [*last, total]
    return [*(one for one in last if one.verdict is not total.verdict), total]


def _asker(check: Check, place: Place) -> Callable[[], tuple[CheckVerdict, str]]:
    def ask() -> tuple[CheckVerdict, str]:
        try:
            return _ask(check, place)
        except MissingOutputError as error:
            return CheckVerdict.INCONCLUSIVE, str(error)
        except ModferryError as error:
            return CheckVerdict.INCONCLUSIVE, error.what

    return ask


def _ask(check: Check, place: Place) -> tuple[CheckVerdict, str]:
    match check.kind:
        case "http":
            return check_http(check, place)
        case "cloudwatch_alarm" | "target_health" | "eks_cluster":
            return _ask_aws(check, place)
        case "command":
            return check_command(check, place)
        case "terraform_checks":
            return check_blocks(check, place)
        case "pytest":
            raise AssertionError("runs by its own means")
        case _:
            assert_never(check.kind)


def _ask_aws(check: Check, place: Place) -> tuple[CheckVerdict, str]:
    from botocore.exceptions import BotoCoreError, ClientError

    asks = {"cloudwatch_alarm": check_alarm, "target_health": check_targets, "eks_cluster": check_cluster}
    try:
        return asks[check.kind](check, place)
    except (BotoCoreError, ClientError) as error:
        return CheckVerdict.INCONCLUSIVE, f"{check.title} could not be read: {error}"

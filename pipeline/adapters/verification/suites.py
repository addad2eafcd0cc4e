"""The environment's pytest files, run in a process of their own with that environment's credentials.

They find MODFERRY_ENVIRONMENT, MODFERRY_STACK and MODFERRY_OUTPUTS (a JSON file), or the fixtures of
`fixtures.py`. A test that fails has failed; one that errors, is skipped, or could not reach the other side
did not find out.
"""

import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipeline.adapters.processes import base_environment, masked, run
from pipeline.domain.promotion.work import CheckResult, CheckVerdict

SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def run_suite(
    verify: Path,
    *,
    environment: str,
    stack: str,
    aws: Mapping[str, str],
    outputs: Mapping[str, Any],
    scratch: Path,
    seconds: float,
    is_unreachable: Callable[[str], bool],
) -> list[CheckResult]:
    """One result a test; without a test, one that says so."""
    told, report = scratch / "modferry-outputs.json", scratch / "modferry-verify.xml"
    told.write_text(json.dumps(dict(outputs)))
    report.unlink(missing_ok=True)
    secrets = [aws[name] for name in SECRETS if name in aws]
    package = Path(__file__).resolve().parents[3]
    outcome = run(
        (
            *(sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:modferry"),
            *("-p", "no:hypothesispytest"),  # its summary imports all of hypothesis: half of a second
            *("-p", "pipeline.adapters.verification.fixtures", "-c", "/dev/null", f"--rootdir={verify}"),
            *(f"--junitxml={report}", str(verify)),
        ),
        cwd=verify,
        env=base_environment(
            {
                **aws,
                "PYTHONPATH": str(package),
                "PYTHONDONTWRITEBYTECODE": "1",
                "MODFERRY_ENVIRONMENT": environment,
                "MODFERRY_STACK": stack,
                "MODFERRY_OUTPUTS": str(told),
            }
        ),
        seconds=seconds,
        secrets=secrets,
    )
    if outcome.timed_out:
        return [_unsure(f"took longer than {seconds:.0f} s")]
    try:
        cases = list(ET.parse(report).getroot().iter("testcase"))  # noqa: S314 - pytest, which we started, wrote it
    except (OSError, ET.ParseError):
        return [_unsure(f"pytest ended with {outcome.code}: {(outcome.stderr or outcome.stdout)[-300:].strip()}")]
    if not cases:
        return [_unsure("there is no test in it")]
    return [_result(case, secrets, is_unreachable) for case in cases]


def _unsure(message: str) -> CheckResult:
    return CheckResult(name="verify", verdict=CheckVerdict.INCONCLUSIVE, message=message)


def _result(case: ET.Element, secrets: list[str], is_unreachable: Callable[[str], bool]) -> CheckResult:
    name = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name', '')}"
    verdict, message = CheckVerdict.PASSED, ""
    for kind in ("failure", "error", "skipped"):
        found = case.find(kind)
        if found is not None:
            message = masked((found.get("message") or found.text or kind).splitlines()[0][:300], secrets)
            sure = kind == "failure" and not is_unreachable(f"{message} {found.text or ''}")
            verdict = CheckVerdict.FAILED if sure else CheckVerdict.INCONCLUSIVE
            break
    return CheckResult(name=name, verdict=verdict, message=message, seconds=float(case.get("time", 0)))

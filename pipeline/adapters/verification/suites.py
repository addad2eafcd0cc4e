"""The environment's pytest files, run in a process of their own with that environment's credentials.

They find MODFERRY_ENVIRONMENT, MODFERRY_STACK and MODFERRY_OUTPUTS (a JSON file), or the fixtures of
`fixtures.py`. A test that fails has failed; one that errors, is skipped, or could not reach the other side
did not find out.
"""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.adapters.processes import masked, run
from pipeline.adapters.verification.place import Place
from pipeline.domain.promotion.work import CheckResult, CheckVerdict


def run_suite(
    verify: Path,
    place: Place,
    *,
    files: Sequence[Path] = (),
    seconds: float,
    is_unreachable: Callable[[str], bool],
) -> list[CheckResult]:
    """One result a test (of `files`, or of the whole folder); without a test, one that says so."""
    report = place.scratch / "modferry-verify.xml"
    report.unlink(missing_ok=True)
    secrets = place.secrets
    package = Path(__file__).resolve().parents[3]
    outcome = run(
        place.pytest(
            *("-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:modferry"),
            *("-p", "no:hypothesispytest"),  # its summary imports all of hypothesis: half of a second
            *("-p", "pipeline.adapters.verification.fixtures", "-c", "/dev/null", f"--rootdir={verify}"),
            *(f"--junitxml={report}", *map(str, files or (verify,))),
        ),
        cwd=verify,
        env=place.process_environment({"PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"}),
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

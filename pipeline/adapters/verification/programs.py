"""A program of the repository as a check, started in the environment's folder with its credentials.

It finds MODFERRY_ENVIRONMENT, MODFERRY_STACK and MODFERRY_OUTPUTS (a JSON file). Exit 0 passes, 75 (EX_TEMPFAIL,
sysexits.h) could not find out, anything else has failed.
"""

from pipeline.adapters.processes import masked, run
from pipeline.adapters.verification.place import Place
from pipeline.domain.promotion.work import CheckVerdict
from pipeline.domain.settings import Check, duration
from pipeline.errors import UndecidedError

UNSURE = 75


def check_command(check: Check, place: Place) -> tuple[CheckVerdict, str]:
    """Run `command`, in whose words `{stack}` and outputs may stand, for `timeout` at most."""
    if not check.command:
        return CheckVerdict.INCONCLUSIVE, "the check has no command"
    argv = tuple(place.filled(word) for word in check.command)
    limit = duration(check.timeout).total_seconds()
    try:
        outcome = run(argv, cwd=place.folder, env=place.process_environment({}), seconds=limit, secrets=place.secrets)
    except UndecidedError as error:
        return CheckVerdict.INCONCLUSIVE, error.what
    if outcome.ok:
        return CheckVerdict.PASSED, ""
    lines = [line for line in (outcome.stderr or outcome.stdout).splitlines() if line.strip()]
    said = masked(f": {lines[-1].strip()[:300]}" if lines else "", place.secrets)
    if outcome.timed_out:
        return CheckVerdict.INCONCLUSIVE, f"{argv[0]} took longer than {check.timeout}{said}"
    if outcome.could_not_find_out:
        return CheckVerdict.INCONCLUSIVE, f"{argv[0]} was ended by signal {-outcome.code}{said}"
    verdict = CheckVerdict.INCONCLUSIVE if outcome.code == UNSURE else CheckVerdict.FAILED
    return verdict, f"{argv[0]} ended with {outcome.code}{said}"

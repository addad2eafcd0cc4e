"""Terraform's own check blocks, asked by a fresh plan.

https://developer.hashicorp.com/terraform/internals/json-format#checks-representation
"""

from pipeline.adapters.verification.place import Place
from pipeline.domain.promotion.work import CheckVerdict
from pipeline.domain.settings import Check

VERDICTS = {"pass": CheckVerdict.PASSED, "fail": CheckVerdict.FAILED}
"""`error` and `unknown` are Terraform's words for: could not find out."""


def check_blocks(check: Check, place: Place) -> tuple[CheckVerdict, str]:
    """The check block `name` (empty: all that there are, also pre- and postconditions).

    Where nothing is checked it is inconclusive: nothing was looked at.
    """
    wanted = place.filled(check.name)
    found = [one for one in place.checks() if not wanted or wanted in (_address(one), one["address"].get("name"))]
    if not found:
        return CheckVerdict.INCONCLUSIVE, f"the stack has no check {wanted}".rstrip()
    said: dict[CheckVerdict, list[str]] = {}
    for one in found:
        verdict = VERDICTS.get(one["status"], CheckVerdict.INCONCLUSIVE)
        problems = [p["message"] for instance in one.get("instances", ()) for p in instance.get("problems", ())]
        said.setdefault(verdict, []).append(f"{_address(one)}: {' '.join(problems) or one['status']}")
    for verdict in (CheckVerdict.FAILED, CheckVerdict.INCONCLUSIVE):
        if verdict in said:
            return verdict, "; ".join(said[verdict])
    return CheckVerdict.PASSED, ""


def _address(one: dict[str, dict[str, str]]) -> str:
    return one["address"]["to_display"]

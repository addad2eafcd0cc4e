"""An HTTP check: status, text in the body, latency. `{output}` in the address is a stack's output.

The client is imported by the check: most promotions have none, and it brings TLS along (12 ms).
"""

import time

from pipeline.adapters.verification.place import Place
from pipeline.domain.promotion.work import CheckVerdict
from pipeline.domain.settings import Check, duration


def check_http(check: Check, place: Place) -> tuple[CheckVerdict, str]:
    """One request. No answer at all is inconclusive; a wrong or slow answer has failed."""
    import urllib.error
    import urllib.request

    address = place.filled(check.url)
    if not address.startswith(("http://", "https://")):
        return CheckVerdict.INCONCLUSIVE, f"{address} is no http address"
    began = time.monotonic()
    latency = duration(check.latency).total_seconds()
    try:
        with urllib.request.urlopen(address, timeout=max(latency * 2, 1)) as answer:  # noqa: S310 - checked above
            status, body = answer.status, answer.read(1 << 20).decode(errors="replace")
    except urllib.error.HTTPError as error:
        status, body = error.code, ""
    except (OSError, ValueError) as error:
        return CheckVerdict.INCONCLUSIVE, f"{address} does not answer: {error}"
    took = time.monotonic() - began
    wrong = {
        f"answered {status}, not {check.status}": status != check.status,
        f"answered without {check.body!r}": bool(check.body) and check.body not in body,
        f"took {took:.2f} s, more than {check.latency}": took > latency,
    }
    said = [sentence for sentence, holds in wrong.items() if holds]
    return (CheckVerdict.FAILED, f"{address} {said[0]}") if said else (CheckVerdict.PASSED, "")

"""One POST of JSON to an address that is a secret.

Promise: it never raises and never takes longer than ATTEMPTS * (SECONDS + PAUSE); what it returns about a failure
holds neither the address nor the body; it goes to that address only (no redirect), over https or within this machine.
"""

import json
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

SECONDS = 5.0
PAUSE = 1.0
ATTEMPTS = 2
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class _StayHere(HTTPRedirectHandler):
    """A redirect is an answer like any other that is not 2xx."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """No further request."""


def post(address: str, body: Mapping[str, Any], sleep: Callable[[float], None] = time.sleep) -> str:
    """Send it, once more where the other side is busy or not there; empty, or why it did not arrive."""
    try:
        parts = urlsplit(address)
        fine = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        if not (fine and parts.hostname):
            return "the address is not https"
        headers = {"Content-Type": "application/json", "User-Agent": "modferry"}
        request = Request(address, data=json.dumps(body).encode(), headers=headers)  # noqa: S310 - checked above
    except ValueError:
        return "the address cannot be read"
    said = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            sleep(PAUSE)
        said, again = _send(request)
        if not again:
            break
    return said


def _send(request: Request) -> tuple[str, bool]:
    """Why it did not arrive, and whether to try once more."""
    try:
        with build_opener(_StayHere).open(request, timeout=SECONDS):
            return "", False
    except HTTPError as error:
        with error:
            return f"HTTP {error.code}", error.code == 429 or error.code >= 500
    except URLError as error:
        return f"{type(error.reason).__name__}" if isinstance(error.reason, Exception) else "no connection", True
    except (OSError, HTTPException, ValueError) as error:
        return type(error).__name__, isinstance(error, OSError)

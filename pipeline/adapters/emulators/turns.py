"""How moto is asked: one request at a time, and a request that took effect takes effect once.

Go's HTTP client gives up a connection whose answer comes before it has noticed that its own request is written; on a
busy machine that is one request in 2,000 here, where an answer takes a millisecond. The SDK then sends the request
again (`Amz-Sdk-Request: attempt=2`, the same `Amz-Sdk-Invocation-Id`), and what was made conflicts with itself. AWS
is too far away for that. So an answer of success is kept, and the second attempt is given the first one's.
Source of the headers: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html and captured traffic.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
"""WSGI, PEP 3333."""

KEPT_BYTES = 32 << 20
_AGAIN = re.compile(r"attempt=(?!1\b)\d+")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was said: `200 OK`, headers, body."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def is_success(self) -> bool:
        """What was refused had no effect and may be asked again: SDKs wait like that for what is not there yet."""
        return self.status.startswith("2")


class Answers:
    """Answers by invocation; the oldest go first above `limit` bytes. Not thread-safe."""

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        self._limit, self._size = limit, 0
        self._kept: OrderedDict[str, Answer] = OrderedDict()

    def get(self, invocation: str) -> Answer | None:
        """What this invocation was answered, if that is still known."""
        return self._kept.get(invocation)

    def keep(self, invocation: str, answer: Answer) -> None:
        """Remember it."""
        self._kept[invocation] = answer
        self._size += len(answer.body)
        while self._size > self._limit:
            self._size -= len(self._kept.popitem(last=False)[1].body)


def in_turns(application: Application) -> Application:
    """Requests in turn, whose bodies were read before: moto's backends and templates are shared by its threads and
    guarded by nothing. Long polls (SQS) wait outside of the turn."""
    turn, answers = threading.Lock(), Answers()

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "ReceiveMessage" in environ.get("HTTP_X_AMZ_TARGET", ""):
            return application(environ, start_response)
        invocation = environ.get("HTTP_AMZ_SDK_INVOCATION_ID", "")
        again = _AGAIN.match(environ.get("HTTP_AMZ_SDK_REQUEST", ""))
        with turn:
            answer = answers.get(invocation) if again else None
            if answer is None:
                answer = ask(application, environ)
                if invocation and answer.is_success:
                    answers.keep(invocation, answer)
        start_response(answer.status, list(answer.headers))
        return [answer.body]

    return serve


def ask(application: Application, environ: dict[str, Any]) -> Answer:
    """The whole answer of a WSGI application."""
    said: list[Any] = []
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], _failed: object = None) -> Callable[[bytes], None]:
        said[:] = [status, tuple(headers)]
        return written.append

    parts = application(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    return Answer(status=said[0], headers=said[1], body=b"".join(written) + body)

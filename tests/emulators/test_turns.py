"""moto's requests take turns: no two are in its backends at once, and a body that comes slowly keeps nobody waiting."""

import io
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipeline.adapters.emulators.moto_server import one_at_a_time


class Slow(io.BytesIO):
    """A body that comes when `there` is set."""

    def __init__(self, there: threading.Event) -> None:
        super().__init__(b"late")
        self.there = there

    def read(self, size: int | None = -1) -> bytes:
        assert self.there.wait(10)
        return super().read(size)


def environ(body: io.BytesIO, target: str = "") -> dict[str, Any]:
    return {"CONTENT_LENGTH": "4", "wsgi.input": body, "HTTP_X_AMZ_TARGET": target}


def test_one_at_a_time() -> None:
    inside: list[int] = []
    most: list[int] = []

    def application(given: dict[str, Any], _: Callable[..., Any]) -> Iterable[bytes]:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()
        return [given["wsgi.input"].read()]

    serve = one_at_a_time(application)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: list(serve(environ(io.BytesIO(b"body")), print)), range(24)))
    assert (answers, max(most)) == ([[b"body"]] * 24, 1)


def test_a_slow_body_and_a_long_poll_keep_nobody_waiting() -> None:
    there, polled = threading.Event(), threading.Event()

    def application(given: dict[str, Any], _: Callable[..., Any]) -> Iterable[bytes]:
        if given["HTTP_X_AMZ_TARGET"]:
            assert polled.wait(10)
        return [given["wsgi.input"].read()]

    serve = one_at_a_time(application)
    with ThreadPoolExecutor(2) as pool:
        late = pool.submit(serve, environ(Slow(there)), print)
        poll = pool.submit(serve, environ(io.BytesIO(b"poll"), "AmazonSQS.ReceiveMessage"), print)
        assert serve(environ(io.BytesIO(b"fast")), print) == [b"fast"]
        there.set()
        polled.set()
        assert (late.result(10), poll.result(10)) == ([b"late"], [b"poll"])

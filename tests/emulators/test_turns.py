"""moto's requests take turns, and what took effect takes effect once, however often an SDK asks again."""

import io
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pipeline.adapters.emulators.moto import Moto
from pipeline.adapters.emulators.turns import Answer, Answers, in_turns


def environ(body: io.BytesIO, target: str = "") -> dict[str, Any]:
    return {"wsgi.input": body, "HTTP_X_AMZ_TARGET": target}


def ignore(_status: str, _headers: object) -> None:
    """The head of an answer that does not matter."""


def test_one_at_a_time() -> None:
    inside: list[int] = []
    most: list[int] = []

    def application(given: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()
        start_response("200 OK", [])
        return [given["wsgi.input"].read()]

    serve = in_turns(application)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: list(serve(environ(io.BytesIO(b"body")), ignore)), range(24)))
    assert (answers, max(most)) == ([[b"body"]] * 24, 1)


def test_a_long_poll_keeps_nobody_waiting() -> None:
    polled = threading.Event()

    def application(given: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if given["HTTP_X_AMZ_TARGET"]:
            assert polled.wait(10)
        start_response("200 OK", [])
        return [given["wsgi.input"].read()]

    serve = in_turns(application)
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(serve, environ(io.BytesIO(b"poll"), "AmazonSQS.ReceiveMessage"), ignore)
        assert serve(environ(io.BytesIO(b"fast")), ignore) == [b"fast"]
        polled.set()
        assert poll.result(10) == [b"poll"]


class Counting:
    """Answers each call with its number and the next of these status lines."""

    def __init__(self, *statuses: str) -> None:
        self.statuses = list(statuses)
        self.calls = 0

    def __call__(self, _: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.calls += 1
        start_response(self.statuses.pop(0) if self.statuses else "200 OK", [("X-Call", str(self.calls))])
        return [b"call ", str(self.calls).encode()]


def call(serve: Callable[..., Any], invocation: str, attempt: str) -> tuple[str, dict[str, str], bytes]:
    """Status, headers and body of one request."""
    said: list[Any] = []
    given = {"HTTP_AMZ_SDK_INVOCATION_ID": invocation, "HTTP_AMZ_SDK_REQUEST": attempt}
    body = b"".join(serve(given, lambda status, headers: said.extend((status, dict(headers)))))
    return said[0], said[1], body


@pytest.mark.parametrize("again", ["attempt=2; max=25", "attempt=3", "attempt=10; max=25", "attempt=12"])
def test_a_second_attempt_is_given_the_first_ones_answer(again: str) -> None:
    application = Counting()
    serve = in_turns(application)
    first = call(serve, "one", "attempt=1; max=25")
    assert first == ("200 OK", {"X-Call": "1"}, b"call 1")
    assert call(serve, "one", again) == first
    assert call(serve, "two", "attempt=1; max=25")[2] == b"call 2"
    assert call(serve, "one", again) == first, "not the newest: its own"
    assert application.calls == 2


@pytest.mark.parametrize(
    ("first", "again"),
    [(("one", "attempt=1"), ("one", "attempt=1")), (("", ""), ("", "")), (("one", "attempt=1"), ("two", "attempt=2"))],
)
def test_what_is_no_second_attempt_of_the_same_is_asked(first: tuple[str, str], again: tuple[str, str]) -> None:
    serve = in_turns(Counting())
    assert (call(serve, *first)[2], call(serve, *again)[2]) == (b"call 1", b"call 2")


@pytest.mark.parametrize("status", ["400 BAD REQUEST", "404 NOT FOUND", "500 INTERNAL SERVER ERROR", "503 SLOW DOWN"])
def test_what_was_refused_is_asked_again(status: str) -> None:
    serve = in_turns(Counting(status))
    assert call(serve, "one", "attempt=1")[0] == status
    assert call(serve, "one", "attempt=2")[0] == "200 OK"


def test_the_oldest_answers_are_forgotten_above_the_limit() -> None:
    answers = Answers(limit=10)
    for number in range(4):
        answers.keep(str(number), Answer(status="200 OK", headers=(), body=b"four"))
    assert [answers.get(str(number)) is not None for number in range(4)] == [False, False, True, True]


def test_an_answer_of_moto_comes_in_one_piece(moto: Moto) -> None:
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    head = "POST / HTTP/1.1", "Host: sts.us-east-1.amazonaws.com", f"Content-Length: {len(body)}"
    request = "\r\n".join((*head, "Content-Type: application/x-www-form-urlencoded", "", "")).encode() + body
    host, _, port = moto.endpoint.removeprefix("http://").partition(":")
    for _ in range(50):
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(request)
            said, _, answer = connection.recv(1 << 16).partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", said)
        assert b"200 OK" in said and length and len(answer) == int(length[1])

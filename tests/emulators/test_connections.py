"""One connection to moto's server carries many requests, and what is left of one is never taken for the next."""

import contextlib
import http.client
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from pipeline.adapters.emulators.connections import KeptConnection
from pipeline.adapters.emulators.moto import Moto, start_moto
from pipeline.adapters.emulators.turns import in_turns

ASKED: list[tuple[str, str]] = []
"""Method and path of each request that reached the application, in order."""


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answers with the request; what `/unread` is sent, it leaves lying."""
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    ASKED.append((method, path))
    if path == "/fails":
        raise RuntimeError("of its own")
    body = b"" if path == "/unread" else environ["wsgi.input"].read()
    status = {"/gone": "204 NO CONTENT", "/same": "304 NOT MODIFIED"}.get(path, "200 OK")
    start_response(status, [("X-Of", path), ("Content-Length", "77"), ("Transfer-Encoding", "x"), ("Connection", "x")])
    return [f"{method} {path} ".encode(), body]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of a server in this process whose application is the one above."""
    server = make_server("127.0.0.1", 0, in_turns(application), threaded=True, request_handler=KeptConnection)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def wire(port: int) -> Iterator[socket.socket]:
    ASKED.clear()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        yield connection


def head(path: str, *headers: str, method: str = "POST") -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: x", *headers, "", "")).encode()


def answer(wire: socket.socket, method: str = "POST") -> tuple[int, bytes]:
    """The next one; whatever comes beyond its length would spoil the one after it."""
    response = http.client.HTTPResponse(wire, method=method)
    response.fp = wire.makefile("rb", buffering=0)  # type: ignore[assignment]  # reads no further than asked
    response.begin()
    return response.status, response.read()


def is_closed(wire: socket.socket) -> bool:
    with contextlib.suppress(ConnectionResetError):  # one that waited to be accepted
        return wire.recv(1) == b""
    return True


def test_requests_over_one_connection_get_their_own_answers(wire: socket.socket) -> None:
    for number in range(3):
        wire.sendall(head(f"/{number}", "Content-Length: 3") + b"abc")
        assert answer(wire) == (200, f"POST /{number} abc".encode())
    wire.sendall(b"".join(head(f"/{number}", "Content-Length: 1") + b"x" for number in range(3)))
    assert [answer(wire)[1] for _ in range(3)] == [f"POST /{number} x".encode() for number in range(3)], "sent at once"


def test_a_body_that_nobody_reads_is_not_the_next_request(wire: socket.socket) -> None:
    smuggled = head("/smuggled", "Content-Length: 0")
    wire.sendall(head("/unread", f"Content-Length: {len(smuggled)}") + smuggled)
    assert answer(wire) == (200, b"POST /unread ")
    chunk = f"{len(smuggled):x}\r\n".encode() + smuggled + b"\r\n0\r\n\r\n"
    wire.sendall(head("/unread", "Transfer-Encoding: chunked") + chunk + head("/next", method="GET"))
    assert (answer(wire), answer(wire)) == ((200, b"POST /unread "), (200, b"GET /next "))
    assert [path for _, path in ASKED] == ["/unread", "/unread", "/next"]


def test_a_chunked_body_comes_whole(wire: socket.socket) -> None:
    for _ in range(2):
        wire.sendall(head("/", "Transfer-Encoding: chunked") + b"3\r\nabc\r\n")
        wire.sendall(b"a\r\n0123456789\r\n0\r\n\r\n")
        assert answer(wire) == (200, b"POST / abc0123456789")


def test_who_waits_for_100_continue_is_told_once_and_at_once(wire: socket.socket) -> None:
    for _ in range(2):
        wire.sendall(head("/", "Content-Length: 3", "Expect: 100-continue"))
        assert wire.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.sendall(b"abc")
        assert answer(wire) == (200, b"POST / abc")


@pytest.mark.parametrize(("path", "method"), [("/", "HEAD"), ("/gone", "DELETE"), ("/same", "GET")])
def test_an_answer_that_has_no_body_sends_none(wire: socket.socket, path: str, method: str) -> None:
    wire.sendall(head(path, method=method) + head("/next", method="GET"))
    assert answer(wire, method)[1] == b""
    assert answer(wire) == (200, b"GET /next ")


def test_one_that_failed_leaves_the_connection_to_the_next(wire: socket.socket) -> None:
    wire.sendall(head("/fails", "Content-Length: 3") + b"abc" + head("/next", method="GET"))
    assert answer(wire)[0] == 500
    assert answer(wire) == (200, b"GET /next ")


@pytest.mark.parametrize(
    "request_",
    [
        head("/", "Content-Length: -1"),
        head("/", "Content-Length: two"),
        head("/", "Transfer-Encoding: chunked") + b"three\r\n",
        head("/", "Transfer-Encoding: chunked") + b"3\r\nabcdef\r\n",
    ],
)
def test_what_has_no_end_is_refused_and_the_connection_closed(wire: socket.socket, request_: bytes) -> None:
    wire.sendall(request_)
    assert answer(wire)[0] == 400
    assert not ASKED


def test_what_does_not_come_whole_is_not_asked(wire: socket.socket) -> None:
    wire.sendall(head("/", "Content-Length: 10") + b"half")
    wire.shutdown(socket.SHUT_WR)
    assert answer(wire)[0] == 400
    assert is_closed(wire) and not ASKED


def test_who_asks_to_close_is_closed(wire: socket.socket) -> None:
    wire.sendall(head("/", "Connection: close", method="GET"))
    assert answer(wire) == (200, b"GET / ")
    assert is_closed(wire)


def test_a_slow_body_and_an_idle_connection_keep_nobody_waiting(wire: socket.socket, port: int) -> None:
    wire.sendall(head("/slow", "Content-Length: 3") + b"a")
    with socket.create_connection(("127.0.0.1", port), timeout=10), ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: _ask(port), range(16))) == [b"GET /fast "] * 16
    wire.sendall(b"bc")
    assert answer(wire) == (200, b"POST /slow abc")


def _ask(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as one:
        one.sendall(head("/fast", method="GET"))
        return answer(one)[1]


def test_a_second_attempt_over_another_connection_is_given_the_first_ones_answer(port: int) -> None:
    ASKED.clear()
    bodies = []
    for attempt, body in ((1, b"one"), (2, b"two")):
        headers = ("Content-Length: 3", "Amz-Sdk-Invocation-Id: a", f"Amz-Sdk-Request: attempt={attempt}; max=25")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as one:
            one.sendall(head("/", *headers) + body)
            bodies.append(answer(one))
    assert bodies == [(200, b"POST / one")] * 2 and len(ASKED) == 1


def test_moto_answers_over_one_connection(moto: Moto) -> None:
    with socket.create_connection(("127.0.0.1", moto.port), timeout=10) as one:
        for _ in range(3):
            one.sendall(head("/", method="GET"))
            assert b"ListAllMyBucketsResult" in answer(one)[1]


def test_idle_connections_end_with_the_process(tmp_path: Path) -> None:
    emulator = start_moto(scratch=tmp_path)
    with contextlib.ExitStack() as stack:
        stack.callback(emulator.end)
        address = "127.0.0.1", emulator.port
        idle = [stack.enter_context(socket.create_connection(address, timeout=5)) for _ in range(3)]
        idle[0].sendall(head("/", method="GET"))
        assert answer(idle[0])[0] == 200
        assert emulator.service
        os.kill(emulator.service.pid, signal.SIGTERM)
        assert all(is_closed(one) for one in idle)

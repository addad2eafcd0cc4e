"""gRPC's unary calls over HTTP/2, for both ends of the relay: raw bytes in, raw bytes out.

`Caller` is the relay before a provider process, `Answerer` the relay before Terraform. Source of the format: gRPC over
HTTP2 (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). No compression: Go's gRPC uses none unasked.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote, unquote

from pipeline.adapters.warm.http2 import (
    CANCEL,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PREFACE,
    RST_STREAM,
    Headers,
    Http2,
    block,
    block_frames,
    frame,
)

CANCELLED, UNKNOWN, ABORTED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE = 1, 2, 10, 12, 13, 14
"""Status codes (https://grpc.github.io/grpc/core/md_doc_statuscodes.html)."""

_ANSWER = block([(":status", "200"), ("content-type", "application/grpc")])
_FINE = block([("grpc-status", "0")])
_REQUEST = (
    (":method", "POST"),
    (":scheme", "http"),
    (":authority", "localhost"),
    ("content-type", "application/grpc"),
    ("te", "trailers"),
)


class RpcError(Exception):
    """A call that was answered with a status other than OK, or with none."""

    def __init__(self, code: int, details: str) -> None:
        self.code, self.details = code, details
        super().__init__(f"status {code}: {details}")


def _framed(message: bytes) -> bytes:
    return b"\0" + struct.pack(">I", len(message)) + message


def _message(body: bytes | bytearray) -> bytes:
    """The one message in a body; raises RpcError where it is not exactly that, uncompressed."""
    if len(body) < 5 or body[0] or len(body) != 5 + int.from_bytes(body[1:5], "big"):
        raise RpcError(INTERNAL, "not one whole, uncompressed message")
    return bytes(body[5:])


# -- towards a provider process ---------------------------------------------------------------------


@dataclass(kw_only=True)
class _Call:
    answer: "asyncio.Future[bytes]"
    headers: Headers = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)


class Caller(Http2):
    """The client's end of one connection."""

    greeting = PREFACE

    def __init__(self) -> None:
        super().__init__()
        self._calls: dict[int, _Call] = {}
        self._next = 1
        self._heads: dict[str, bytes] = {}
        self._leaving = False

    async def call(self, method: str, request: bytes) -> bytes:
        """The answer to one call; cancelled, the other end hears of it. Raises RpcError."""
        if self.transport is None or self.transport.is_closing() or self._leaving:
            raise RpcError(UNAVAILABLE, "the connection is closed")
        if (head := self._heads.get(method)) is None:
            head = self._heads[method] = block([(":path", method), *_REQUEST])
        stream, self._next = self._next, self._next + 2
        call = self._calls[stream] = _Call(answer=asyncio.get_running_loop().create_future())
        self.open(stream)
        try:
            self.send(stream, frame(HEADERS, END_HEADERS, stream, head), _framed(request))
            return await call.answer
        except asyncio.CancelledError:
            self.write(frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL)))
            raise
        finally:
            self._calls.pop(stream, None)
            self.close(stream)

    def headers(self, stream: int, headers: Headers, *, ended: bool) -> None:
        """The answer's head, or its trailers with the status."""
        if (call := self._calls.get(stream)) is not None:
            call.headers = {**call.headers, **headers}
            if ended:
                self._end(call)

    def data(self, stream: int, payload: bytes, *, ended: bool) -> None:
        """A part of an answer."""
        if (call := self._calls.get(stream)) is not None:
            call.body += payload
            if ended:
                self._end(call)

    def reset(self, stream: int, code: int) -> None:
        """The provider gave a call up."""
        if (call := self._calls.get(stream)) is not None:
            _fail(call, RpcError(CANCELLED if code == CANCEL else INTERNAL, f"the stream was reset ({code})"))

    def leaving(self, last: int) -> None:
        """The provider takes no more calls, answers those that it has, and then closes the connection."""
        self._leaving = True
        for stream, call in self._calls.items():
            if stream > last:
                _fail(call, RpcError(UNAVAILABLE, "the provider takes no more calls"))

    def lost(self) -> None:
        """The provider is gone: what was asked is not known to have been done or not."""
        for call in self._calls.values():
            _fail(call, RpcError(UNAVAILABLE, "the connection was closed"))

    def _end(self, call: _Call) -> None:
        status = call.headers.get("grpc-status", "")
        code = int(status) if status.isdecimal() else UNKNOWN
        if status == "0":
            try:
                answer = _message(call.body)
            except RpcError as error:
                _fail(call, error)
            else:
                if not call.answer.done():
                    call.answer.set_result(answer)
        else:
            _fail(call, RpcError(code, unquote(call.headers.get("grpc-message", "no status"))))


def _fail(call: _Call, error: RpcError) -> None:
    if not call.answer.done():
        call.answer.set_exception(error)


# -- towards Terraform ------------------------------------------------------------------------------

Answer = Callable[[str, bytes], "Awaitable[bytes] | bytes"]
"""(method, request) → the answer, at once where it is known; raises RpcError."""


class Answerer(Http2):
    """The server's end of one connection. `answer` is asked for every call; `ended` hears of its end.

    A call that is given up, or whose connection ends, is cancelled. The calls in `held` are never answered: they are
    streams on which the plugin library waits for the end of the connection.
    """

    expected = PREFACE

    def __init__(self, answer: Answer, ended: Callable[[], None], held: frozenset[str]) -> None:
        super().__init__()
        self._answer, self._ended, self._held = answer, ended, held
        self._paths: dict[int, str] = {}
        self._bodies: dict[int, bytearray] = {}
        self._tasks: dict[int, asyncio.Future[bytes]] = {}

    def headers(self, stream: int, headers: Headers, *, ended: bool) -> None:
        """A call begins."""
        self._paths[stream] = headers.get(":path", "")
        self.open(stream)
        if ended:
            self._begin(stream, b"")

    def data(self, stream: int, payload: bytes, *, ended: bool) -> None:
        """A part of a request."""
        if stream not in self._paths:
            return
        if ended and stream not in self._bodies:
            self._begin(stream, payload)
            return
        body = self._bodies.setdefault(stream, bytearray())
        body += payload
        if ended:
            self._begin(stream, self._bodies.pop(stream))

    def reset(self, stream: int, code: int) -> None:  # noqa: ARG002 - whatever the reason
        """Terraform gave a call up."""
        if (task := self._tasks.pop(stream, None)) is not None:
            task.cancel()
        self._forget(stream)
        self.close(stream)

    def lost(self) -> None:
        """Terraform is gone, or has what it wanted."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
        self._ended()

    def _begin(self, stream: int, body: bytes | bytearray) -> None:
        path = self._paths[stream]
        if path in self._held:
            return
        try:
            found = self._answer(path, _message(body))
        except Exception as error:  # noqa: BLE001 - a bug there must not leave Terraform waiting
            self._refuse(stream, error)
            return
        if isinstance(found, bytes):
            self._reply(stream, found)
        else:
            task = self._tasks[stream] = asyncio.ensure_future(found)
            task.add_done_callback(partial(self._finish, stream))

    def _finish(self, stream: int, task: "asyncio.Future[bytes]") -> None:
        error = RpcError(CANCELLED, "modferry relay: the call was cancelled") if task.cancelled() else task.exception()
        if self._tasks.pop(stream, None) is None:
            return  # Terraform gave it up
        if error is None:
            self._reply(stream, task.result())
        else:
            self._refuse(stream, error)

    def _reply(self, stream: int, answer: bytes) -> None:
        head = frame(HEADERS, END_HEADERS, stream, _ANSWER)
        tail = frame(HEADERS, END_HEADERS | END_STREAM, stream, _FINE)
        self.send(stream, head, _framed(answer), tail)
        self._forget(stream)

    def _refuse(self, stream: int, error: BaseException) -> None:
        if not isinstance(error, RpcError):
            error = RpcError(INTERNAL, f"modferry relay: {type(error).__name__}: {error}")
        fields = [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", str(error.code))]
        said = block([*fields, ("grpc-message", quote(error.details, safe=" !#$&'()*+,/:;=?@[]"))])
        self.write(block_frames(stream, END_STREAM, said))
        self._forget(stream)
        self.close(stream)

    def _forget(self, stream: int) -> None:
        self._paths.pop(stream, None)
        self._bodies.pop(stream, None)

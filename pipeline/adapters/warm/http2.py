"""HTTP/2 as the two ends of the relay need it: frames, header blocks, settings, flow control; no policy.

The relay's work is to pass small messages on, thousands in a run, so what a message costs here is what the relay
costs. It speaks with Go's gRPC only, on loopback; what that never sends (pushes, priorities) is read over.
Sources: RFC 9113 (frames, windows) and RFC 7541 (header blocks, read by the library hpack).
"""

import asyncio
import struct
from collections.abc import Iterable
from dataclasses import dataclass

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
CANCEL = 8
_INITIAL_WINDOW_SIZE = 4
_LARGEST_WINDOW = 2**31 - 1
_LONGEST_FRAME = 16384
"""Bytes of payload; what everybody takes and what nobody exceeds here, since no end asks for more."""
_LONGEST_HEADERS = 16 << 20
"""Bytes; Go's own limit. An error's whole text is in one."""
_HEAD = struct.Struct(">BHBBI")

Headers = dict[str, str]


class Http2Error(Exception):
    """What the other end sent is no HTTP/2: the connection is of no use any more."""


def frame(kind: int, flags: int, stream: int, payload: bytes | memoryview = b"") -> bytes:
    """One frame; the payload has at most 16,384 bytes."""
    size = len(payload)
    return _HEAD.pack(size >> 16, size & 0xFFFF, kind, flags, stream) + payload


def block(fields: Iterable[tuple[str, str]]) -> bytes:
    """A header block that leaves the reader's table as it is (literals without indexing, no Huffman code)."""
    out = bytearray()
    for pair in fields:
        out += b"\0"
        for text in pair:
            raw = text.encode("utf-8")
            out += hpack.hpack.encode_integer(len(raw), 7) + raw
    return bytes(out)


def block_frames(stream: int, flags: int, data: bytes) -> bytes:
    """A header block of any length as frames."""
    kind, out = HEADERS, b""
    while len(data) > _LONGEST_FRAME:
        out += frame(kind, flags, stream, data[:_LONGEST_FRAME])
        kind, flags, data = CONTINUATION, 0, data[_LONGEST_FRAME:]
    return out + frame(kind, flags | END_HEADERS, stream, data)


@dataclass(kw_only=True)
class _Waiting:
    """A message that the other end's windows do not let through yet, and what follows it."""

    rest: memoryview
    tail: bytes


class Http2(asyncio.Protocol):
    """What both ends of a connection do alike; `headers`, `data`, `reset`, `leaving` and `lost` are each end's own."""

    greeting = b""
    expected = b""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._unread = b""
        self._unwritten: list[bytes] | None = None
        self._decoder = hpack.Decoder(max_header_list_size=_LONGEST_HEADERS)
        self._blocks: dict[bytes, Headers] = {}
        self._open_block: tuple[int, int, bytes] | None = None
        self._window = self._initial = 65535
        self._windows: dict[int, int] = {}
        self._waiting: dict[int, _Waiting] = {}
        self._consumed = 0

    # -- for the two ends -------------------------------------------------------------------------

    def headers(self, stream: int, headers: Headers, *, ended: bool) -> None:
        """A header block arrived."""

    def data(self, stream: int, payload: bytes, *, ended: bool) -> None:
        """A part of a message arrived."""

    def reset(self, stream: int, code: int) -> None:
        """The other end gave the stream up."""

    def leaving(self, last: int) -> None:  # noqa: ARG002 - the client has no use for what it asked
        """The other end takes no more streams, and none above `last`."""
        self.abandon()

    def lost(self) -> None:
        """The connection is closed; every open stream with it."""

    def open(self, stream: int) -> None:
        """A stream begins."""
        self._windows[stream] = 0

    def close(self, stream: int) -> None:
        """A stream is over; what was not sent of it is dropped."""
        self._windows.pop(stream, None)
        self._waiting.pop(stream, None)

    def send(self, stream: int, head: bytes, body: bytes, tail: bytes = b"") -> None:
        """Frames `head`, then `body` as data as the other end's windows allow, then frames `tail`.

        Without a tail the last data ends the stream on this side; with one the stream is over then. Nothing is sent
        on a stream that is over.
        """
        if stream not in self._windows:
            return
        size = len(body)
        if not self._waiting and size <= min(self._window, self._initial + self._windows[stream], _LONGEST_FRAME):
            self._window -= size
            self._windows[stream] -= size
            self.write(head + frame(DATA, 0 if tail else END_STREAM, stream, body) + tail)
            if tail:
                self.close(stream)
            return
        self.write(head)
        self._waiting[stream] = _Waiting(rest=memoryview(body), tail=tail)
        self._pump()

    def write(self, data: bytes) -> None:
        """Send bytes; while a batch is being read they go out together at its end."""
        if self._unwritten is not None:
            self._unwritten.append(data)
        elif self.transport is not None:
            self.transport.write(data)

    def abandon(self) -> None:
        """Close the connection; nothing is written from here on."""
        if self.transport is not None:
            self.transport.close()
            self.transport = None

    # -- asyncio.Protocol ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Both sides may begin to speak at once."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        settings = struct.pack(">HI", _INITIAL_WINDOW_SIZE, _LARGEST_WINDOW)
        more = struct.pack(">I", _LARGEST_WINDOW - 65535)
        transport.write(self.greeting + frame(SETTINGS, 0, 0, settings) + frame(WINDOW_UPDATE, 0, 0, more))

    def data_received(self, data: bytes) -> None:
        """Read every whole frame; nonsense closes the connection."""
        self._unwritten = []
        try:
            self._read(self._unread + data if self._unread else data)
        except (Http2Error, hpack.HPACKError, struct.error, UnicodeDecodeError):
            self.abandon()
        finally:
            unwritten, self._unwritten = b"".join(self._unwritten), None
            if unwritten:
                self.write(unwritten)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - whatever the reason
        """No stream outlives it."""
        self.transport = None
        self._waiting.clear()
        self.lost()

    # -- frames ---------------------------------------------------------------------------------------

    def _read(self, data: bytes) -> None:
        at = 0
        if self.expected:
            if not data.startswith(self.expected[: len(data)]):
                raise Http2Error("not the beginning of HTTP/2")
            if len(data) < len(self.expected):
                self._unread = data
                return
            at, self.expected = len(self.expected), b""
        while len(data) - at >= _HEAD.size:
            high, low, kind, flags, stream = _HEAD.unpack_from(data, at)
            end = at + _HEAD.size + (high << 16 | low)
            if end - at > _HEAD.size + _LONGEST_FRAME:
                raise Http2Error("a frame longer than was agreed")
            if end > len(data):
                break
            self._frame(kind, flags, stream & _LARGEST_WINDOW, data[at + _HEAD.size : end])
            at = end
        self._unread = data[at:]

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        awaited = None if self._open_block is None else self._open_block[0]
        if (stream if kind == CONTINUATION else None) != awaited:
            raise Http2Error("a header block that is not whole")
        match kind:
            case 0:
                self._data(flags, stream, payload)
            case 1:
                self._block(stream, flags, _bare(payload, flags))
            case 9:
                assert self._open_block is not None
                began, first, before = self._open_block
                self._block(began, first | flags & END_HEADERS, before + payload)
            case 3:
                self.reset(stream, *struct.unpack(">I", payload))
            case 4 if not flags & ACK:
                self._settings(payload)
            case 6 if not flags & ACK:
                self.write(frame(PING, ACK, 0, payload))
            case 7:
                (last,) = struct.unpack_from(">I", payload)
                self.leaving(last & _LARGEST_WINDOW)
            case 8:
                (more,) = struct.unpack(">I", payload)
                if stream == 0:
                    self._window += more
                elif stream in self._windows:
                    self._windows[stream] += more
                self._pump()
            case _:
                pass  # acknowledgements, priorities, and what a later HTTP/2 may add

    def _data(self, flags: int, stream: int, payload: bytes) -> None:
        self._consumed += len(payload)
        if self._consumed > _LARGEST_WINDOW // 2:
            self.write(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", self._consumed)))
            self._consumed = 0
        self.data(stream, _bare(payload, flags & ~PRIORITY), ended=bool(flags & END_STREAM))

    def _block(self, stream: int, flags: int, data: bytes) -> None:
        if not flags & END_HEADERS:
            self._open_block = (stream, flags, data)
            return
        self._open_block = None
        if (headers := self._blocks.get(data)) is None:
            headers = {str(name): str(value) for name, value in self._decoder.decode(data)}
            # One byte a field, each a place in the table: such a block reads the same until the table changes.
            if all(0x80 < byte < 0xFF for byte in data):
                self._blocks[data] = headers
            else:
                self._blocks.clear()
        self.headers(stream, headers, ended=bool(flags & END_STREAM))

    def _settings(self, payload: bytes) -> None:
        for number, value in struct.iter_unpack(">HI", payload):
            if number == _INITIAL_WINDOW_SIZE:
                self._initial = value
        self.write(frame(SETTINGS, ACK, 0))
        self._pump()

    def _pump(self) -> None:
        for stream, waiting in list(self._waiting.items()):
            while waiting.rest:
                size = min(len(waiting.rest), self._window, self._initial + self._windows[stream], _LONGEST_FRAME)
                if size <= 0:
                    break
                part, waiting.rest = waiting.rest[:size], waiting.rest[size:]
                self._window -= size
                self._windows[stream] -= size
                last = not waiting.rest and not waiting.tail
                self.write(frame(DATA, END_STREAM if last else 0, stream, part))
            if not waiting.rest:
                del self._waiting[stream]
                if waiting.tail:
                    self.write(waiting.tail)
                    self.close(stream)


def _bare(payload: bytes, flags: int) -> bytes:
    """A payload without padding and priority."""
    start, end = 0, len(payload)
    if flags & PADDED:
        start, end = 1, end - int.from_bytes(payload[:1], "big")
    if flags & PRIORITY:
        start += 5
    if start > end:
        raise Http2Error("more padding than payload")
    return payload[start:end]

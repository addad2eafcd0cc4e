"""Frames without sockets: what an end does with the bytes that it is given, however they are cut."""

import asyncio
import struct
from collections.abc import Callable, Iterator
from itertools import pairwise

import hpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.adapters.warm.http2 import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Headers,
    Http2,
    block,
    block_frames,
    frame,
)

Frame = tuple[int, int, int, bytes]
WINDOW = 65535
LONGEST = 16384


class Wire(asyncio.Transport):
    """A transport that goes nowhere and remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = bytearray()
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed, "written after the end"
        self.sent += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def take(self) -> list[Frame]:
        """The frames written since the last look."""
        out, self.sent = list(frames(bytes(self.sent))), bytearray()
        return out


class End(Http2):
    """An end that remembers what arrived."""

    def __init__(self, *, expected: bytes = b"") -> None:
        super().__init__()
        self.expected = expected
        self.wire = Wire()
        self.seen: list[tuple[object, ...]] = []
        self.connection_made(self.wire)
        self.first = self.wire.take()

    def headers(self, stream: int, headers: Headers, *, ended: bool) -> None:
        self.seen.append(("headers", stream, headers, ended))

    def data(self, stream: int, payload: bytes, *, ended: bool) -> None:
        self.seen.append(("data", stream, payload, ended))

    def reset(self, stream: int, code: int) -> None:
        self.seen.append(("reset", stream, code))


def frames(data: bytes) -> Iterator[Frame]:
    while data:
        high, low, kind, flags, stream = struct.unpack(">BHBBI", data[:9])
        size = high << 16 | low
        assert size <= LONGEST
        assert len(data) >= 9 + size
        yield kind, flags, stream, data[9 : 9 + size]
        data = data[9 + size :]


def initial_window(size: int) -> bytes:
    return frame(SETTINGS, 0, 0, struct.pack(">HI", 4, size))


def more(stream: int, size: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", size))


def body_of(sent: list[Frame], stream: int) -> bytes:
    return b"".join(payload for kind, _, number, payload in sent if kind == DATA and number == stream)


FIELDS = [(":path", "/a/b"), ("te", "trailers"), ("x", "ä")]
SESSION = b"".join(
    [
        PREFACE,
        initial_window(100000),
        frame(SETTINGS, ACK, 0),
        frame(HEADERS, END_HEADERS, 1, hpack.Encoder().encode(FIELDS)),
        frame(PING, 0, 0, b"12345678"),
        frame(DATA, 0, 1, b"one"),
        frame(2, 0, 1, b"\0\0\0\0\7"),  # PRIORITY
        frame(99, 255, 1, b"a later HTTP/2"),
        frame(DATA, END_STREAM | PADDED, 1, b"\3two\0\0\0"),
        frame(HEADERS, 0, 3, block(FIELDS)[:4]),
        frame(CONTINUATION, 0, 3, block(FIELDS)[4:9]),
        frame(CONTINUATION, END_HEADERS, 3, block(FIELDS)[9:]),
        frame(RST_STREAM, 0, 3, b"\0\0\0\x08"),
        frame(DATA, END_STREAM, 5),
    ]
)


def test_what_arrives_is_told_in_order() -> None:
    end = End(expected=PREFACE)
    end.data_received(SESSION)
    assert end.seen == [
        ("headers", 1, dict(FIELDS), False),
        ("data", 1, b"one", False),
        ("data", 1, b"two", True),
        ("headers", 3, dict(FIELDS), False),
        ("reset", 3, 8),
        ("data", 5, b"", True),
    ]
    assert end.wire.take() == [(SETTINGS, ACK, 0, b""), (PING, ACK, 0, b"12345678")]
    assert not end.wire.closed


@settings(max_examples=50, deadline=None)
@given(st.sets(st.integers(1, len(SESSION) - 1)) | st.just(set(range(1, len(SESSION)))))
def test_pieces_of_any_size_are_read_like_one(cuts: set[int]) -> None:
    whole, cut = End(expected=PREFACE), End(expected=PREFACE)
    whole.data_received(SESSION)
    edges = [0, *sorted(cuts), len(SESSION)]
    for start, stop in pairwise(edges):
        cut.data_received(SESSION[start:stop])
    assert cut.seen == whole.seen
    assert cut.wire.sent == whole.wire.sent
    assert not cut.wire.closed


def test_a_block_with_padding_and_priority_is_read_bare() -> None:
    end = End()
    padded = b"\2" + b"\0\0\0\0\7" + block(FIELDS) + b"\0\0"
    end.data_received(frame(HEADERS, END_HEADERS | END_STREAM | PADDED | PRIORITY, 1, padded))
    end.data_received(frame(HEADERS, PADDED, 3, b"\1" + block(FIELDS)[:6] + b"\0"))
    end.data_received(frame(CONTINUATION, END_HEADERS, 3, block(FIELDS)[6:]))
    end.data_received(frame(DATA, PADDED, 3, b"\0"))
    assert end.seen == [
        ("headers", 1, dict(FIELDS), True),
        ("headers", 3, dict(FIELDS), False),
        ("data", 3, b"", False),
    ]


def test_the_end_of_a_stream_is_kept_over_a_continued_block() -> None:
    end = End()
    end.data_received(frame(HEADERS, END_STREAM, 1) + frame(CONTINUATION, END_HEADERS, 1, block(FIELDS)))
    assert end.seen == [("headers", 1, dict(FIELDS), True)]


@pytest.mark.parametrize("size", [0, 1, 3 * LONGEST - 11, 3 * LONGEST, 100_000])
def test_a_long_block_is_sent_in_frames_that_everybody_takes(size: int) -> None:
    end = End()
    fields = [("grpc-message", "x" * size)]
    sent = block_frames(7, END_STREAM, block(fields))
    assert len(list(frames(sent))) == -(-len(block(fields)) // LONGEST)
    end.data_received(sent)
    assert end.seen == [("headers", 7, dict(fields), True)]
    assert not end.wire.closed


# -- header blocks and their table --------------------------------------------------------------------

WORDS = st.text("abc-", min_size=1, max_size=6)
BLOCKS = st.lists(st.lists(st.tuples(WORDS, WORDS), max_size=5, unique_by=lambda pair: pair[0]), max_size=8)


@settings(max_examples=80, deadline=None)
@given(BLOCKS, st.lists(st.integers(0, 7), max_size=30), st.sampled_from([0, 64, 200, 4096]))
def test_blocks_are_read_right_however_the_table_changes(
    blocks: list[list[tuple[str, str]]], order: list[int], size: int
) -> None:
    end, encoder = End(), hpack.Encoder()
    encoder.header_table_size = size
    sent = [blocks[number % len(blocks)] for number in order] if blocks else []
    for fields in sent:
        end.data_received(frame(HEADERS, END_HEADERS, 1, encoder.encode(fields)))
    assert [headers for _, _, headers, _ in end.seen] == [dict(fields) for fields in sent]
    assert not end.wire.closed


def test_equal_bytes_mean_other_headers_once_the_table_has_changed() -> None:
    end, encoder = End(), hpack.Encoder()

    def read(fields: list[tuple[str, str]]) -> bytes:
        raw = encoder.encode(fields)
        end.data_received(frame(HEADERS, END_HEADERS, 1, raw))
        assert end.seen.pop() == ("headers", 1, dict(fields), False)
        return raw

    read([("name", "one")])
    newest = [read([("name", "one")]) for _ in range(2)]
    read([("name", "two")])
    assert newest == [b"\xbe", b"\xbe"]
    assert read([("name", "two")]) == b"\xbe"


# -- windows ------------------------------------------------------------------------------------------


def sender(size: int, *, tail: bytes = b"") -> tuple[End, bytes]:
    """An end that was asked to send that many bytes on stream 1."""
    end = End()
    body = bytes(range(251)) * (size // 251 + 1)
    end.open(1)
    end.send(1, frame(HEADERS, END_HEADERS, 1, b"\x88"), body[:size], tail)
    return end, body[:size]


TAIL = frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x88")


def test_a_message_that_fits_goes_out_at_once() -> None:
    end, body = sender(5, tail=TAIL)
    assert end.wire.take() == [
        (HEADERS, END_HEADERS, 1, b"\x88"),
        (DATA, 0, 1, body),
        (HEADERS, END_HEADERS | END_STREAM, 1, b"\x88"),
    ]
    end, body = sender(5)
    assert end.wire.take()[1:] == [(DATA, END_STREAM, 1, body)]


def test_no_more_is_sent_than_both_windows_allow() -> None:
    end, body = sender(WINDOW + 100)
    first = end.wire.take()
    assert body_of(first, 1) == body[:WINDOW]
    end.data_received(more(1, 60))
    assert end.wire.take() == []
    end.data_received(more(0, 50))
    assert end.wire.take() == [(DATA, 0, 1, body[WINDOW : WINDOW + 50])]
    end.data_received(more(0, 500))
    assert end.wire.take() == [(DATA, 0, 1, body[WINDOW + 50 : WINDOW + 60])]
    end.data_received(more(1, 500))
    assert end.wire.take() == [(DATA, END_STREAM, 1, body[WINDOW + 60 :])]


def test_the_tail_follows_the_last_byte_and_the_stream_is_over() -> None:
    end, body = sender(WINDOW + 1, tail=TAIL)
    assert all(not flags & END_STREAM for _, flags, _, _ in end.wire.take())
    end.data_received(more(0, 1) + more(1, 1))
    assert end.wire.take() == [(DATA, 0, 1, body[-1:]), (HEADERS, END_HEADERS | END_STREAM, 1, b"\x88")]
    end.send(1, b"never", b"never")
    assert end.wire.take() == []


def test_a_changed_initial_window_counts_for_what_waits_also_when_it_shrinks() -> None:
    end, body = sender(3 * WINDOW)
    end.data_received(more(0, 10 * WINDOW))
    assert len(body_of(end.wire.take(), 1)) == WINDOW
    end.data_received(initial_window(WINDOW - 1000))  # the stream's window is -1000 now
    end.data_received(more(1, 1000))
    assert end.wire.take() == [(SETTINGS, ACK, 0, b"")]
    end.data_received(more(1, 7))
    assert end.wire.take() == [(DATA, 0, 1, body[WINDOW : WINDOW + 7])]
    end.data_received(initial_window(WINDOW + 1000))
    assert body_of(end.wire.take(), 1) == body[WINDOW + 7 : WINDOW + 7 + 2000]
    end.data_received(initial_window(4 * WINDOW))
    last = end.wire.take()
    assert body_of(last, 1) == body[WINDOW + 2007 :]
    assert last[-1][1] == END_STREAM


def test_a_small_message_passes_a_large_one_that_waits_for_its_own_window() -> None:
    end, _ = sender(2 * WINDOW)
    end.wire.take()
    end.data_received(more(0, WINDOW))
    end.open(3)
    end.send(3, b"", b"small")
    assert end.wire.take() == [(DATA, END_STREAM, 3, b"small")]


def test_a_closed_stream_takes_nothing_more_from_the_windows() -> None:
    end, _ = sender(2 * WINDOW)
    end.wire.take()
    end.close(1)
    end.data_received(more(1, WINDOW) + more(0, 10))
    assert end.wire.take() == []
    end.open(3)
    end.send(3, b"", b"0123456789!")
    assert end.wire.take() == [(DATA, 0, 3, b"0123456789")]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 3 * WINDOW), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, WINDOW)), max_size=20),
    st.lists(st.integers(0, 2 * WINDOW), max_size=4),
)
def test_every_message_arrives_whole_and_no_window_is_overrun(
    sizes: list[int], updates: list[tuple[int, int]], initials: list[int]
) -> None:
    end = End()
    connection, initial, streams = WINDOW, WINDOW, dict.fromkeys((2 * n + 1 for n in range(len(sizes))), 0)
    got = dict.fromkeys(streams, 0)

    def look() -> None:
        nonlocal connection
        for kind, _, stream, payload in end.wire.take():
            if kind == DATA:
                got[stream] += len(payload)
                connection -= len(payload)
                streams[stream] -= len(payload)
                assert connection >= 0
                assert not payload or initial + streams[stream] >= 0

    for stream, size in zip(streams, sizes, strict=True):
        end.open(stream)
        end.send(stream, b"", b"." * size)
        look()
    for number, (stream, size) in enumerate(updates):
        at = 2 * stream - 1
        connection += size * (stream == 0)
        if at in streams:
            streams[at] += size
        if stream == 0 or at in streams:
            end.data_received(more(max(at, 0), size))
            look()
        if number < len(initials):
            initial = initials[number]
            end.data_received(initial_window(initial))
            look()
    connection += 20 * WINDOW
    initial = 60 * WINDOW
    end.data_received(more(0, 20 * WINDOW) + initial_window(initial))
    look()
    assert list(got.values()) == sizes


def test_what_was_read_is_given_back_to_the_connection() -> None:
    end = End()
    granted = WINDOW + sum(
        struct.unpack(">I", payload)[0] for kind, _, _, payload in end.first if kind == WINDOW_UPDATE
    )
    assert granted == 2**31 - 1
    piece = frame(DATA, PADDED, 1, b"\x09" + bytes(LONGEST - 1)) * 64
    read = 0
    while not (given_back := end.wire.take()):
        end.data_received(piece)
        end.seen.clear()
        read += 64 * LONGEST
        assert read < granted
    [(kind, _, stream, payload)] = given_back
    assert (kind, stream) == (WINDOW_UPDATE, 0)
    assert read - 64 * LONGEST < struct.unpack(">I", payload)[0] <= read
    end.data_received(piece)
    assert end.wire.take() == []  # nothing is given back twice


# -- nonsense -----------------------------------------------------------------------------------------

NONSENSE = {
    "a long frame": struct.pack(">BHBBI", 0, LONGEST + 1, DATA, 0, 1),
    "padding without payload": frame(DATA, PADDED, 1),
    "a padded block without payload": frame(HEADERS, PADDED | END_HEADERS, 1),
    "more padding than payload": frame(DATA, PADDED, 1, b"\3ab"),
    "padding over the priority": frame(HEADERS, PADDED | PRIORITY | END_HEADERS, 1, b"\1\0\0\0\0\0"),
    "a priority cut short": frame(HEADERS, PRIORITY | END_HEADERS, 1, b"\0\0"),
    "no place in the table": frame(HEADERS, END_HEADERS, 1, b"\xfe"),
    "place 0 of the table": frame(HEADERS, END_HEADERS, 1, b"\x80"),
    "a block cut short": frame(HEADERS, END_HEADERS, 1, b"\0\5ab"),
    "a header that is no text": frame(HEADERS, END_HEADERS, 1, b"\0\1a\1\xff"),
    "a continuation of nothing": frame(CONTINUATION, END_HEADERS, 1, block(FIELDS)),
    "a frame within a block": frame(HEADERS, 0, 1, b"\x88") + frame(PING, 0, 0, bytes(8)),
    "a block in two streams": frame(HEADERS, 0, 1, b"\x88") + frame(CONTINUATION, END_HEADERS, 3),
    "a reset without a code": frame(RST_STREAM, 0, 1, b"\0"),
    "settings cut short": frame(SETTINGS, 0, 0, b"\0\4\0"),
    "a window cut short": frame(WINDOW_UPDATE, 0, 0, b"\0"),
    "a farewell cut short": frame(GOAWAY, 0, 0, b"\0"),
}


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_closes_the_connection_and_raises_nothing(nonsense: bytes) -> None:
    end = End()
    end.data_received(frame(PING, 0, 0, bytes(8)) + nonsense)
    assert end.wire.closed
    assert end.seen == []


@pytest.mark.parametrize("beginning", [b"GET / HTTP/1.1\r\n\r\n", b"P" * 24, PREFACE[:-1] + b"x", b"\x16\x03\x01"])
def test_another_protocol_is_closed_at_its_first_wrong_byte(beginning: bytes) -> None:
    end = End(expected=PREFACE)
    end.data_received(beginning)
    assert end.wire.closed


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.builds(frame, st.integers(0, 10), st.integers(0, 255), st.integers(0, 4), st.binary(max_size=12)),
        max_size=6,
    )
)
def test_no_bytes_at_all_raise_into_the_loop(sent: list[bytes]) -> None:
    end = End()
    for piece in sent:
        if not end.wire.closed:
            end.data_received(piece)


@pytest.mark.parametrize(
    "act", [lambda end: end.write(b"late"), lambda end: end.send(1, b"head", b"body"), lambda end: end.abandon()]
)
def test_nothing_is_written_once_the_connection_is_given_up(act: Callable[[End], None]) -> None:
    end = End()
    end.open(1)
    end.abandon()
    act(end)
    assert end.wire.closed
    assert not end.wire.sent

"""Our two ends of gRPC, each against the library grpcio as the other one."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from pipeline.adapters.warm.http2 import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    block,
    frame,
)
from pipeline.adapters.warm.rpc import (
    ABORTED,
    CANCELLED,
    INTERNAL,
    UNAVAILABLE,
    UNIMPLEMENTED,
    UNKNOWN,
    Answer,
    Answerer,
    Caller,
    RpcError,
)
from tests.warm.test_http2 import Wire, frames

METHOD = "/tfplugin5.Provider/ReadResource"
HELD = "/plugin.GRPCBroker/StartStream"
LARGE = bytes(range(256)) * (20 << 12)  # 20 MB
SIZES = (0, 1, 5, 16378, 16379, 16380, 65530, 65531, 300_000)
"""Around the longest frame and the first window, with the five bytes before a message."""
DETAILS = (
    "",
    "plain words, 100% of them: a/b?c=[d]",
    "%41 is no A",
    "two\nlines\r\n\tand a tab",
    "größer als ½ — 日本 🚢",
    'quoted "x" \\ {y} ~ ^ `z` \x00\x7f',
    "long " * 20_000,
)
UNLIMITED = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", 1 << 20),
    ("grpc.absolute_max_metadata_size", 1 << 20),
    ("grpc.use_local_subchannel_pool", 1),
]

pytestmark = pytest.mark.timeout(60)


class Port:
    """Our end as a server on loopback: what was connected, and how often each connection ended."""

    def __init__(self, answer: Answer) -> None:
        self.ends: list[Answerer] = []
        self.ended: list[int] = []
        self._answer = answer
        self.number = 0

    def accept(self) -> Answerer:
        place = len(self.ends)
        self.ends.append(Answerer(self._answer, lambda: self.ended.append(place), frozenset({HELD})))
        return self.ends[-1]

    def is_empty(self) -> bool:
        """No stream has left anything behind."""
        kept = ("_windows", "_waiting", "_paths", "_bodies", "_tasks")
        return not any(getattr(end, name) for end in self.ends for name in kept)


@contextlib.asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[Port]:
    port = Port(answer)
    server = await asyncio.get_running_loop().create_server(port.accept, "127.0.0.1", 0)
    port.number = server.sockets[0].getsockname()[1]
    try:
        yield port
    finally:
        server.close()
        for end in port.ends:
            end.abandon()
        await until(lambda: len(port.ended) == len(port.ends))
    assert sorted(port.ended) == list(range(len(port.ends)))


@contextlib.asynccontextmanager
async def channel_to(port: Port) -> AsyncIterator[Any]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port.number}", options=UNLIMITED) as channel:
        yield channel


@contextlib.asynccontextmanager
async def calling(handler: Callable[[bytes, Any], Awaitable[bytes]], folder: Path) -> AsyncIterator[tuple[Caller, Any]]:
    """Our end as a client of a real server, on a Unix socket like a provider's."""

    class Generic(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            return grpc.unary_unary_rpc_method_handler(handler) if details.method == METHOD else None

    server = grpc.aio.server(options=UNLIMITED)
    server.add_generic_rpc_handlers((Generic(),))
    server.add_insecure_port(f"unix:{folder}/s")
    await server.start()
    _, caller = await asyncio.get_running_loop().create_unix_connection(Caller, f"{folder}/s")
    try:
        yield caller, server
    finally:
        caller.abandon()
        await server.stop(None)
    assert not caller._calls
    assert not caller._windows
    assert not caller._waiting


@contextlib.asynccontextmanager
async def pair(answer: Answer) -> AsyncIterator[tuple[Caller, Port]]:
    """Our two ends face to face, for what grpcio cannot be made to do."""
    async with answering(answer) as port:
        _, caller = await asyncio.get_running_loop().create_connection(Caller, "127.0.0.1", port.number)
        try:
            yield caller, port
        finally:
            caller.abandon()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.001)


async def code_of(call: Awaitable[bytes]) -> int:
    with pytest.raises(RpcError) as caught:
        await call
    return caught.value.code


# -- towards Terraform --------------------------------------------------------------------------------


@pytest.mark.parametrize("at_once", [True, False])
def test_messages_of_every_size_come_back_as_they_were_sent(at_once: bool) -> None:
    async def later(method: str, request: bytes) -> bytes:
        await asyncio.sleep(0)
        return method.encode() + request

    async def story() -> None:
        answer = (lambda method, request: method.encode() + request) if at_once else later
        async with answering(answer) as port, channel_to(port) as channel:
            for size in SIZES:
                assert await channel.unary_unary(METHOD)(LARGE[:size]) == METHOD.encode() + LARGE[:size]
            await until(port.is_empty)

    asyncio.run(story())


def test_large_messages_pass_in_both_directions() -> None:
    async def story() -> None:
        async with answering(lambda _, request: request[::-1]) as port, channel_to(port) as channel:
            answers = await asyncio.gather(*(channel.unary_unary(METHOD)(LARGE[n:]) for n in range(2)))
            assert answers == [LARGE[::-1], LARGE[1:][::-1]]
            await until(port.is_empty)

    asyncio.run(story())


def test_two_hundred_calls_at_one_time_get_their_own_answers_in_any_order() -> None:
    waiting: dict[int, asyncio.Future[None]] = {}

    async def answer(_: str, request: bytes) -> bytes:
        number = int.from_bytes(request[:2], "big")
        await waiting.setdefault(number, asyncio.get_running_loop().create_future())
        return request

    async def story() -> None:
        requests = [n.to_bytes(2, "big") + LARGE[: SIZES[n % len(SIZES)]] for n in range(200)]
        async with answering(answer) as port, channel_to(port) as channel:
            calls = [asyncio.ensure_future(channel.unary_unary(METHOD)(request)) for request in requests]
            await until(lambda: len(waiting) == 200)
            assert len(port.ends) == 1
            for number in sorted(waiting, key=lambda n: (n * 7919) % 200):
                waiting[number].set_result(None)
                await asyncio.sleep(0)
            assert await asyncio.gather(*calls) == requests
            await until(port.is_empty)

    asyncio.run(story())


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("details", DETAILS, ids=range(len(DETAILS)))
def test_an_error_arrives_with_its_code_and_its_very_words(at_once: bool, details: str) -> None:
    async def later(_: str, __: bytes) -> bytes:
        await asyncio.sleep(0)
        raise RpcError(ABORTED, details)

    def now(_: str, __: bytes) -> bytes:
        raise RpcError(ABORTED, details)

    async def story() -> None:
        async with answering(now if at_once else later) as port, channel_to(port) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await channel.unary_unary(METHOD)(b"")
            assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.ABORTED, details)
            assert port.is_empty()

    asyncio.run(story())


@pytest.mark.parametrize("at_once", [True, False])
def test_a_bug_is_an_answer_too_and_the_connection_goes_on(at_once: bool) -> None:
    async def later(_: str, request: bytes) -> bytes:
        return bytes([1 // len(request)])

    async def story() -> None:
        answer = (lambda _, request: bytes([1 // len(request)])) if at_once else later
        async with answering(answer) as port, channel_to(port) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await channel.unary_unary(METHOD)(b"")
            assert caught.value.code() is grpc.StatusCode.INTERNAL
            assert caught.value.details() == "modferry relay: ZeroDivisionError: integer division or modulo by zero"
            assert await channel.unary_unary(METHOD)(b"x") == b"\1"
            assert len(port.ends) == 1

    asyncio.run(story())


def test_an_answer_that_was_cancelled_elsewhere_leaves_nobody_waiting() -> None:
    async def answer(_: str, __: bytes) -> bytes:
        raise asyncio.CancelledError

    async def story() -> None:
        async with answering(answer) as port, channel_to(port) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await channel.unary_unary(METHOD)(b"")
            assert caught.value.code() is grpc.StatusCode.CANCELLED

    asyncio.run(story())


def test_a_call_that_is_given_up_is_cancelled_and_the_others_are_not() -> None:
    ended: list[bytes] = []
    release = asyncio.Event()

    async def answer(_: str, request: bytes) -> bytes:
        try:
            await release.wait()
        except asyncio.CancelledError:
            ended.append(request)
            raise RpcError(ABORTED, "too late") from None
        return request

    async def story() -> None:
        async with answering(answer) as port, channel_to(port) as channel:
            calls = [channel.unary_unary(METHOD)(request) for request in (b"first", b"second")]
            await until(lambda: len(port.ends) == 1 and len(port.ends[0]._tasks) == 2)
            calls[0].cancel()
            await until(lambda: ended)
            release.set()
            assert await calls[1] == b"second"
            assert ended == [b"first"]
            assert port.is_empty()

    asyncio.run(story())


def test_a_long_error_is_sent_in_frames_that_everybody_takes() -> None:
    async def answer(_: str, __: bytes) -> bytes:
        raise RpcError(ABORTED, "größer " * 10_000)

    async def story() -> None:
        async with pair(answer) as (caller, _):  # grpcio takes longer frames than Go
            with pytest.raises(RpcError) as caught:
                await caller.call(METHOD, b"")
            assert (caught.value.code, caught.value.details) == (ABORTED, "größer " * 10_000)

    asyncio.run(story())


def test_nothing_is_said_on_a_stream_that_was_given_up() -> None:
    ended = asyncio.Event()

    async def answer(_: str, __: bytes) -> bytes:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.set()
            raise RpcError(ABORTED, "too late") from None
        return b""

    async def story() -> None:
        async with answering(answer) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
            message = frame(DATA, END_STREAM, 1, b"\0\0\0\0\0")
            writer.write(PREFACE + frame(HEADERS, END_HEADERS, 1, block([(":path", METHOD)])) + message)
            await until(lambda: port.ends and port.ends[0]._tasks)
            writer.write(frame(RST_STREAM, 0, 1, b"\0\0\0\x08"))
            await ended.wait()
            await asyncio.sleep(0.01)
            assert port.is_empty()
            port.ends[0].abandon()
            assert {stream for _, _, stream, _ in frames(await reader.read())} == {0}
            writer.close()
            await writer.wait_closed()

    asyncio.run(story())


def test_a_large_answer_that_is_given_up_leaves_nothing_behind() -> None:
    async def story() -> None:
        async with answering(lambda _, __: LARGE) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port.number)
            # A client that grants the first window and no more.
            ask = block([(":path", METHOD)])
            message = frame(DATA, END_STREAM, 1, b"\0\0\0\0\0")
            writer.write(PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, END_HEADERS, 1, ask) + message)
            await until(lambda: port.ends and port.ends[0]._waiting)
            writer.write(frame(RST_STREAM, 0, 1, b"\0\0\0\x08"))
            await until(port.is_empty)
            writer.close()
            await writer.wait_closed()

    asyncio.run(story())


def test_the_end_of_the_connection_cancels_all_calls_and_is_heard_once() -> None:
    cancelled: list[bytes] = []

    async def answer(_: str, request: bytes) -> bytes:
        try:
            await asyncio.get_running_loop().create_future()
            return b""
        except asyncio.CancelledError:
            cancelled.append(request)
            raise

    async def story() -> None:
        async with pair(answer) as (caller, port):
            calls = [asyncio.ensure_future(caller.call(METHOD, bytes([n]))) for n in range(5)]
            await until(lambda: port.ends and len(port.ends[0]._tasks) == 5)
            assert caller.transport is not None
            caller.transport.abort()
            await until(lambda: port.ended)
            await until(lambda: len(cancelled) == 5)
            assert [await code_of(call) for call in calls] == [UNAVAILABLE] * 5
        assert port.ended == [0]

    asyncio.run(story())


def test_a_call_and_its_end_in_one_piece_leave_nothing_unawaited(recwarn: pytest.WarningsRecorder) -> None:
    async def answer(_: str, __: bytes) -> bytes:
        raise AssertionError("nobody waits for it")

    async def story() -> None:
        end = Answerer(answer, lambda: None, frozenset())
        end.connection_made(Wire())
        begin = frame(HEADERS, END_HEADERS, 1, block([(":path", METHOD)])) + frame(DATA, END_STREAM, 1, bytes(5))
        end.data_received(PREFACE + begin + frame(RST_STREAM, 0, 1, b"\0\0\0\x08"))
        assert not end._tasks
        await asyncio.sleep(0.01)

    asyncio.run(story())
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


def test_held_streams_wait_for_the_end_of_the_connection_and_no_longer() -> None:
    asked: list[str] = []

    def answer(method: str, request: bytes) -> bytes:
        asked.append(method)
        return request

    async def story() -> None:
        async with answering(answer) as port, channel_to(port) as channel:
            streams = [channel.stream_stream(HELD)(), channel.unary_stream(HELD)(b"x")]
            reads = [asyncio.ensure_future(stream.read()) for stream in streams]
            assert await channel.unary_unary(METHOD)(b"x") == b"x"
            assert not any(read.done() for read in reads)
            [end] = port.ends
            end.abandon()
            for read in reads:
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await read
                assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
            await until(lambda: port.ended == [0])
        assert asked == [METHOD]

    asyncio.run(story())


def test_a_held_stream_that_is_given_up_is_forgotten() -> None:
    async def story() -> None:
        async with answering(lambda _, request: request) as port, channel_to(port) as channel:
            stream = channel.stream_stream(HELD)()
            await until(lambda: port.ends and port.ends[0]._paths)
            stream.cancel()
            await until(port.is_empty)

    asyncio.run(story())


def test_a_compressed_request_is_refused() -> None:
    async def story() -> None:
        async with answering(lambda _, request: request) as port, channel_to(port) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await channel.unary_unary(METHOD)(bytes(10_000), compression=grpc.Compression.Gzip)
            assert caught.value.code() is grpc.StatusCode.INTERNAL
            assert "uncompressed" in str(caught.value.details())

    asyncio.run(story())


# -- towards a provider process -----------------------------------------------------------------------


def test_a_server_gets_and_answers_messages_of_every_size(tmp_path: Path) -> None:
    async def echo(request: bytes, _: Any) -> bytes:
        return request[::-1]

    async def story() -> None:
        async with calling(echo, tmp_path) as (caller, _):
            for size in SIZES:
                assert await caller.call(METHOD, LARGE[:size]) == LARGE[:size][::-1]
            answers = await asyncio.gather(*(caller.call(METHOD, LARGE[n:]) for n in range(2)))
            assert answers == [LARGE[::-1], LARGE[1:][::-1]]

    asyncio.run(story())


def test_two_hundred_calls_of_a_server_at_one_time_get_their_own_answers(tmp_path: Path) -> None:
    waiting: dict[int, asyncio.Future[None]] = {}

    async def answer(request: bytes, _: Any) -> bytes:
        number = int.from_bytes(request[:2], "big")
        await waiting.setdefault(number, asyncio.get_running_loop().create_future())
        return request

    async def story() -> None:
        requests = [n.to_bytes(2, "big") + LARGE[: SIZES[n % len(SIZES)]] for n in range(200)]
        async with calling(answer, tmp_path) as (caller, _):
            calls = [asyncio.ensure_future(caller.call(METHOD, request)) for request in requests]
            await until(lambda: len(waiting) == 200)
            for number in sorted(waiting, key=lambda n: (n * 7919) % 200):
                waiting[number].set_result(None)
            assert await asyncio.gather(*calls) == requests

    asyncio.run(story())


@pytest.mark.parametrize("details", DETAILS, ids=range(len(DETAILS)))
def test_a_servers_error_arrives_with_its_code_and_its_very_words(tmp_path: Path, details: str) -> None:
    async def answer(_: bytes, context: Any) -> bytes:
        await context.abort(grpc.StatusCode.ABORTED, details)
        raise AssertionError

    async def story() -> None:
        async with calling(answer, tmp_path) as (caller, _):
            with pytest.raises(RpcError) as caught:
                await caller.call(METHOD, b"x")
            assert (caught.value.code, caught.value.details) == (ABORTED, details)

    asyncio.run(story())


def test_an_unknown_method_of_a_server_is_unimplemented(tmp_path: Path) -> None:
    async def echo(request: bytes, _: Any) -> bytes:
        return request

    async def story() -> None:
        async with calling(echo, tmp_path) as (caller, _):
            assert await code_of(caller.call("/tfplugin5.Provider/Nothing", LARGE)) == UNIMPLEMENTED
            assert await caller.call(METHOD, b"still here") == b"still here"

    asyncio.run(story())


def test_a_server_hears_that_a_call_was_given_up(tmp_path: Path) -> None:
    story_of: list[str] = []

    async def answer(request: bytes, _: Any) -> bytes:
        if request == b"other":
            return request
        story_of.append("begun")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            story_of.append("cancelled")
            raise
        return b""

    async def story() -> None:
        async with calling(answer, tmp_path) as (caller, _):
            call = asyncio.ensure_future(caller.call(METHOD, b"x"))
            await until(lambda: story_of)
            call.cancel()
            await asyncio.wait([call])
            assert call.cancelled()
            await until(lambda: story_of == ["begun", "cancelled"])
            half = asyncio.ensure_future(caller.call(METHOD, LARGE))
            await asyncio.sleep(0)
            half.cancel()
            assert await caller.call(METHOD, b"other") == b"other"

    asyncio.run(story())


def test_a_server_that_says_farewell_answers_what_it_has_and_is_asked_no_more(tmp_path: Path) -> None:
    release = asyncio.Event()
    begun = asyncio.Event()

    async def answer(request: bytes, _: Any) -> bytes:
        begun.set()
        await release.wait()
        return request

    async def story() -> None:
        async with calling(answer, tmp_path) as (caller, server):
            call = asyncio.ensure_future(caller.call(METHOD, b"x"))
            await begun.wait()
            stopping = asyncio.ensure_future(server.stop(20))
            await until(lambda: caller._leaving)
            assert await code_of(caller.call(METHOD, b"y")) == UNAVAILABLE
            release.set()
            assert await call == b"x"
            await stopping

    asyncio.run(story())


def test_a_server_that_dies_is_unavailable_to_all_who_wait_and_to_all_who_come() -> None:
    async def never(_: str, __: bytes) -> bytes:
        await asyncio.get_running_loop().create_future()
        return b""

    async def story() -> None:
        async with pair(never) as (caller, port):
            calls = [asyncio.ensure_future(caller.call(METHOD, LARGE[: n << 16])) for n in range(50)]
            await until(lambda: port.ends and len(port.ends[0]._tasks) > 20)
            transport = port.ends[0].transport
            assert transport is not None
            transport.abort()
            assert [await code_of(call) for call in calls] == [UNAVAILABLE] * 50
            assert await code_of(caller.call(METHOD, b"")) == UNAVAILABLE
            assert not caller._calls
            assert not caller._waiting

    asyncio.run(story())


# -- what a provider's answer may lack ----------------------------------------------------------------


class Told(Caller):
    """A caller whose stream 1 is told what arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.transport = Sink()


class Sink(asyncio.Transport):
    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def is_closing(self) -> bool:
        return False


ANSWERS: dict[str, tuple[Callable[[Caller], None], int]] = {
    "no status": (lambda end: end.headers(1, {":status": "502"}, ended=True), UNKNOWN),
    "data without trailers": (lambda end: end.data(1, b"\0\0\0\0\0", ended=True), UNKNOWN),
    "a status that is no number": (lambda end: end.headers(1, {"grpc-status": "-1"}, ended=True), UNKNOWN),
    "fine without a message": (lambda end: end.headers(1, {"grpc-status": "0"}, ended=True), INTERNAL),
    "a reset by cancellation": (lambda end: end.reset(1, 8), CANCELLED),
    "a reset": (lambda end: end.reset(1, 2), INTERNAL),
    "a farewell that leaves it out": (lambda end: end.leaving(0), UNAVAILABLE),
}


@pytest.mark.parametrize(("tell", "code"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_none_is_an_error(tell: Callable[[Caller], None], code: int) -> None:
    async def story() -> None:
        end = Told()
        call = asyncio.ensure_future(end.call(METHOD, b""))
        await asyncio.sleep(0)
        tell(end)
        assert await code_of(call) == code
        assert not end._calls
        tell(end)  # what comes later finds nobody
        assert not end._windows

    asyncio.run(story())


@pytest.mark.parametrize("body", [b"", b"\0\0\0", b"\0\0\0\0\2x", b"\0\0\0\0\1xy", b"\1\0\0\0\1x"])
def test_a_body_that_is_not_one_whole_plain_message_is_an_error(body: bytes) -> None:
    async def story() -> None:
        end = Told()
        call = asyncio.ensure_future(end.call(METHOD, b""))
        await asyncio.sleep(0)
        end.data(1, body, ended=False)
        end.headers(1, {"grpc-status": "0"}, ended=True)
        assert await code_of(call) == INTERNAL

    asyncio.run(story())

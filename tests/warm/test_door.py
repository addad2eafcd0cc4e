"""What a port answers itself, what it passes on, and how it tells connections apart."""

import asyncio

import grpc
import pytest

from pipeline.adapters.warm.door import Answers, Door
from pipeline.adapters.warm.pool import Connection
from pipeline.adapters.warm.wire import encoded
from tests.warm.fakes import PREFIX, Stable

X = encoded(2, b"x")


def door(stable: Stable, environment: str = "one") -> Door:
    return Door(environment=environment, schema=b"schema", pool=stable.pool, answers=Answers())


async def ask(port: Door, connection: Connection, name: str, request: bytes = b"q") -> bytes:
    answer = port.answer(connection, PREFIX + name, request)
    return answer if isinstance(answer, bytes) else await answer


async def closed(port: Door) -> None:
    port.close()
    while port.connections:
        await asyncio.sleep(0.001)


def test_the_schema_needs_no_process() -> None:
    async def story() -> None:
        stable = Stable()
        one = door(stable)
        for name in ("GetSchema", "GetProviderSchema"):
            assert await ask(one, Connection(environment="one"), name) == b"schema"
        assert stable.made == []

    asyncio.run(story())


def test_equal_validation_is_asked_once_also_at_one_time() -> None:
    async def story() -> None:
        stable = Stable()
        one = door(stable)
        calls = [ask(one, Connection(environment="one"), "ValidateResourceTypeConfig", b) for b in (b"x", b"x", b"y")]
        assert await asyncio.gather(*calls) == [b"one:-:x", b"one:-:x", b"one:-:y"]
        await ask(one, Connection(environment="one"), "ValidateResourceTypeConfig", b"x")
        assert sorted(request for _, request in stable.made[0].seen) == [b"x", b"y"]

    asyncio.run(story())


def test_validation_that_lost_its_process_is_asked_again_elsewhere() -> None:
    async def story() -> None:
        stable = Stable()
        one = door(stable)
        first = await stable.pool.any("one")
        calls = asyncio.gather(
            *(ask(one, Connection(environment="one"), "ValidateResourceTypeConfig", b"x") for _ in "ab")
        )
        await asyncio.sleep(0)
        while not first.calls:
            await asyncio.sleep(0)
        stable.made[0].alive = False
        assert await calls == [b"one:-:x", b"one:-:x"]
        assert len(stable.made) == 2

    asyncio.run(story())


def test_kept_answers_have_a_limit() -> None:
    async def story() -> None:
        answers = Answers(limit=100)
        asked = []

        async def answer(request: bytes) -> bytes:
            asked.append(request)
            return b"." * 29

        for request in (b"1", b"2", b"3", b"1", b"4", b"1", b"2"):
            await answers.get("m", request, lambda r=request: answer(r))  # type: ignore[misc]
        assert asked == [b"1", b"2", b"3", b"4", b"2"]

    asyncio.run(story())


def test_stop_is_passed_on_only_when_nobody_elses_calls_run_there() -> None:
    async def story() -> None:
        stable = Stable()
        one = door(stable)
        mine, other = Connection(environment="one"), Connection(environment="one")
        assert await ask(one, mine, "Stop", b"") == b""
        for connection in (mine, other):
            await ask(one, connection, "Configure", X)
        [provider] = stable.made
        running = [asyncio.ensure_future(ask(one, c, "ApplyResourceChange")) for c in (mine, other)]
        while provider.calls < 2:
            await asyncio.sleep(0)
        await ask(one, mine, "Stop", b"")
        assert ("Stop", b"") not in provider.seen
        provider.held.set()
        await asyncio.gather(*running)
        provider.held.clear()
        alone = asyncio.ensure_future(ask(one, mine, "ApplyResourceChange"))
        while not provider.calls:
            await asyncio.sleep(0)
        await ask(one, other, "Stop", b"")
        assert ("Stop", b"") not in provider.seen
        await ask(one, mine, "Stop", b"")
        assert provider.seen[-1] == ("Stop", b"")
        await alone

    asyncio.run(story())


def test_connections_are_told_apart_and_forgotten_when_they_close() -> None:
    async def story() -> None:
        stable = Stable()
        one = door(stable)
        port = await one.open()
        options = [("grpc.use_local_subchannel_pool", 1)]
        channels = [grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) for _ in range(3)]
        streams = [channel.stream_stream("/plugin.GRPCBroker/StartStream")() for channel in channels]
        for number, channel in enumerate(channels):
            await channel.unary_unary(PREFIX + "Configure")(encoded(2, b"region-%d" % number))
        answers = [await channel.unary_unary(PREFIX + "ReadResource")(b"q") for channel in channels]
        assert answers == [b"one:" + encoded(2, b"region-%d" % number) + b":q" for number in range(3)]
        assert [p.connections for p in stable.made] == [1, 1, 1]
        while streams:
            streams.pop().cancel()  # grpcio keeps the connection as long as somebody has one of its streams
        for channel in channels:
            await channel.close()
        for _ in range(200):
            if not one.connections:
                break
            await asyncio.sleep(0.01)
        assert one.connections == {}
        assert [p.connections for p in stable.made] == [0, 0, 0]
        await closed(one)

    asyncio.run(story())


def test_a_closed_port_ends_its_connections() -> None:
    async def story() -> None:
        stable = Stable()
        one = door(stable)
        port = await one.open()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await channel.unary_unary(PREFIX + "Configure")(X)
            assert [p.connections for p in stable.made] == [1]
            one.close()
            with pytest.raises(grpc.RpcError) as caught:
                await channel.unary_unary(PREFIX + "ReadResource")(b"q")
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert one.connections == {}
        assert [p.connections for p in stable.made] == [0]

    asyncio.run(story())


def test_only_calls_to_a_provider_are_known() -> None:
    async def story() -> None:
        one = door(Stable())
        port = await one.open()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            with pytest.raises(grpc.RpcError) as caught:
                await channel.unary_unary("/plugin.GRPCController/Shutdown")(b"")
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
        await closed(one)

    asyncio.run(story())


def test_a_dead_process_is_said_in_words_that_terraform_prints() -> None:
    async def story() -> None:
        stable = Stable()
        one = door(stable)
        port = await one.open()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await channel.unary_unary(PREFIX + "Configure")(X)
            stable.made[0].alive = False
            try:
                await channel.unary_unary(PREFIX + "ReadResource")(b"q")
            except grpc.RpcError as error:
                assert error.code() is grpc.StatusCode.ABORTED
                assert "modferry relay: provider process ended" in str(error.details())
            else:
                raise AssertionError("no error")
        await closed(one)

    asyncio.run(story())

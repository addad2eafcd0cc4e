"""One process for one environment and one configuration: binding, repeats, deaths, the memory budget."""

import asyncio
from functools import partial

import pytest

from pipeline.adapters.warm.pool import Connection
from pipeline.adapters.warm.provider import ProviderEndedError
from tests.warm.fakes import BAD, PREFIX, Stable

CONFIGURE = PREFIX + "Configure"


async def configured(stable: Stable, environment: str, request: bytes) -> Connection:
    connection = Connection(environment=environment)
    await stable.pool.configure(connection, CONFIGURE, request)
    return connection


async def who(connection: Connection) -> bytes:
    assert connection.provider is not None
    return await connection.provider.call(PREFIX + "ReadResource", b"q")


def test_environments_and_configurations_never_share_a_process() -> None:
    async def story() -> None:
        stable = Stable()
        pairs = [(env, conf) for env in ("one", "two") for conf in (b"us-east-1", b"eu-west-1")] * 5
        connections = await asyncio.gather(*(configured(stable, *pair) for pair in pairs))
        answers = await asyncio.gather(*map(who, connections))
        assert answers == [f"{env}:{conf.decode()}:q".encode() for env, conf in pairs]
        assert len(stable.made) == 4

    asyncio.run(story())


def test_an_equal_configure_is_answered_from_the_first() -> None:
    async def story() -> None:
        stable = Stable()
        first = await configured(stable, "one", b"x")
        stable.pool.release(first)
        await configured(stable, "one", b"x")
        [provider] = stable.made
        assert provider.seen == [("Configure", b"x")]

    asyncio.run(story())


def test_a_configure_that_fails_is_not_kept() -> None:
    async def story() -> None:
        stable = Stable(failing=True)
        connection = Connection(environment="one")
        assert await stable.pool.configure(connection, CONFIGURE, b"x") == BAD
        stable.failing = False
        assert await stable.pool.configure(Connection(environment="one"), CONFIGURE, b"x") == b""
        stable.pool.release(connection)
        await stable.pool.tidy()
        assert [p.ended for p in stable.made] == [True, False]

    asyncio.run(story())


def test_a_dead_process_is_replaced_at_the_next_configure() -> None:
    async def story() -> None:
        stable = Stable()
        connection = await configured(stable, "one", b"x")
        stable.made[0].alive = False
        with pytest.raises(ProviderEndedError, match="modferry relay: provider process ended"):
            await who(connection)
        assert await who(await configured(stable, "one", b"x")) == b"one:x:q"
        await stable.pool.tidy()
        assert stable.pool.died == 1

    asyncio.run(story())


def test_the_least_recently_used_idle_process_goes_first_and_one_in_use_never() -> None:
    async def story() -> None:
        stable = Stable(memory=250)
        connections = [await configured(stable, "one", bytes([65 + n])) for n in range(3)]
        for age, provider in enumerate(stable.made):
            provider.last_use = age
        await stable.pool.tidy()
        assert [p.ended for p in stable.made] == [False, False, False]
        for connection in connections[:2]:
            stable.pool.release(connection)
        await stable.pool.tidy()
        assert [p.ended for p in stable.made] == [True, False, False]
        assert stable.pool.memory() == 200

    asyncio.run(story())


def test_a_process_that_is_taken_while_another_ends_is_kept() -> None:
    async def story() -> None:
        stable = Stable(memory=100)
        connections = [await configured(stable, "one", bytes([65 + n])) for n in range(3)]
        for connection in connections:
            stable.pool.release(connection)
        ending = asyncio.Event()
        stable.made[0].last_use = -1.0
        end = stable.made[0].end

        async def slowly() -> None:
            await ending.wait()
            await end()

        stable.made[0].end = slowly  # type: ignore[method-assign]
        tidying = [asyncio.ensure_future(stable.pool.tidy())]
        await asyncio.sleep(0)
        again = await configured(stable, "one", b"B")
        assert again.provider is stable.made[1]
        tidying.append(asyncio.ensure_future(stable.pool.tidy()))
        await asyncio.sleep(0)
        ending.set()
        await asyncio.gather(*tidying)
        assert [p.ended for p in stable.made] == [True, False, True]
        assert await who(again) == b"one:B:q"
        assert (stable.pool.evicted, stable.pool.died) == (2, 0)

    asyncio.run(story())


def test_a_process_that_starts_for_an_environment_that_is_given_up_does_not_stay() -> None:
    async def story() -> None:
        stable = Stable()
        stable.pool.warm_up("one")
        stable.pool.retire("one")
        await stable.pool.tidy()
        await asyncio.sleep(0.01)
        await stable.pool.tidy()
        assert [p.ended for p in stable.made] == [True]
        assert stable.pool.providers == []
        assert await who(await configured(stable, "one", b"x")) == b"one:x:q"

    asyncio.run(story())


def test_a_process_warmed_up_is_the_one_that_is_configured() -> None:
    async def story() -> None:
        stable = Stable()
        stable.pool.warm_up("one")
        stable.pool.warm_up("one")
        await configured(stable, "one", b"x")
        stable.pool.warm_up("one")
        await asyncio.sleep(0.01)
        assert len(stable.made) == 1

    asyncio.run(story())


def test_who_gives_up_does_not_end_a_start_that_another_waits_for() -> None:
    async def story() -> None:
        stable = Stable()
        for first, second in (
            (stable.pool.any("one"), stable.pool.any("one")),
            (configured(stable, "two", b"x"), configured(stable, "two", b"x")),
        ):
            given_up, waiting = asyncio.ensure_future(first), asyncio.ensure_future(second)
            await asyncio.sleep(0)
            given_up.cancel()
            assert await asyncio.wait_for(waiting, 5)
            assert given_up.cancelled()
        assert [provider.alive for provider in stable.made] == [True, True]

    asyncio.run(story())


def test_a_pure_call_uses_any_process_another_only_its_own_environment() -> None:
    async def story() -> None:
        stable = Stable()
        first = await stable.pool.any("one")
        assert await stable.pool.any("two", pure=True) is first
        assert (await stable.pool.any("two")).environment == "two"

    asyncio.run(story())


def test_a_start_that_fails_is_said_and_tried_again() -> None:
    async def story() -> None:
        stable = Stable()
        stable.broken = True
        stable.pool.warm_up("one")
        with pytest.raises(ProviderEndedError, match="no memory"):
            await configured(stable, "one", b"x")
        stable.broken = False
        await configured(stable, "one", b"x")

    asyncio.run(story())


def test_end_leaves_nothing() -> None:
    async def story() -> None:
        stable = Stable()
        await asyncio.gather(*map(partial(configured, stable, "one"), (b"x", b"y")))
        await stable.pool.end()
        assert all(p.ended for p in stable.made)
        assert stable.pool.providers == []

    asyncio.run(story())

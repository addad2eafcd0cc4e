"""The relay process with a small protocol 6 provider in place of a real one: no Terraform needed."""

import json
import socket
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from pipeline.adapters.warm import WarmProvider
from pipeline.adapters.warm.wire import encoded
from pipeline.errors import UndecidedError
from tests.warm.test_schema import CAPABILITIES, PROVIDER, SUBNET, VPC

PROGRAM = f"""#!{sys.executable}
import json, os, sys
from concurrent.futures import ThreadPoolExecutor
import grpc

assert sys.argv[1:] == ["-debug"]
if os.environ.get("FAIL"):
    sys.exit("no such region")
configured = []

def answer(method, request):
    if method.endswith("/GetProviderSchema"):
        open("schema-was-asked", "a").write("x")
        return {PROVIDER + VPC + SUBNET + CAPABILITIES!r}
    if method.endswith("/ConfigureProvider"):
        configured.append(request)
        return b""
    return (os.environ["AWS_REGION"] + " %d" % len(configured)).encode()

class Handler:
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, _: answer(details.method, request))

server = grpc.server(ThreadPoolExecutor(4), handlers=None)
server.add_generic_rpc_handlers((Handler(),))
server.add_insecure_port("unix:./plugin.%d" % os.getpid())
server.start()
address = {{"Network": "unix", "String": "./plugin.%d" % os.getpid()}}
record = {{"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True, "Addr": address}}
print("TF_REATTACH_PROVIDERS='" + json.dumps({{"example.org/test/six": record}}) + "'", flush=True)
server.wait_for_termination()
"""
SIX = "/tfplugin6.Provider/"
CONFIGURE = encoded(2, b"config")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "terraform-provider-six"
    file.write_text(PROGRAM)
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


@pytest.fixture
def warm(program: Path, tmp_path: Path) -> Iterator[WarmProvider]:
    provider = relay(program, tmp_path)
    yield provider
    provider.end()


def relay(program: Path, tmp_path: Path) -> WarmProvider:
    provider = WarmProvider(
        binary=program, source="example.org/test/six", scratch=tmp_path / "scratch", cache=tmp_path / "cache"
    )
    provider.start()
    return provider


def address(variables: dict[str, str]) -> str:
    [record] = json.loads(variables["TF_REATTACH_PROVIDERS"]).values()
    assert (record["ProtocolVersion"], record["Test"], record["Addr"]["Network"]) == (6, True, "tcp")
    return str(record["Addr"]["String"])


def ask(channel: Any, name: str, request: bytes = b"") -> bytes:
    return bytes(channel.unary_unary(SIX + name)(request, timeout=30))


def test_protocol_6_is_served_and_environments_stay_apart(warm: WarmProvider) -> None:
    for region in ("us-east-1", "eu-west-1"):
        with grpc.insecure_channel(
            address(warm.environment({"AWS_REGION": region}, frozenset({"aws_vpc"})))
        ) as channel:
            assert ask(channel, "GetProviderSchema") == PROVIDER + VPC + CAPABILITIES
            assert ask(channel, "ConfigureProvider", CONFIGURE) == b""
            assert ask(channel, "ConfigureProvider", CONFIGURE) == b""
            assert ask(channel, "ReadResource") == f"{region} 1".encode()


def test_equal_needs_share_a_port_and_the_whole_schema_has_another(warm: WarmProvider) -> None:
    aws = {"AWS_REGION": "us-east-1"}
    one = warm.environment(aws, frozenset({"aws_vpc", "some_word"}))
    assert warm.environment(aws, frozenset({"aws_vpc", "another_word"})) == one
    whole = warm.environment(aws, None)
    assert whole != one
    with grpc.insecure_channel(address(whole)) as channel:
        assert ask(channel, "GetProviderSchema") == PROVIDER + VPC + SUBNET + CAPABILITIES
    assert warm.stats()["doors"] == 2


def test_a_process_is_started_ahead_only_where_one_will_surely_be_asked(warm: WarmProvider) -> None:
    warm.environment({"AWS_REGION": "x"}, None)  # learns the schema
    started = warm.stats()["started"]
    door = warm.environment({"AWS_REGION": "mocked"}, None, ready=False)
    warm.environment({"AWS_REGION": "asked"}, None)
    deadline = time.monotonic() + 30
    while warm.stats()["started"] < started + 1:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    warm.environment({"AWS_REGION": "asked"}, None)
    assert warm.stats()["started"] == started + 1
    with grpc.insecure_channel(address(door)) as channel:
        assert ask(channel, "ConfigureProvider", CONFIGURE) == b""
        assert ask(channel, "ReadResource") == b"mocked 1"
    assert warm.stats()["started"] == started + 2


def test_the_second_relay_takes_the_schema_from_the_disk(program: Path, tmp_path: Path) -> None:
    for _ in range(2):
        warm = relay(program, tmp_path)
        with grpc.insecure_channel(address(warm.environment({"AWS_REGION": "x"}, None))) as channel:
            assert ask(channel, "GetProviderSchema") == PROVIDER + VPC + SUBNET + CAPABILITIES
        warm.end()
    assert [file.read_text() for file in tmp_path.rglob("schema-was-asked")] == ["x"]


def test_a_provider_that_does_not_start_is_said_with_its_own_words(warm: WarmProvider) -> None:
    with pytest.raises(UndecidedError, match="before it listened: no such region"):
        warm.environment({"AWS_REGION": "x", "FAIL": "1"}, None)
    assert warm.environment({"AWS_REGION": "x"}, None)  # the next one is not held back


def test_a_stranger_without_the_token_learns_nothing(warm: WarmProvider, tmp_path: Path) -> None:
    [file] = tmp_path.rglob("control.port")
    with socket.create_connection(("127.0.0.1", int(file.read_text())), timeout=10) as channel:
        channel.sendall(b'{"act": "stats", "token": "guess"}\n')
        assert json.loads(channel.makefile().readline()) == {"error": "wrong token"}


def test_a_relay_that_is_gone_is_undecided(program: Path, tmp_path: Path) -> None:
    warm = relay(program, tmp_path)
    warm.end()
    with pytest.raises(UndecidedError, match="does not answer"):
        warm.environment({"AWS_REGION": "x"}, None)


def test_a_relay_that_cannot_start_is_undecided(tmp_path: Path) -> None:
    with pytest.raises(UndecidedError, match=r"No such file"):
        relay(tmp_path / "nothing", tmp_path)

"""LocalStack and a real account as targets; what needs LocalStack is skipped where it is not installed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.adapters.emulators.account import connect_account
from pipeline.adapters.emulators.localstack import LocalStack, connect_localstack, settings, start_localstack
from pipeline.adapters.emulators.localstack_install import home, install_localstack, installed
from pipeline.adapters.services import free_port
from pipeline.errors import UndecidedError, UsageError


@pytest.fixture(scope="module")
def localstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    if not installed(os.environ):
        pytest.skip("LocalStack is not installed: modferry emulator install localstack")
    emulator = start_localstack(scratch=tmp_path_factory.mktemp("localstack"), environ=os.environ)
    yield emulator
    emulator.end()


def test_it_answers_in_the_account_of_the_key(localstack: LocalStack) -> None:
    import boto3

    assert localstack.version == "localstack 4.14.0"
    for account in ("111111111111", "222222222222"):
        env = localstack.environment(account)
        client = boto3.client(
            "sts",
            endpoint_url=localstack.endpoint,
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
            region_name=env["AWS_REGION"],
        )
        assert client.get_caller_identity()["Account"] == account


def test_what_it_does_not_have_is_on_the_list(localstack: LocalStack) -> None:
    import boto3

    for service, operation in (("eks", "list_clusters"), ("elbv2", "describe_load_balancers")):
        client = boto3.client(
            service,
            endpoint_url=localstack.endpoint,
            aws_access_key_id="111111111111",
            aws_secret_access_key="test",
            region_name="us-east-1",
        )
        with pytest.raises(client.exceptions.ClientError) as failure:
            getattr(client, operation)()
        assert (localstack.unsupported(str(failure.value)) or "").startswith(f"LocalStack 4.14.0 has no {service}")


def test_one_that_runs_elsewhere_is_left_running(localstack: LocalStack) -> None:
    other = connect_localstack(localstack.endpoint)
    other.end()
    assert connect_localstack(localstack.endpoint).version == localstack.version


def test_nobody_there_is_an_error_with_a_remedy() -> None:
    with pytest.raises(UndecidedError, match=r"No LocalStack answers.*modferry emulator start localstack"):
        connect_localstack(f"http://127.0.0.1:{free_port()}")


def test_not_installed_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(UndecidedError, match="modferry emulator install localstack"):
        start_localstack(scratch=tmp_path, environ={"HOME": str(tmp_path)})


def test_a_failed_install_leaves_nothing(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "uv").write_text("#!/bin/sh\necho no network >&2\nexit 2\n")
    (tools / "python3.13").write_text("#!/bin/sh\necho 3.13\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    environ = {"HOME": str(tmp_path), "PATH": f"{tools}:{os.defpath}"}
    with pytest.raises(UndecidedError, match="LocalStack could not be installed: no network"):
        install_localstack(environ)
    assert installed(environ) is None
    assert list(home(environ).parent.iterdir()) == []


def test_two_instances_share_no_folder(tmp_path: Path) -> None:
    first, second = settings(1001, tmp_path / "a"), settings(1002, tmp_path / "b")
    for name in ("FILESYSTEM_ROOT", "LOCALSTACK_VOLUME_DIR", "TMPDIR", "GATEWAY_LISTEN"):
        assert first[name] != second[name]


def test_a_real_account_is_taken_as_it_is() -> None:
    account = connect_account({"AWS_PROFILE": "sandbox", "PATH": "/bin"})
    assert account.environment("111111111111", "eu-west-1") == {
        "AWS_PROFILE": "sandbox",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    assert account.unsupported("api error NotImplementedByEmulator: moto has no eks X") is None
    with pytest.raises(UsageError, match="AWS_ENDPOINT_URL_S3 is set"):
        connect_account({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"})

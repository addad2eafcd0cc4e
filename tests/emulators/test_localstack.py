"""LocalStack and a real account as targets, and the repository's modules on LocalStack.

LocalStack 4.14 runs without Docker in its own CPython 3.13 environment, which is installed where it is missing. On
moto every suite of every module runs in the demo (tests/demo).
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.adapters.emulators.account import connect_account
from pipeline.adapters.emulators.localstack import LocalStack, connect_localstack, settings, start_localstack
from pipeline.adapters.emulators.localstack_install import find_python, home, install_localstack, installed
from pipeline.adapters.services import free_port
from pipeline.errors import UndecidedError, UsageError
from tests.conftest import git

ROOT = Path(__file__).parents[2]
MODULES = ("core", "eks", "server-group", "vpc")
terraform = pytest.mark.terraform  # with what drives Terraform, for its installation takes a minute and a half


@pytest.fixture(scope="module")
def installed_localstack() -> None:
    """Without CPython 3.13 the machine cannot run it."""
    environ = dict(os.environ)
    try:
        find_python(environ)
    except UndecidedError as error:
        pytest.skip(f"LocalStack needs CPython 3.13: {error}")
    install_localstack(environ)


@pytest.fixture(scope="module")
def localstack(installed_localstack: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    emulator = start_localstack(scratch=tmp_path_factory.mktemp("localstack"), environ=os.environ)
    yield emulator
    emulator.end()


@terraform
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


@terraform
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


@terraform
def test_one_that_runs_elsewhere_is_left_running(localstack: LocalStack) -> None:
    other = connect_localstack(localstack.endpoint)
    other.end()
    assert connect_localstack(localstack.endpoint).version == localstack.version


@terraform
@pytest.mark.timeout(1800)
def test_every_suite_passes_or_names_what_is_missing_there(installed_localstack: None, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(ROOT), str(clone))
    words = ("test", "--on", "localstack", "--json")
    env = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "GIT_CONFIG_GLOBAL")}
    done = subprocess.run(
        (sys.executable, "-m", "pipeline", *words),
        cwd=clone,
        env={**env, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    results = {(r["module"], r["suite"]): r for r in json.loads(done.stdout)["results"]}
    assert {verdict for r in results.values() if (verdict := r["verdict"])} == {"passed", "unsupported"}
    assert set(results) == {(module, suite) for module in MODULES for suite in ("static", "unit", "integration")}
    for module in MODULES:
        assert results[module, "static"]["verdict"] == "passed"
    cases = {(r["module"], c["name"]): c for r in results.values() for c in r["cases"]}
    for module in ("core", "vpc"):
        assert cases[module, "examples/minimal::apply"]["verdict"] == "passed"
        assert cases[module, "examples/minimal::nothing is left"]["verdict"] == "passed"
    for module, service in (("eks", "eks"), ("server-group", "autoscaling")):
        case = cases[module, "examples/minimal::apply"]
        assert case["verdict"] == "unsupported"
        assert f"LocalStack 4.14.0 has no {service}" in case["message"]
    for case in cases.values():
        assert case["verdict"] == "passed" or case["message"], "what is unsupported is named"


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

"""LocalStack as a target: started here without Docker, or one that runs elsewhere.

Promise: `start_localstack` returns when real calls were answered; its health page says healthy also where
every call fails. Each instance has folders of its own: they would share their state otherwise. The account is
the twelve-digit access key id.
"""

import http.client
import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.adapters.emulators.base import DEFAULT_ACCOUNT, DEFAULT_REGION, Emulator, aws_environment
from pipeline.adapters.emulators.localstack_install import VERSION, installed
from pipeline.adapters.processes import base_environment
from pipeline.adapters.services import Service, free_port
from pipeline.errors import UndecidedError

START_SECONDS = 120.0
"""Usually 4 to 7 s; the first start compiles its bytecode."""

PROBES = (  # service, method, path, body, content type: what modules use first
    ("sts", "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", "application/x-www-form-urlencoded"),
    ("ec2", "POST", "/", "Action=DescribeVpcs&Version=2016-11-15", "application/x-www-form-urlencoded"),
    ("iam", "POST", "/", "Action=ListRoles&Version=2010-05-08", "application/x-www-form-urlencoded"),
    ("s3", "GET", "/", "", ""),
)


class LocalStack(Emulator):
    """A LocalStack that answers; `service` is None where somebody else started it."""

    name = "localstack"

    def __init__(self, endpoint: str, service: Service | None, version: str) -> None:
        self.endpoint = endpoint
        self.service = service
        self.version = f"localstack {version}"

    def environment(self, account: str, region: str = DEFAULT_REGION) -> dict[str, str]:
        """The access key id is the account."""
        if not re.fullmatch(r"\d{12}", account):
            raise ValueError(f"an AWS account has twelve digits, not {account!r}")
        return aws_environment(self.endpoint, region, key=account, secret="test")  # noqa: S106 (any word will do)

    def end(self) -> None:
        """End what we started; one that we only connected to goes on."""
        if self.service:
            self.service.end()


def call(endpoint: str, probe: tuple[str, str, str, str, str], *, seconds: float = 60.0) -> tuple[int, str]:
    """One request as a client of `probe`'s service would send it; status and text. OSError when nobody listens."""
    service, method, path, body, content = probe
    scope = f"{DEFAULT_ACCOUNT}/20250101/{DEFAULT_REGION}/{service}/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
    address = urlsplit(endpoint)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port or 80, timeout=seconds)
    try:
        connection.request(method, path, body, headers | ({"Content-Type": content} if content else {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


def connect_localstack(endpoint: str) -> LocalStack:
    """A LocalStack that somebody else runs; raises UndecidedError unless it answers real calls.

    `endpoint` should name an IP address: with a host name S3 needs path style.
    """
    try:
        for probe in PROBES:
            status, text = call(endpoint, probe)
            if status != 200:
                raise UndecidedError(f"LocalStack at {endpoint} does not answer for {probe[0]}: {status} {text[:200]}")
        status, text = call(endpoint, ("s3", "GET", "/_localstack/health", "", ""))
    except OSError as error:
        raise UndecidedError(
            f"No LocalStack answers at {endpoint}: {error}.", remedy="modferry emulator start localstack"
        ) from error
    try:
        version = str(json.loads(text)["version"])
    except (ValueError, KeyError, TypeError):
        version = "of unknown version"
    return LocalStack(endpoint, None, version)


def start_localstack(*, scratch: Path, environ: Mapping[str, str]) -> LocalStack:
    """Start the installed LocalStack on a free loopback port; its log is `localstack.log` in `scratch`.

    Raises UndecidedError where it is not installed or does not come up.
    """
    python = installed(environ)
    if python is None:
        raise UndecidedError(f"LocalStack {VERSION} is not installed.", remedy="modferry emulator install localstack")
    port = free_port()
    folder = scratch / f"localstack-{port}"
    for name in ("root", "volume", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    service = Service(
        (str(python), "-m", "localstack.runtime.main"),
        cwd=folder,
        env=base_environment(settings(port, folder)),
        log=scratch / "localstack.log",
    )
    endpoint = f"http://127.0.0.1:{port}"

    def listens() -> bool:
        try:
            return call(endpoint, PROBES[0], seconds=START_SECONDS)[0] == 200
        except OSError:
            time.sleep(0.2)
            return False

    service.wait_until(listens, seconds=START_SECONDS)
    try:
        found = connect_localstack(endpoint)
    except UndecidedError:
        service.end()
        raise
    return LocalStack(endpoint, service, found.version.removeprefix("localstack "))


def settings(port: int, folder: Path) -> dict[str, str]:
    """No events, no downloads, no DNS server, no TLS; state in a folder of its own.

    It listens on all interfaces whatever GATEWAY_LISTEN says on some platforms: a machine open to others needs a
    firewall.
    """
    return {
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "LOCALSTACK_HOST": f"localhost:{port}",
        "FILESYSTEM_ROOT": str(folder / "root"),
        "LOCALSTACK_VOLUME_DIR": str(folder / "volume"),
        "TMPDIR": str(folder / "tmp"),
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",
        "USE_SSL": "0",
        "EAGER_SERVICE_LOADING": "0",
        "PYTHONUNBUFFERED": "1",
    }

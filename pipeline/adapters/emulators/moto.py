"""The embedded emulator: moto in a process of its own that dies with ours.

Promise: `start_moto` returns when real calls to each service that modules use were answered. Accounts are told
apart by credentials of an assumed role; an account costs about as much memory as what is created in it.
"""

import importlib.util
import re
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from pipeline.adapters.emulators import side_door
from pipeline.adapters.emulators.base import DEFAULT_ACCOUNT, DEFAULT_REGION, Emulator, aws_environment
from pipeline.adapters.emulators.corrections import VERSION as CORRECTIONS
from pipeline.adapters.processes import base_environment
from pipeline.adapters.services import Service
from pipeline.errors import UndecidedError, UsageError

START_SECONDS = 90.0
"""Usually 1.5 s; a cold disk and a busy machine take longer."""

QUERY = {  # service → an operation and API version of its query protocol
    "autoscaling": ("DescribeAutoScalingGroups", "2011-01-01"),
    "ec2": ("DescribeVpcs", "2016-11-15"),
    "elasticloadbalancing": ("DescribeLoadBalancers", "2015-12-01"),
    "iam": ("ListRoles", "2010-05-08"),
    "monitoring": ("DescribeAlarms", "2010-08-01"),
    "sqs": ("ListQueues", "2012-11-05"),
    "sts": ("GetCallerIdentity", "2011-06-15"),
}
TARGET = {  # service → X-Amz-Target and content type of its JSON protocol
    "acm": ("CertificateManager.ListCertificates", "1.1"),
    "dynamodb": ("DynamoDB_20120810.ListTables", "1.0"),
    "kms": ("TrentService.ListKeys", "1.1"),
    "logs": ("Logs_20140328.DescribeLogGroups", "1.1"),
    "ssm": ("AmazonSSM.DescribeParameters", "1.1"),
}
PATHS = {"eks": "/clusters", "s3": "/"}


def version() -> str:
    """What evidence on moto is bound to; known without starting it."""
    from importlib import metadata  # here: promotions need an emulator's credentials, not its version

    return f"moto {metadata.version('moto')} corrections {CORRECTIONS}"


class Moto(Emulator):
    """A running moto server."""

    name = "moto"

    def __init__(self, service: Service | None, port: int) -> None:
        self.service = service
        self.port = port
        self.endpoint = f"http://127.0.0.1:{port}"
        self._keys: dict[str, tuple[str, str, str]] = {}

    def environment(self, account: str, region: str = DEFAULT_REGION) -> dict[str, str]:
        """Credentials of `arn:aws:iam::<account>:role/modferry`; the role need not exist there."""
        if account not in self._keys:
            self._keys[account] = self._assume(account)
        key, secret, token = self._keys[account]
        return aws_environment(self.endpoint, region, key=key, secret=secret, token=token)

    def empty(self, aws: Mapping[str, str]) -> bool:
        """Its credentials stay. A moto that somebody else started may not know how."""
        return self._ask_besides("POST", f"{side_door.EMPTY}{aws['AWS_ACCESS_KEY_ID']}") is not None

    def make_bucket(self, aws: Mapping[str, str], name: str) -> None:
        """A bucket in the account of these credentials, with versions kept; boto3 would take longer to import."""
        kept = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        headers = {"X-Amz-Security-Token": aws.get("AWS_SESSION_TOKEN", "")}
        for path, body in ((f"/{name}", ""), (f"/{name}?versioning", kept)):
            status, text = self._call("s3", "PUT", path, body, headers, key=aws["AWS_ACCESS_KEY_ID"])
            if status != 200:
                raise UndecidedError(f"moto made no bucket {name}: {status} {text[:200]}")

    def is_ours(self) -> bool:
        """Whether it is the moto that this modferry would start: its evidence would be the same."""
        return self._ask_besides("GET", side_door.VERSION) == version()

    def end(self) -> None:
        """Kill it, where we started it: it holds nothing worth saving."""
        if self.service:
            self.service.end(grace=0.2)

    def _assume(self, account: str) -> tuple[str, str, str]:
        if not re.fullmatch(r"\d{12}", account):
            raise ValueError(f"an AWS account has twelve digits, not {account!r}")
        role = f"arn:aws:iam::{account}:role/modferry"
        if (known := self._ask_besides("GET", side_door.KEYS + role)) and len(known.split()) == 3:
            key, secret, token = known.split()
            return key, secret, token
        status, text = self._query("sts", "AssumeRole", "2011-06-15", {"RoleArn": role, "RoleSessionName": "modferry"})
        found = [re.search(f"<{tag}>([^<]+)<", text) for tag in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
        key, secret, token = (match[1] if match else "" for match in found)
        if status != 200 or not (key and secret and token):
            raise UndecidedError(f"moto gave no credentials for account {account}: {status} {text[:200]}")
        return key, secret, token

    def _query(self, service: str, action: str, version: str, more: Mapping[str, str] = {}) -> tuple[int, str]:
        body = urlencode({"Action": action, "Version": version, **more})
        return self._call(service, "POST", "/", body, {"Content-Type": "application/x-www-form-urlencoded"})

    def _ask_besides(self, method: str, path: str) -> str | None:
        import http.client

        try:
            status, text = self._call("sts", method, path, "", {})
        except (OSError, http.client.HTTPException):
            return None
        return text if status == 200 else None

    def _call(
        self, service: str, method: str, path: str, body: str, headers: Mapping[str, str], *, key: str = "test"
    ) -> tuple[int, str]:
        """One request with the signature header's scope (moto routes by it) and no signature."""
        import http.client  # here: every command imports this module, few talk to moto

        scope = f"AWS4-HMAC-SHA256 Credential={key}/20250101/{DEFAULT_REGION}/{service}/aws4_request"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
        try:
            connection.request(
                method, path, body, {**headers, "Authorization": f"{scope}, SignedHeaders=host, Signature=0"}
            )
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()

    def probe(self) -> None:
        """Call each service once; raises UndecidedError naming the first that does not answer."""
        calls = [(service, "POST", "/", *_query_body(action, version)) for service, (action, version) in QUERY.items()]
        for service, (target, content) in TARGET.items():
            headers = {"X-Amz-Target": target, "Content-Type": f"application/x-amz-json-{content}"}
            calls.append((service, "POST", "/", "{}", headers))
        calls += [(service, "GET", path, "", {}) for service, path in PATHS.items()]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda call: self._call(*call), calls))
        for (service, *_), (status, text) in zip(calls, answers, strict=True):
            if status != 200:
                raise UndecidedError(f"moto does not answer for {service}: {status} {text[:200]}")


def _query_body(action: str, version: str) -> tuple[str, dict[str, str]]:
    return (
        urlencode({"Action": action, "Version": version}),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )


def connect_moto(endpoint: str) -> Moto:
    """A moto that somebody else started and will end, e.g. `http://127.0.0.1:5000`."""
    address = urlsplit(endpoint)
    if address.scheme != "http" or address.hostname != "127.0.0.1" or not address.port:
        raise UsageError(f"{endpoint!r} is not an emulator's address.", remedy="write it like http://127.0.0.1:5000")
    return Moto(None, address.port)


def server_settings(*, corrected: bool = True) -> dict[str, str]:
    """What the server's process is told through its environment."""
    package = Path(__file__).parents[3]
    return {
        "PYTHONPATH": str(package),
        "MOTO_AMIS_PATH": str(Path(__file__).with_name("amis.json")),
        "MOTO_IAM_LOAD_MANAGED_POLICIES": str(corrected).lower(),
        "MOTO_ACM_VALIDATION_WAIT": "0",
        "MOTO_ALLOW_NONEXISTENT_REGION": "false",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def start_moto(*, scratch: Path, port: int = 0, corrected: bool = True) -> Moto:
    """Start moto on a free loopback port (or on `port`); its log is `moto.log` in `scratch`.

    Without corrections it is of use only to those who test the corrections.

    Raises UndecidedError where the `emulator` extra is missing or the server does not come up.
    """
    if not importlib.util.find_spec("moto"):
        raise UndecidedError("moto is not installed.", remedy="pip install 'modferry[emulator]'")
    scratch.mkdir(parents=True, exist_ok=True)
    address = scratch / f"moto-{time.monotonic_ns()}.port"
    argv = (sys.executable, "-m", "pipeline.adapters.emulators.moto_server")
    service = Service(
        (*argv, "--port", str(port), "--address-file", str(address), *(() if corrected else ("--stock",))),
        cwd=scratch,
        env=base_environment(server_settings(corrected=corrected)),
        log=scratch / "moto.log",
    )
    service.wait_until(address.exists, seconds=START_SECONDS)
    emulator = Moto(service, int(address.read_text()))
    address.unlink()
    try:
        emulator.probe()
        emulator.environment(DEFAULT_ACCOUNT)
    except (OSError, UndecidedError) as error:
        emulator.end()
        raise UndecidedError(f"{error} The log says: {service.last_words()}", remedy="modferry doctor") from error
    return emulator

"""Each kind of check: what passes, what fails, and what it could not find out."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from pipeline.adapters.emulators.moto import Moto, start_moto
from pipeline.adapters.harness.prepared_tests import PreparedTests
from pipeline.adapters.verification import run_checks
from pipeline.adapters.verification.place import Place
from pipeline.domain.promotion.work import CheckResult, CheckVerdict
from pipeline.domain.settings import Check, Environment
from pipeline.errors import UndecidedError

PASSED, FAILED, INCONCLUSIVE = CheckVerdict.PASSED, CheckVerdict.FAILED, CheckVerdict.INCONCLUSIVE
Answers = Callable[[str], Any]


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    emulator = start_moto(scratch=tmp_path_factory.mktemp("moto"))
    yield emulator
    emulator.end()


def plain(*arguments: str) -> tuple[str, ...]:
    """pytest as anybody starts it."""
    return (sys.executable, "-m", "pytest", *arguments)


def ask(
    folder: Path,
    *checks: Check,
    aws: dict[str, str] | None = None,
    outputs: dict[str, Any] | None = None,
    blocks: list[dict[str, Any]] | None = None,
    pytest_command: Callable[..., tuple[str, ...]] = plain,
) -> list[CheckResult]:
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    found = run_checks(
        Environment(name="prod", checks=checks),
        "a",
        folder=folder,
        aws=aws or {"AWS_SECRET_ACCESS_KEY": "topsecret"},
        outputs=lambda: outputs or {},
        checks=lambda: blocks or [],
        scratch=scratch,
        pytest=pytest_command,
    )
    return list(found)


def once(kind: Any, **more: Any) -> Check:
    return Check(kind=kind, **{"retries": 0, "interval": "0", **more})


def answered(monkeypatch: pytest.MonkeyPatch, client: object) -> None:
    """AWS answers as `client` does."""
    monkeypatch.setattr(Place, "client", lambda self, service: client)


# -- http -------------------------------------------------------------------------------------------


class Site(BaseHTTPRequestHandler):
    answers: ClassVar[list[tuple[int, str]]] = []

    def do_GET(self) -> None:
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("answers", "more", "verdict", "says"),
    [
        ([(200, "all well")], {"body": "well"}, PASSED, ""),
        ([(503, "")], {}, FAILED, "answered 503, not 200"),
        ([(204, "")], {"status": 204}, PASSED, ""),
        ([(200, "ill")], {"body": "well"}, FAILED, "answered without 'well'"),
        ([(200, "x")], {"latency": "0"}, FAILED, "more than 0"),
        ([(503, ""), (503, ""), (200, "")], {"retries": 2}, PASSED, ""),
        ([(503, ""), (503, ""), (200, "")], {"retries": 1}, FAILED, "answered 503"),
        ([(200, ""), (503, ""), (200, "")], {"success_limit": 2, "failure_limit": 1}, PASSED, ""),
        ([(200, ""), (503, ""), (200, "")], {"success_limit": 2}, FAILED, "answered 503"),
    ],
)
def test_http(
    tmp_path: Path, site: str, answers: list[tuple[int, str]], more: dict[str, Any], verdict: CheckVerdict, says: str
) -> None:
    Site.answers = [*answers, answers[-1]]
    [found] = ask(tmp_path, once("http", url="http://{site}/{stack}", **more), outputs={"site": site})
    assert (found.verdict, found.name) == (verdict, "http http://{site}/{stack}")
    assert says in found.message


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://{nowhere}/", "file:///etc/passwd"])
def test_http_without_an_answer_is_inconclusive(tmp_path: Path, url: str) -> None:
    [found] = ask(tmp_path, once("http", url=url))
    assert (found.verdict, found.attempts) == (INCONCLUSIVE, 2) and found.message


# -- what AWS says ----------------------------------------------------------------------------------


def test_an_alarm_of_the_emulator(tmp_path: Path, moto: Moto) -> None:
    import boto3

    aws = moto.environment("300000000901")
    client = boto3.client(
        "cloudwatch",
        endpoint_url=moto.endpoint,
        region_name="us-east-1",
        **{key.lower(): aws[key] for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")},
    )
    alarm = {"Namespace": "x", "MetricName": "y", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0}
    client.put_metric_alarm(AlarmName="errors-a", ComparisonOperator="GreaterThanThreshold", Statistic="Sum", **alarm)
    check = once("cloudwatch_alarm", name="errors-{stack}")
    for state, verdict in (("OK", PASSED), ("ALARM", FAILED), ("INSUFFICIENT_DATA", INCONCLUSIVE)):
        client.set_alarm_state(AlarmName="errors-a", StateValue=state, StateReason="told so")
        [found] = ask(tmp_path, check, aws=aws)
        assert found.verdict is verdict, found
    [none] = ask(tmp_path, once("cloudwatch_alarm", name="other"), aws=aws)
    assert (none.verdict, none.message) == (INCONCLUSIVE, "there is no alarm other")


def test_targets_and_a_cluster_that_the_emulator_does_not_know(tmp_path: Path, moto: Moto) -> None:
    aws = moto.environment("300000000902")
    found = ask(tmp_path, once("target_health", name="web"), once("eks_cluster", name="core"), aws=aws)
    assert [one.verdict for one in found] == [INCONCLUSIVE, INCONCLUSIVE]
    assert "could not be read" in found[0].message and "ResourceNotFound" in found[1].message


class Targets:
    def __init__(self, *states: str) -> None:
        self.states = states

    def describe_target_groups(self, **asked: Any) -> Any:
        assert asked == {"Names": ["web-a"]}
        return {"TargetGroups": [{"TargetGroupArn": "arn:x"}]}

    def describe_target_health(self, **asked: Any) -> Any:
        assert asked == {"TargetGroupArn": "arn:x"}
        told = [
            {"Target": {"Id": f"i-{n}", "Port": 80}, "TargetHealth": {"State": state}}
            for n, state in enumerate(self.states)
        ]
        return {"TargetHealthDescriptions": told}


@pytest.mark.parametrize(
    ("states", "verdict", "says"),
    [
        (("healthy", "healthy"), PASSED, ""),
        (("healthy", "unhealthy"), FAILED, "target group web-a: i-1:80 is unhealthy"),
        (("initial", "unhealthy"), FAILED, "i-1:80 is unhealthy"),
        (("healthy", "initial"), INCONCLUSIVE, "i-1:80 is initial"),
        (("unused",), FAILED, "i-0:80 is unused"),
        ((), INCONCLUSIVE, "has no target"),
    ],
)
def test_target_health(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, states: tuple[str, ...], verdict: CheckVerdict, says: str
) -> None:
    answered(monkeypatch, Targets(*states))
    [found] = ask(tmp_path, once("target_health", name="web-{stack}"))
    assert found.verdict is verdict and says in found.message


class Cluster:
    def __init__(self, status: str, *groups: tuple[str, str]) -> None:
        self.status, self.groups = status, {f"g{n}": group for n, group in enumerate(groups)}

    def describe_cluster(self, name: str) -> Any:
        return {"cluster": {"name": name, "status": self.status, "health": {"issues": []}}}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: str) -> Any:
        return self

    def search(self, _: str) -> Any:
        return iter(self.groups)

    def describe_nodegroup(self, clusterName: str, nodegroupName: str) -> Any:  # noqa: N803
        status, issue = self.groups[nodegroupName]
        issues = [{"code": issue, "message": ""}] if issue else []
        return {"nodegroup": {"status": status, "health": {"issues": issues}}}


@pytest.mark.parametrize(
    ("cluster", "verdict", "says"),
    [
        (Cluster("ACTIVE", ("ACTIVE", "")), PASSED, ""),
        (Cluster("ACTIVE"), PASSED, ""),
        (Cluster("UPDATING", ("ACTIVE", "")), INCONCLUSIVE, "cluster core-a is UPDATING"),
        (Cluster("FAILED"), FAILED, "cluster core-a is FAILED"),
        (Cluster("ACTIVE", ("CREATING", "")), INCONCLUSIVE, "node group g0 is CREATING"),
        (Cluster("ACTIVE", ("ACTIVE", ""), ("DEGRADED", "")), FAILED, "node group g1 is DEGRADED"),
        (Cluster("ACTIVE", ("ACTIVE", "Ec2LaunchTemplateNotFound")), FAILED, "ACTIVE: Ec2LaunchTemplateNotFound"),
    ],
)
def test_eks_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: Cluster, verdict: CheckVerdict, says: str
) -> None:
    answered(monkeypatch, cluster)
    [found] = ask(tmp_path, once("eks_cluster", name="core-{stack}"))
    assert found.verdict is verdict and says in found.message


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeCluster"),
        EndpointConnectionError(endpoint_url="http://x"),
    ],
)
def test_what_aws_does_not_say_is_inconclusive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    class Away:
        def describe_cluster(self, name: str) -> Any:
            raise error

    answered(monkeypatch, Away())
    [found] = ask(tmp_path, once("eks_cluster", name="core"))
    assert found.verdict is INCONCLUSIVE and "eks_cluster core could not be read" in found.message


# -- programs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "verdict", "says"),
    [
        ("", PASSED, ""),
        ("sys.exit('first\\nlast words')", FAILED, "ended with 1: last words"),
        ("sys.exit(75)", INCONCLUSIVE, "ended with 75"),
        ("import os; os.kill(os.getpid(), 9)", INCONCLUSIVE, "ended by signal 9"),
        ("import time; time.sleep(30)", INCONCLUSIVE, "took longer than 1s"),
        ("import os; sys.exit(os.environ['AWS_SECRET_ACCESS_KEY'])", FAILED, "ended with 1: (secret)"),
        ("import json, os; assert json.load(open(os.environ['MODFERRY_OUTPUTS'])) == {'port': 80}", PASSED, ""),
        ("import os; assert os.environ['MODFERRY_STACK'] == sys.argv[1] == 'a'", PASSED, ""),
        ("from pathlib import Path; assert Path('verify.py').exists()", PASSED, ""),
    ],
)
def test_command(tmp_path: Path, program: str, verdict: CheckVerdict, says: str) -> None:
    (tmp_path / "verify.py").write_text(f"import sys\n{program}\n")
    limit = "1s" if "sleep" in program else "30s"
    check = once("command", command=(sys.executable, "verify.py", "{stack}"), timeout=limit)
    [found] = ask(tmp_path, check, outputs={"port": 80})
    assert found.verdict is verdict and says in found.message


def test_a_command_that_is_not_there_is_inconclusive(tmp_path: Path) -> None:
    found = ask(tmp_path, once("command", command=("no-such-program",)), once("command"))
    assert [one.verdict for one in found] == [INCONCLUSIVE, INCONCLUSIVE]
    assert "could not be started" in found[0].message and found[1].message == "the check has no command"


# -- check blocks -----------------------------------------------------------------------------------


def block(name: str, status: str, *problems: str) -> dict[str, Any]:
    address = {"kind": "check", "name": name, "to_display": f"check.{name}"}
    return {"address": address, "status": status, "instances": [{"problems": [{"message": p} for p in problems]}]}


@pytest.mark.parametrize(
    ("blocks", "name", "verdict", "says"),
    [
        ([block("up", "pass"), block("fast", "pass")], "", PASSED, ""),
        ([block("up", "pass"), block("fast", "fail", "too slow")], "", FAILED, "check.fast: too slow"),
        ([block("up", "pass"), block("fast", "fail")], "up", PASSED, ""),
        ([block("up", "error", "no answer"), block("fast", "pass")], "", INCONCLUSIVE, "check.up: no answer"),
        ([block("up", "unknown")], "check.up", INCONCLUSIVE, "check.up: unknown"),
        ([block("up", "error"), block("fast", "fail", "too slow")], "", FAILED, "too slow"),
        ([], "", INCONCLUSIVE, "the stack has no check"),
        ([block("up", "pass")], "fast", INCONCLUSIVE, "the stack has no check fast"),
    ],
)
def test_terraform_checks(
    tmp_path: Path, blocks: list[dict[str, Any]], name: str, verdict: CheckVerdict, says: str
) -> None:
    [found] = ask(tmp_path, once("terraform_checks", name=name), blocks=blocks)
    assert found.verdict is verdict and says in found.message


# -- pytest -----------------------------------------------------------------------------------------


def verify_file(folder: Path, name: str, body: str) -> None:
    (folder / "verify").mkdir(exist_ok=True)
    (folder / "verify" / name).write_text(body)


def test_pytest_is_tried_again_and_takes_its_files(tmp_path: Path) -> None:
    """The second attempt passes; the file that no check takes runs once, first."""
    count = tmp_path / "count"
    verify_file(
        tmp_path,
        "test_slow.py",
        "from pathlib import Path\n"
        f"def test_up(stack):\n    p = Path({str(count)!r})\n    n = int(p.read_text()) if p.exists() else 0\n"
        "    p.write_text(str(n + 1))\n    assert stack == 'a' and n == 1, f'not yet: {n}'\n",
    )
    verify_file(tmp_path, "test_plain.py", "def test_plain(environment):\n    assert environment == 'prod'\n")
    found = ask(tmp_path, once("pytest", name="test_slow.py", retries=1, timeout="60s"))
    assert [(one.name, one.verdict, one.attempts) for one in found] == [
        ("test_plain::test_plain", PASSED, 1),
        ("test_slow::test_up", PASSED, 1),
        ("pytest test_slow.py", PASSED, 2),
    ]
    assert count.read_text() == "2"
    count.write_text("5")
    *_, last = ask(tmp_path, once("pytest", name="test_slow.py", timeout="60s"))
    assert last.verdict is FAILED and "not yet: 5" in last.message


def test_a_forked_pytest_says_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "environment"
    folder.mkdir()
    body = """
import os, sys
import pytest
from pathlib import Path
import helper

def test_good(stack, environment, outputs):
    assert (stack, environment, outputs, os.environ["AWS_SECRET_ACCESS_KEY"]) == ("a", "prod", {"x": 1}, "topsecret")
    Path(__file__).with_name("parent").write_text(str(os.getppid()))

def test_path():
    assert os.environ["PYTHONPATH"] in sys.path

def test_bad():
    assert helper.number == 2, "topsecret is no number"

def test_broken(nothing): pass

def test_client(aws):
    assert aws("ec2") is aws("ec2")
    assert aws("ec2").meta.region_name == "eu-west-1"

@pytest.mark.skip
def test_left(): pass
"""
    verify_file(folder, "test_all.py", body)
    verify_file(folder, "helper.py", "number = 1\n")
    tests = PreparedTests(tmp_path / "prepared")
    tests.begin()
    try:
        results = []
        aws = {"AWS_SECRET_ACCESS_KEY": "topsecret", "AWS_ACCESS_KEY_ID": "x", "AWS_DEFAULT_REGION": "eu-west-1"}
        for command in (plain, tests.command):
            found = ask(folder, outputs={"x": 1}, aws=aws, pytest_command=command)
            results.append([(one.name, one.verdict, one.message) for one in found])
        assert tests.server and (folder / "verify" / "parent").read_text() == str(tests.server.pid)
    finally:
        tests.end()
    assert results[0] == results[1]
    verdicts = [verdict for _, verdict, _ in results[1]]
    assert verdicts == [PASSED, PASSED, FAILED, INCONCLUSIVE, PASSED, INCONCLUSIVE]


def test_pytest_files_without_a_check_run_once(tmp_path: Path) -> None:
    verify_file(
        tmp_path,
        "test_all.py",
        "import pytest\ndef test_good(): pass\ndef test_bad(): assert 0\n@pytest.mark.skip\ndef test_left(): pass\n",
    )
    found = {one.name: one.verdict for one in ask(tmp_path)}
    assert found == {"test_all::test_good": PASSED, "test_all::test_bad": FAILED, "test_all::test_left": INCONCLUSIVE}


def test_no_file_for_a_pytest_check_is_inconclusive(tmp_path: Path) -> None:
    [found] = ask(tmp_path, once("pytest", name="test_none.py"))
    assert found.verdict is INCONCLUSIVE and "no file in verify/ is called test_none.py" in found.message


def test_outputs_that_cannot_be_read_are_inconclusive(tmp_path: Path) -> None:
    def away() -> dict[str, Any]:
        raise UndecidedError("no state")

    environment = Environment(name="prod", checks=(once("http", url="http://x"),))
    [found] = run_checks(
        environment, "a", folder=tmp_path, aws={}, outputs=away, checks=list, scratch=tmp_path, pytest=plain
    )
    assert (found.name, found.verdict, found.message) == ("outputs", INCONCLUSIVE, "no state")


def test_every_check_leaves_evidence_of_its_own(tmp_path: Path) -> None:
    checks = (once("command", command=("true",)), once("command", command=("false",), retries=1))
    bodies = [one.to_body() for one in ask(tmp_path, *checks)]
    assert [(b["name"], b["verdict"], b["attempts"]) for b in bodies] == [
        ("command true", "passed", 1),
        ("command false", "failed", 2),
    ]
    assert json.dumps(bodies) and all("seconds" in body for body in bodies)

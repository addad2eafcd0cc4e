"""The pytest plugin that a module's tests run under: `pytest -p pipeline.adapters.pytest_plugin`.

Fixtures: `terraform(example=None, **variables)` gives a copied, initialised configuration, `example` the one that is
applied for the tests below tests/examples (both: harness/subject.py); `aws(service, region=None)` a boto3 client of the
same target and account; `target` its name. After each test what it applied itself is destroyed (on an emulator the
whole account is thrown away with it instead). The plugin writes one line of JSON a test to the run's report; a failure
that is the emulator's gap is told apart by the run that reads it.

PYTEST_DONT_REWRITE: there is no assertion in here, and a process that loaded it before pytest began need not be told.
"""

import json
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.collected import kept, pytest_collection_finish  # noqa: F401 - a hook of this plugin too
from pipeline.adapters.harness.handout import VARIABLE, Handout
from pipeline.adapters.harness.subject import Applied, Make, Subject
from pipeline.adapters.terraform import TerraformFailedError, TerraformUnknownError


@pytest.fixture(scope="session")
def handout() -> Handout:
    """What the run handed us; without one a test cannot know what it would be testing."""
    path = os.environ.get(VARIABLE)
    if not path:
        pytest.fail("these tests are run by `modferry test`, which says on what target", pytrace=False)
    return Handout.read(Path(path))


@pytest.fixture
def target(handout: Handout) -> str:
    """`moto`, `localstack` or `account`."""
    return handout.target


@pytest.fixture
def terraform(handout: Handout) -> Iterator[Make]:
    """Make a copied configuration of the module (or one of its examples) with these variables."""
    subjects: list[Subject] = []

    def make(example: str | None = None, **variables: Any) -> Subject:
        subjects.append(Subject(handout, example, variables))
        return subjects[-1]

    yield make
    for subject in reversed(subjects):
        if subject.applied and not handout.abandon:
            subject.destroy()
        subject.remove()


@pytest.fixture
def example(handout: Handout) -> Applied:
    """The example as it stands applied: for tests in tests/examples/NAME, which look at examples/NAME."""
    return Applied(handout)


@pytest.fixture
def aws(handout: Handout) -> Callable[..., Any]:
    """`aws(service, region=None)`: a boto3 client on the target, through localstack-client on an emulator."""

    def client(service: str, region: str | None = None) -> Any:
        region = region or handout.region
        os.environ.update(handout.aws)
        with kept():
            return _client(handout, service, region)

    return client


def _client(handout: Handout, service: str, region: str) -> Any:
    if handout.target == "account":
        import boto3

        return boto3.client(service, region_name=region)
    from localstack_client.session import Session

    session = Session(
        aws_access_key_id=handout.aws["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=handout.aws["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=handout.aws.get("AWS_SESSION_TOKEN"),
        region_name=region,
    )
    return session.client(service)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write what came of each phase: a failure's kind is known here, where the exception still is one."""
    report = yield
    path = os.environ.get(VARIABLE)
    if path:
        _write(Handout.read(Path(path)), item, call, report)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write that the session came to its end, and how many tests it had: without that line it did not."""
    path = os.environ.get(VARIABLE)
    if path:
        with Path(Handout.read(Path(path)).report).open("a") as sink:
            sink.write(json.dumps({"collected": session.testscollected}) + "\n")


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Write a file that skips itself as a whole: its tests are not there, and that is not a pass."""
    path = os.environ.get(VARIABLE)
    if path and report.skipped:
        line = {"name": f"{report.nodeid}::(file)", "when": "collect", "outcome": "skipped"}
        with Path(Handout.read(Path(path)).report).open("a") as sink:
            sink.write(json.dumps({**line, "unknown": False, "seconds": 0, "message": report.longreprtext}) + "\n")


def _write(handout: Handout, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    if report.when != "call" and report.outcome == "passed":
        return
    error = call.excinfo.value if call.excinfo else None
    line = {
        "name": item.nodeid,
        "when": report.when,
        "outcome": report.outcome,
        "unknown": isinstance(error, TerraformUnknownError),
        "seconds": report.duration,
        "message": _message(error, report),
    }
    with Path(handout.report).open("a") as sink:
        sink.write(json.dumps(line) + "\n")


def _message(error: BaseException | None, report: pytest.TestReport) -> str:
    if isinstance(error, TerraformFailedError | TerraformUnknownError):
        return error.said or str(error)
    return report.longreprtext[-4000:] if error else ""

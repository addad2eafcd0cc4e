"""Clients that all accounts share: a call is made as the account that asks, also where many ask at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.emulators.moto import Moto
from pipeline.adapters.emulators.shared_clients import NobodyError, SharedClients, acting_as
from pipeline.adapters.harness.checks import leak_check
from tests.emulators.conftest import clients

ACCOUNTS = [f"{number:012d}" for number in range(410_000_000_001, 410_000_000_005)]


def test_an_answer_is_of_the_account_that_asked(moto: Moto) -> None:
    shared = SharedClients()
    together = threading.Barrier(len(ACCOUNTS))

    def ask(account: str) -> set[str]:
        with acting_as(moto.environment(account)):
            sts = shared.get("sts", "us-east-1", moto.endpoint)
            together.wait(30)  # nobody has begun when the last one has chosen
            return {sts.get_caller_identity()["Account"] for _ in range(25)}

    with ThreadPoolExecutor(len(ACCOUNTS)) as pool:
        assert list(pool.map(ask, ACCOUNTS)) == [{account} for account in ACCOUNTS]


def test_snapshots_at_once_hold_what_is_in_their_account_and_nothing_else(moto: Moto) -> None:
    environments = [moto.environment(account) for account in ACCOUNTS]
    leaks = leak_check("moto")
    before = [leaks.snapshot(aws, "us-east-1") for aws in environments]
    made = []
    for account in ACCOUNTS:
        client = clients(moto, account)
        vpc = client("ec2").create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
        client("s3").create_bucket(Bucket=f"of-{account}")
        topic = client("sns").create_topic(Name="news")["TopicArn"]
        made.append({f"ec2:vpc:{vpc}", f"s3:bucket:of-{account}", f"sns:topic:{topic}"})
    together = threading.Barrier(len(ACCOUNTS))

    def left(index: int) -> list[set[str]]:
        together.wait(30)
        after = (leaks.snapshot(environments[index], "us-east-1") for _ in range(3))
        return [set(leaks.left(before[index], one)) for one in after]

    with ThreadPoolExecutor(len(ACCOUNTS)) as pool:
        found = list(pool.map(left, range(len(ACCOUNTS))))
    own = {"ec2:vpc:", "s3:bucket:", "sns:topic:"}
    for index, snapshots in enumerate(found):
        for one in snapshots:
            assert {name for name in one if name.startswith(tuple(own))} == made[index]


def test_one_client_serves_all_accounts_and_each_of_two_emulators_has_its_own(moto: Moto) -> None:
    shared = SharedClients()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: shared.get("ec2", "us-east-1", moto.endpoint), range(16)))
    assert len({id(client) for client in made}) == 1
    assert shared.get("ec2", "eu-west-1", moto.endpoint).meta.region_name == "eu-west-1"
    assert shared.get("ec2", "us-east-1", "http://127.0.0.1:1").meta.endpoint_url == "http://127.0.0.1:1"


def test_a_call_as_nobody_is_refused(moto: Moto) -> None:
    """Also in a thread that somebody started: it was not told for whom it asks."""
    sts = SharedClients().get("sts", "us-east-1", moto.endpoint)
    with pytest.raises(NobodyError):
        sts.get_caller_identity()
    with acting_as(moto.environment(ACCOUNTS[0])), ThreadPoolExecutor(1) as pool:
        with pytest.raises(NobodyError):
            pool.submit(sts.get_caller_identity).result()
        told: Any = pool.submit(copy_context().run, sts.get_caller_identity).result()
        assert told["Account"] == ACCOUNTS[0]
    with pytest.raises(NobodyError):
        sts.get_caller_identity()


def test_what_was_read_ahead_is_not_read_again(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.loaders import JSONFileLoader

    shared = SharedClients()
    shared.read(["sts"])
    load = JSONFileLoader.load_file

    def load_file(self: Any, file_path: str) -> Any:
        is_model = file_path.endswith(("service-2", "endpoint-rule-set-1"))
        assert not (is_model and "sts" in Path(file_path).parts), "it was read ahead"
        return load(self, file_path)

    monkeypatch.setattr(JSONFileLoader, "load_file", load_file)
    aws = moto.environment(ACCOUNTS[0])
    with acting_as(aws):
        sts = shared.get("sts", "us-east-1", moto.endpoint)
        assert sts.get_caller_identity()["Account"] == ACCOUNTS[0]
    with pytest.raises(AssertionError, match="read ahead"):
        SharedClients().get("sts", "us-east-1", moto.endpoint)

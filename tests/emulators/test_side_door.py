"""An emptied account is as new for whoever holds its key, and nobody else notices; guests leave theirs like that."""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from pipeline.adapters.access import EMULATOR
from pipeline.adapters.emulators.guest import Guest
from pipeline.adapters.emulators.moto import Moto, connect_moto, start_moto
from pipeline.adapters.harness.checks import leak_check
from pipeline.adapters.harness.run_folders import runs_folder, sweep
from pipeline.errors import UndecidedError
from pipeline.wiring.bench import start_target
from tests.emulators.conftest import ACCOUNTS, Client, clients


def fill(client: Client, name: str) -> str:
    """Something in each kind of place: a region's, the world's, IAM's, what is gone but still named; the VPC."""
    vpc = str(client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
    client("s3").create_bucket(Bucket=name)
    client("ssm").put_parameter(Name="/a", Value="a", Type="String")
    client("iam").create_role(RoleName="one", AssumeRolePolicyDocument="{}")
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    client("kms").schedule_key_deletion(KeyId=key)
    client("sts").assume_role(RoleArn="arn:aws:iam::999999999999:role/x", RoleSessionName="somebody")
    return vpc


def sees(client: Client) -> tuple[int, ...]:
    return (
        len(client("ec2").describe_vpcs()["Vpcs"]),
        len(client("s3").list_buckets()["Buckets"]),
        len(client("ssm").describe_parameters()["Parameters"]),
        len(client("iam").list_roles()["Roles"]),
        len(client("kms").list_keys()["Keys"]),
    )


def test_nothing_of_before_is_there_and_the_key_stays(moto: Moto) -> None:
    account, other = (str(next(ACCOUNTS)) for _ in range(2))
    client, neighbour = clients(moto, account), clients(moto, other)
    new = sees(client)
    vpc = fill(client, f"b-{account}")
    fill(neighbour, f"b-{other}")
    held = sees(neighbour)
    assert sees(client) != new
    assert moto.empty(moto.environment(account))
    assert sees(client) == new
    assert client("sts").get_caller_identity()["Account"] == account
    with pytest.raises(ClientError, match="does not exist"):
        client("ec2").describe_vpcs(VpcIds=[vpc])
    assert sees(neighbour) == held
    fill(client, f"b-{account}")  # every name is free again
    assert sees(client) == held


def test_a_leak_check_sees_a_new_account(moto: Moto) -> None:
    look, account = leak_check("moto").snapshot, str(next(ACCOUNTS))
    aws, client = moto.environment(account), clients(moto, account)
    kinds = []
    for name in ("first", "second"):
        kinds.append(sorted(held.rpartition(":")[0] for held in look(aws, "us-east-1")))
        fill(client, f"{name}-{account}")
        assert moto.empty(aws)
    assert kinds[0] == kinds[1]


def test_whoever_comes_again_has_the_same_key(moto: Moto) -> None:
    """Each command asks anew; a warm provider is found by its credentials."""
    one, other = (str(next(ACCOUNTS)) for _ in range(2))
    foreign = clients(moto, other)("sts").assume_role(RoleArn=f"arn:aws:iam::{one}:role/x", RoleSessionName="somebody")
    first = connect_moto(moto.endpoint).environment(one)
    assert first["AWS_ACCESS_KEY_ID"] != foreign["Credentials"]["AccessKeyId"], "another role is another's"
    assert connect_moto(moto.endpoint).environment(one) == first
    assert connect_moto(moto.endpoint).environment(other)["AWS_ACCESS_KEY_ID"] != first["AWS_ACCESS_KEY_ID"]
    assert moto.empty(first)
    assert connect_moto(moto.endpoint).environment(one) == first
    assert clients(moto, one)("sts").get_caller_identity()["Account"] == one


def test_a_key_that_nobody_has_empties_nothing(moto: Moto) -> None:
    account = str(next(ACCOUNTS))
    client = clients(moto, account)
    fill(client, f"d-{account}")
    held = sees(client)
    assert not moto.empty({**moto.environment(account), "AWS_ACCESS_KEY_ID": "ASIANOBODY"})
    assert sees(client) == held


def test_a_moto_that_is_gone_says_no_and_a_stock_one_is_not_ours(tmp_path: Path) -> None:
    with ended(start_moto(scratch=tmp_path, corrected=False)) as stock:
        aws = stock.environment("123456789012")
        assert not connect_moto(stock.endpoint).is_ours(), "evidence from it would be of another emulator"
        assert stock.empty(aws)
    assert not stock.empty(aws)
    assert not stock.is_ours()


def test_what_answers_but_knows_no_such_path_is_not_ours() -> None:
    with elsewhere() as port:
        other = connect_moto(f"http://127.0.0.1:{port}")
        assert not other.is_ours()
        assert not other.empty({"AWS_ACCESS_KEY_ID": "ASIANOBODY"})
        with pytest.raises(UndecidedError, match="gave no credentials"):
            other.environment("123456789012")


def test_a_guest_has_accounts_of_its_own_and_leaves_them_empty(moto: Moto, tmp_path: Path) -> None:
    assert moto.is_ours()
    account = str(next(ACCOUNTS))
    resident = clients(moto, account)
    fill(resident, f"e-{account}")
    held = sees(resident)
    guests = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        guests.append(Guest(connect_moto(moto.endpoint), tmp_path / name))
    taken = {guest.first_account: clients(guest, f"{guest.first_account:012d}") for guest in guests}
    assert len(taken) == 2
    for number, client in taken.items():
        fill(client, f"e-{number}")
    guests[0].end()
    first, second = taken.values()
    assert (sees(first) < sees(second), sees(second), sees(resident)) == (True, held, held)
    assert not (tmp_path / "a" / "guest").exists()
    guests[1].end()
    assert (sees(second), sees(resident)) == (sees(first), held)


def test_a_run_is_a_guest_only_where_it_would_start_the_same(moto: Moto, tmp_path: Path) -> None:
    found = start_target("moto", tmp_path, {EMULATOR: moto.endpoint})
    assert isinstance(found, Guest)
    assert found.port == moto.port
    with ended(start_moto(scratch=tmp_path, corrected=False)) as stock:
        own = start_target("moto", tmp_path, {EMULATOR: stock.endpoint})
        assert isinstance(own, Moto)
        with ended(own):
            assert not isinstance(own, Guest)
            assert own.port not in (stock.port, moto.port)


def test_the_accounts_of_a_guest_that_was_killed_are_emptied_by_the_next_sweep(moto: Moto, tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path)}
    dead = runs_folder(environ) / "4194304.1-c0ffee"
    dead.mkdir(parents=True)
    (dead / "run.json").write_text('{"target": "moto"}')
    guest = Guest(connect_moto(moto.endpoint), dead)
    client = clients(guest, f"{guest.first_account:012d}")
    new = sees(client)
    fill(client, f"f-{guest.first_account}")
    with (dead / "guest").open("a") as journal:
        journal.write("http://127.0.0.1:1 ASIAGONE\nhttp://127")  # a moto that is gone; killed while it wrote
    assert dead in sweep(environ).removed
    assert sees(client) == new
    assert not dead.exists()


@contextlib.contextmanager
def ended(moto: Moto) -> Iterator[Moto]:
    try:
        yield moto
    finally:
        moto.end()


@contextlib.contextmanager
def elsewhere() -> Iterator[int]:
    """Something else that speaks HTTP."""
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    with server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()

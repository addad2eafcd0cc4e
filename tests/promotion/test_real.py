"""Promotions with real git, real Terraform, real state with its lock, on moto; real kill -9."""

import random
import subprocess
import sys
from typing import Any

import pytest

from pipeline.adapters.emulators.moto import connect_moto
from pipeline.config import read_settings
from pipeline.domain.promotion.claims import fleet_of
from pipeline.errors import Exit
from tests.promotion.estate import HOME, Estate
from tests.promotion.real import STACKS, assert_whole

pytestmark = pytest.mark.terraform


@pytest.mark.soak
def test_good_goes_bad_comes_back_data_is_kept(estate: Estate) -> None:
    code, document, said = estate.modferry("promote", "note", "0.2.0", "--to", "dev")
    assert (code, document["phase"]) == (0, "verified"), said
    assert document["stacks"][0]["plan"]["change"] == 1
    assert "ref=note/v0.2.0" in estate.pins("dev", "one")

    code, document, said = estate.modferry("promote", "note", "0.3.0", "--to", "dev")
    assert (code, document["phase"]) == (int(Exit.RESTORED), "rolled_back"), said
    assert "test_the_note_is_not_bad" in document["reason"]
    assert "ref=note/v0.2.0" in estate.pins("dev", "one")

    code, document, said = estate.modferry("promote", "note", "0.4.0", "--to", "dev")
    assert (code, document["phase"]) == (int(Exit.REFUSED), "refused"), said
    assert "one would lose module.note.aws_dynamodb_table.data" in document["reason"]
    assert document["next"].endswith("--accept-loss one:module.note.aws_dynamodb_table.data")

    code, document, _ = estate.modferry("promote", "note", "0.2.0", "--to", "dev")
    assert (code, document["phase"]) == (int(Exit.NOTHING), "nothing")
    code, document, said = estate.modferry("rollback", "dev", "note", "--reason", "slow")
    assert (code, document["version"]) == (0, "0.1.0"), said
    assert_whole(estate, STACKS)


SEED, SAMPLE = 6, 2


@pytest.mark.parametrize(
    "count",
    [SAMPLE, pytest.param(0, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])],
    ids=["sample", "every point"],
)
def test_killed_at_any_point_and_recovered(estate: Estate, count: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Parent and children of a real promotion of three stacks in two waves; `count` points by chance, 0: all.

    The table of points is printed.
    """
    listed = killer(estate, "list", 0, "0.2.0")
    assert listed.returncode == 0, listed.stderr
    points = [(name, int(nth)) for name, nth in (line.split("\t") for line in listed.stdout.splitlines())]
    points += [(f"middle apply {stack}", 0) for stack in STACKS["prod"]]
    assert len(points) > 40 and len(set(points)) == len(points)
    chosen = random.Random(SEED).sample(points, count) if count else points
    rows = []
    runs = "0.2.0"
    for name, nth in chosen:
        runs = "0.1.0" if runs == "0.2.0" else "0.2.0"
        rows.append(f"{name:18} {nth + 1}  {end_of(estate, name, nth, runs)}")
    with capsys.disabled():
        print(f"\nkill -9 of parent and children: {len(rows)} of {len(points)} points, all recovered")
        print("  " + "\n  ".join(rows))


def end_of(estate: Estate, name: str, nth: int, version: str) -> str:
    """Kill a promotion to `version` at one point, recover, look at everything, then go the rest of the way."""
    applied = count_applies(estate)
    died = killer(estate, name, nth, version)
    assert died.returncode == -9, (name, nth, died.returncode, died.stderr)
    code, document, said = estate.modferry("recover")
    assert code in (0, 3), (name, nth, document, said)
    assert_whole(estate, STACKS)
    ran = version_of(estate)
    again, document, said = estate.modferry("promote", "note", version, "--to", "prod", "--bypass", "kill points")
    assert again in (0, 3), (name, nth, document, said)
    assert version_of(estate) == dict.fromkeys(STACKS["prod"], version)
    if again == 0:
        assert_whole(estate, STACKS)
    times = {stack: count - applied[stack] for stack, count in count_applies(estate).items()}
    assert times == dict.fromkeys(STACKS["prod"], 1), f"{name} {nth}: applied more than once, or never: {times}"
    where = "nothing was begun" if code == 3 else f"recovered to {'/'.join(sorted(set(ran.values())))}"
    return f"{where}; then {'nothing to do' if again == 3 else 'promoted'}"


def version_of(estate: Estate) -> dict[str, str]:
    """What the ledger says that prod runs."""
    fleet = fleet_of(estate.history())
    found = {stack: fleet.stack("prod", stack).content for stack in STACKS["prod"]}
    return {stack: content.pins["note"].removeprefix("note/v") for stack, content in found.items() if content}


def count_applies(estate: Estate) -> dict[str, int]:
    """How often the value of each stack's parameter was written: SSM counts the versions of a parameter."""
    ssm = estate_client(estate, "ssm")
    names = {stack: f"/note/prod-{stack}" for stack in STACKS["prod"]}
    return {stack: ssm.get_parameter(Name=name)["Parameter"]["Version"] for stack, name in names.items()}


def estate_client(estate: Estate, service: str) -> Any:
    """boto3 in the account of prod."""
    import boto3

    account = read_settings(estate.clone).in_environment("prod").account
    aws = connect_moto(estate.environ["MODFERRY_EMULATOR"]).environment(account)
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=aws["AWS_ENDPOINT_URL"],
        aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=aws["AWS_SESSION_TOKEN"],
    )


def killer(estate: Estate, point: str, nth: int, version: str) -> "subprocess.CompletedProcess[str]":
    """A promotion of prod in a process of its own, which kills itself at a point (`list`: prints them all)."""
    return subprocess.run(
        (sys.executable, "-m", "tests.promotion.killer", point, str(nth), "promote", "note", version, "prod"),
        cwd=estate.clone,
        env={**estate.environ, "PYTHONPATH": str(HOME)},
        timeout=300,
        capture_output=True,
        text=True,
        check=False,
    )

"""Promotions with real git, real Terraform, real state with its lock, on moto; real kill -9."""

import subprocess
import sys

import pytest

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


@pytest.mark.soak
@pytest.mark.parametrize(
    ("point", "nth"),
    [
        ("after write", 1),
        ("before apply a", 0),
        ("middle apply a", 0),
        ("after apply a", 0),
        ("after verify a", 0),
        ("before land", 0),
        ("after land", 0),
        ("middle apply b", 0),
        ("after land", 1),
    ],
)
def test_killed_and_recovered(estate: Estate, point: str, nth: int) -> None:
    code, document, said = estate.modferry("promote", "note", "0.2.0", "--to", "dev")
    assert code == 0, said
    died = subprocess.run(
        (sys.executable, "-m", "tests.promotion.killer", point, str(nth), "promote", "note", "0.2.0", "prod"),
        cwd=estate.clone,
        env={**estate.environ, "PYTHONPATH": str(HOME)},
        timeout=300,
        capture_output=True,
        text=True,
        check=False,
    )
    assert died.returncode == -9, died.stderr
    code, document, said = estate.modferry("recover")
    assert code in (0, 3), (point, document, said)
    assert_whole(estate, STACKS)
    code, document, said = estate.modferry("promote", "note", "0.2.0", "--to", "prod")
    assert code in (0, 3), (point, document, said)
    assert all("ref=note/v0.2.0" in estate.pins("prod", stack) for stack in STACKS["prod"])

"""The fleet's commands with real git, real Terraform and real state, on moto: drift, adoption, a branch's plan."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.emulators.moto import Moto
from pipeline.errors import Exit
from tests.promotion.estate import Estate
from tests.promotion.real import make_estate

pytestmark = pytest.mark.terraform

STACK = {"dev": ("one",)}
ADDRESS = "module.note.aws_ssm_parameter.note"
NOISE = f'\n[[noise]]\naddress = "{ADDRESS}"\nattributes = ["value", "insecure_value", "version"]\nreason = "a robot"\n'


@pytest.fixture
def estate(tmp_path: Path, emulator: Moto, relay: str) -> Estate:
    """dev/one alone."""
    return make_estate(tmp_path, emulator, relay, STACK)


def settings(estate: Estate) -> Path:
    return estate.clone / "modferry.toml"


def parameters(estate: Estate, emulator: Moto) -> Any:
    import boto3

    account = settings(estate).read_text().partition('account = "')[2][:12]
    aws = emulator.environment(account)
    return boto3.client(
        "ssm",
        endpoint_url=aws["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=aws["AWS_SESSION_TOKEN"],
    )


def test_what_was_changed_outside_is_seen_is_noise_where_a_rule_says_so_and_is_put_right(
    estate: Estate, emulator: Moto
) -> None:
    ssm = parameters(estate, emulator)
    ssm.put_parameter(Name="/note/dev-one", Value="by hand", Overwrite=True)
    code, document, said = estate.modferry("drift")
    (row,) = document["stacks"]
    assert (code, row["drift"]) == (int(Exit.REFUSED), "changed_outside"), said
    assert f"update {ADDRESS}" in row["shown"]
    assert [one["address"] for one in row["outside"]] == [ADDRESS]

    plain = settings(estate).read_text()
    settings(estate).write_text(plain + NOISE)
    code, document, said = estate.modferry("drift")
    (row,) = document["stacks"]
    assert (code, row["drift"]) == (0, "in_sync"), said
    assert [(one["address"], one["reasons"]) for one in row["ignored"]] == [(ADDRESS, ["a robot"])]
    assert f"ignored: {ADDRESS} " in said

    settings(estate).write_text(plain)
    code, document, said = estate.modferry("drift", "--fix")
    (row,) = document["stacks"]
    assert (code, row["fix"]["phase"]) == (0, "verified"), said
    assert ssm.get_parameter(Name="/note/dev-one")["Parameter"]["Value"] == "good"


def test_a_repository_without_a_ledger_is_adopted_and_its_next_branch_lands_as_it_was_planned(estate: Estate) -> None:
    estate.git("push", "--quiet", "origin", "--delete", "modferry-ledger")
    for ref in ("refs/heads/modferry-ledger", "refs/remotes/origin/modferry-ledger", "refs/modferry/origin/ledger"):
        estate.git("update-ref", "-d", ref)
    assert estate.history().last is None, "nothing is known any more"

    code, document, said = estate.modferry("adopt")
    assert (code, len(document["adopted"])) == (0, 4), said
    code, document, said = estate.modferry("adopt", "--stack", "dev")
    assert (code, [row["stack"] for row in document["stacks"]]) == (0, ["one"]), said
    code, document, said = estate.modferry("status")
    (stack,) = document["stacks"]
    assert (stack["pins"][0]["state"], stack["pins"][0]["stable"]) == ("verified", "0.1.0"), said

    file = estate.clone / "environments/dev/one/main.tf"
    file.write_text(file.read_text() + 'output "more" {\n  value = 1\n}\n')
    estate.git("commit", "--quiet", "--all", "-m", "more")
    commit = estate.git("rev-parse", "HEAD").strip()
    code, document, said = estate.modferry("deploy", "dev/one", "--plan-only", "--at", "HEAD")
    assert (code, document["phase"]) == (0, "planned"), said
    assert estate.git("ls-remote", "origin", "main").split()[0] != commit
    plan = estate.folder / "plan.json"
    plan.write_text(json.dumps(document))
    code, document, said = estate.modferry("deploy", "dev/one", "--land", commit, "--approve-from", str(plan))
    assert (code, document["phase"]) == (0, "verified"), said
    assert estate.git("ls-remote", "origin", "main").split()[0] == commit


def test_a_tag_that_is_moved_by_force_stops_plan_and_promotion_and_only_signed_versions_pass_signers(
    estate: Estate,
) -> None:
    lock = json.loads(estate.git("show", "origin/main:environments/dev/one/modferry.lock"))
    [commit] = [one["commit"] for tag, one in lock["pins"].items() if tag == "note/v0.1.0"]
    estate.git("tag", "-f", "-a", "note/v0.1.0", "-m", "again", "origin/main")
    estate.git("push", "--quiet", "--force", "origin", "note/v0.1.0")
    for words in (("deploy", "dev/one", "--plan-only"), ("promote", "note", "0.2.0", "--to", "dev")):
        code, _, said = estate.modferry(*words)
        assert code == int(Exit.REFUSED), said
        assert f"The tag note/v0.1.0 moved: dev/one is locked to note/v0.1.0 at {commit[:12]}" in said
    estate.git("tag", "-f", "-a", "note/v0.1.0", "-m", "note/v0.1.0", commit)
    estate.git("push", "--quiet", "--force", "origin", "note/v0.1.0")

    estate.push("signers", {"allowed_signers": "ci@acme ssh-ed25519 AAAA\n"})
    code, _, said = estate.modferry("promote", "note", "0.2.0", "--to", "dev")
    assert code == int(Exit.REFUSED), said
    assert "note/v0.2.0: the tag is not signed, and there is allowed_signers of main at" in said
    estate.git("rm", "--quiet", "allowed_signers")
    estate.push("no signers", {})

    code, document, said = estate.modferry("promote", "note", "0.2.0", "--to", "dev")
    assert (code, document["phase"]) == (0, "verified"), said
    estate.git("fetch", "--quiet", "origin")
    lock = json.loads(estate.git("show", "origin/main:environments/dev/one/modferry.lock"))
    assert list(lock["pins"]) == ["note/v0.2.0"]

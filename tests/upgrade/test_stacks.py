"""What a candidate would do to stacks: on plans as Terraform writes them, and on real states that stay as they are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.emulators.moto import start_moto
from pipeline.commands.stack_upgrades import find_subjects, plan_stacks
from pipeline.commands.status import Outlook
from pipeline.domain.module import Files
from pipeline.domain.pins import call_locally
from pipeline.domain.stack_upgrade import Effect, Plans, Subject, exit_of, judge_plans, show_upgrades
from pipeline.errors import Exit, RefusedError, UndecidedError, UsageError
from tests.conftest import MakeRepository, git, write_files
from tests.fleet.story import SOURCE, check_schema, pinned
from tests.promotion.estate import Estate
from tests.promotion.real import make_estate, module, open_relay
from tests.upgrade.estate import project
from tests.upgrade.plans import change, plan

TABLE = change("module.core.aws_dynamodb_table.this", "delete", "create", replace_paths=[["name"]])
DRIFT = change("aws_ssm_parameter.note", "update")
SUBJECT = Subject(environment="prod", stack="a", commit="c", module="core", pinned="core/v1.0.0")
FILES = {
    "modferry.toml": f'source = "{SOURCE}"\n',
    "modules/core/main.tf": "",
    "modules/vpc/main.tf": "",
    "environments/prod/b/main.tf": pinned(core="1.0.0", vpc="1.0.0"),
    "environments/prod/a/main.tf": pinned(core="1.1.0"),
    "environments/dev/d/main.tf": pinned(core="1.1.0"),
    "environments/dev/other/main.tf": pinned(vpc="1.0.0"),
}


def test_what_the_pinned_version_wants_anyway_is_not_the_candidates_doing() -> None:
    found = judge_plans(SUBJECT, Plans(candidate=plan(TABLE, DRIFT), pinned=plan(DRIFT)), "f")
    assert [(f.rule, f.address) for f in found.findings] == [
        ("upgrade-replaces", "module.core.aws_dynamodb_table.this")
    ]
    assert "name forces it; the items of the table would be lost" in found.findings[0].says
    assert found.findings[0].says.endswith("(measured with prod/a of core/v1.0.0).")
    nothing = judge_plans(SUBJECT, Plans(candidate=plan(DRIFT), pinned=plan(DRIFT)), "f")
    assert (nothing.effect, nothing.findings) == (Effect.NOTHING, ())


def test_the_answers_in_words() -> None:
    refused = judge_plans(SUBJECT, Plans(refused="Error: Missing required argument"), "f")
    absent = judge_plans(SUBJECT, Plans(), "f")
    lines = list(show_upgrades([refused, absent]))
    assert lines[:2] == ["prod:", "  a from core/v1.0.0: major"]
    assert "can no longer plan: Error: Missing required argument" in lines[2]
    assert lines[3] == "  a from core/v1.0.0: nothing is applied there"
    with pytest.raises(UndecidedError):
        judge_plans(SUBJECT, Plans(candidate={}), "f")


class Hands:
    """Plans as given by stack, and what it was handed."""

    def __init__(self, **answers: Plans | Exception) -> None:
        self.answers = answers
        self.wanted: tuple[str, ...] = ()

    def __call__(self, files: Files, wanted: tuple[str, ...]) -> "Hands":
        self.wanted = wanted
        return self

    def plan(self, subject: Subject) -> Plans:
        answer = self.answers[subject.stack]
        if isinstance(answer, Exception):
            raise answer
        return answer


def outlook(where: Path) -> Outlook:
    return Outlook(project=project(where), main=lambda _: git(where, "rev-parse", "main").strip(), source=SOURCE)


def test_every_stack_that_pins_it_and_one_that_is_not_known_makes_the_whole_undecided(
    make_repository: MakeRepository,
) -> None:
    clone = make_repository(FILES)
    write_files(clone, {"modules/core/main.tf": "# candidate\n", "modules/core/README.md": "not shipped"})
    subjects = find_subjects(outlook(clone), "core")
    assert [(s.name, s.pinned) for s in subjects] == [
        ("dev/d", "core/v1.1.0"),
        ("prod/a", "core/v1.1.0"),
        ("prod/b", "core/v1.0.0"),
    ]
    hands = Hands(d=Plans(candidate=plan()), a=Plans(candidate=plan(TABLE)), b=RefusedError("no access"))
    found = plan_stacks(project(clone), subjects, "core", None, hands)
    assert [one.effect for one in found] == [Effect.NOTHING, Effect.CHANGES, Effect.UNKNOWN]
    assert hands.wanted == ("modules/core/main.tf",)
    assert (exit_of(found), exit_of(found[:2])) == (Exit.UNDECIDED, Exit.DONE)
    assert "could not be found out: no access" in "\n".join(show_upgrades(found))
    document = {"schema": "modferry.diff/1", "module": "core", "from": "x", "to": "y", "bump": "none", "findings": []}
    check_schema({**document, "stacks": [one.to_json() for one in found]})


def test_a_module_that_nobody_pins(make_repository: MakeRepository) -> None:
    clone = make_repository({**FILES, "modules/lone/main.tf": ""})
    with pytest.raises(UsageError, match="No stack on main pins lone"):
        find_subjects(outlook(clone), "lone")


def test_only_the_source_of_that_module_is_turned_to_the_copy() -> None:
    text = pinned(core="1.0.0", vpc="1.0.0").encode()
    made = call_locally({"main.tf": text}, SOURCE, "core", "../../../copy")["main.tf"].decode()
    assert '  source = "../../../copy/modules/core"\n' in made
    assert f"{SOURCE}//modules/vpc?ref=vpc/v1.0.0" in made
    assert "core/v1.0.0" not in made


# -- real Terraform and real states --------------------------------------------------------------------


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    """note 0.1.0 applied to dev/one and prod/a, prod/b by modferry itself, states in S3 of moto."""
    emulator = start_moto(scratch=tmp_path)
    relay = tmp_path / "relay"
    relay.mkdir()
    try:
        with open_relay(relay) as address:
            yield make_estate(tmp_path, emulator, address, {"dev": ("one",), "prod": ("a", "b")})
    finally:
        emulator.end()


def objects(estate: Estate) -> dict[str, Any]:
    """Key → (ETag, time) of everything in every state bucket of the emulator's accounts."""
    import boto3

    from pipeline.adapters.emulators.moto import connect_moto
    from pipeline.config import read_settings

    found: dict[str, Any] = {}
    moto = connect_moto(estate.environ["MODFERRY_EMULATOR"])
    for environment in read_settings(estate.clone).environment:
        aws = moto.environment(environment.account)
        s3 = boto3.client(
            "s3",
            endpoint_url=aws["AWS_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=aws.get("AWS_SESSION_TOKEN"),
        )
        for bucket in s3.list_buckets()["Buckets"]:
            for row in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", ()):
                found[f"{environment.name}/{row['Key']}"] = (row["ETag"], row["LastModified"])
    return found


@pytest.mark.terraform
def test_real_states_say_what_would_happen_and_stay_as_they_are(estate: Estate) -> None:
    before = objects(estate)
    assert sorted(before) == ["dev/one.tfstate", "prod/a.tfstate", "prod/b.tfstate"]
    write_files(estate.clone, {"modules/note/main.tf": module("good", "-2")})  # never committed: the table's name
    code, document, said = estate.modferry("diff", "note", "--stacks")
    assert code == 0, said
    assert [(s["environment"], s["stack"], s["effect"], s["bump"]) for s in document["stacks"]] == [
        ("dev", "one", "changes", "major"),
        ("prod", "a", "changes", "major"),
        ("prod", "b", "changes", "major"),
    ]
    (finding,) = document["stacks"][1]["findings"]
    assert (finding["rule"], finding["address"]) == ("upgrade-replaces", "module.note.aws_dynamodb_table.data")
    assert (
        "name forces it; the items of the table would be lost (measured with prod/a of note/v0.1.0)" in finding["says"]
    )
    write_files(estate.clone, {"modules/note/main.tf": module("good")})
    code, document, said = estate.modferry("diff", "note", "--stacks")
    assert {s["effect"] for s in document["stacks"]} == {"nothing"}, said
    asks = module("good").replace(
        'variable "name" { type = string }', 'variable "name" { type = string }\nvariable "n" {}'
    )
    write_files(estate.clone, {"modules/note/main.tf": asks})
    code, document, said = estate.modferry("diff", "note", "--stacks")
    assert {s["findings"][0]["rule"] for s in document["stacks"]} == {"example-no-longer-plans"}, said
    assert objects(estate) == before, "nothing was written, no lock was left"
    assert not list((Path(estate.environ["XDG_CACHE_HOME"]) / "modferry/runs").glob("*")), "no copy of a state stays"

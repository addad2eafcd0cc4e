"""`stack new` and `stack retire`, `inventory`: from a stack to its like, and to nothing."""

import pytest

from pipeline.adapters.pages import fill
from pipeline.domain.inventory import count, difference, resources_in
from pipeline.domain.likeness import as_template, blocks_in, free_block, likeness_of
from pipeline.errors import Exit, RefusedError
from tests.conftest import MakeRepository
from tests.fleet.story import SOURCE, Modferry, Story, begin, runner

MAIN = f"""module "core" {{
  source = "git::{SOURCE}//modules/core?ref=core/v1.0.0"
  name   = "prod-us-east-1"
  cidr   = "10.32.0.0/20"
  zones  = ["us-east-1a", "us-east-1b"]
  peers  = ["203.0.113.0/24"]
  labels = {{ note = "{{{{ kept }}}}", other = "us-east-12" }}
}}
"""
BACKEND = """terraform {
  backend "s3" {
    bucket = "state-prod"
    key    = "prod/us-east-1.tfstate"
    region = "us-east-1"
  }
}
"""
PROVIDER = 'provider "aws" {\n  region = "us-east-1"\n}\n'
FILES = {"main.tf": MAIN, "backend.tf": BACKEND, "provider.tf": PROVIDER}
POOL = '[[environment]]\nname = "prod"\npool = "10.32.0.0/12"\n'


@pytest.fixture
def story(make_repository: MakeRepository) -> Story:
    story = begin(make_repository, {"prod/us-east-1": MAIN})
    toml = (story.clone / "modferry.toml").read_text()
    home = "environments/prod/us-east-1/"
    story.main({"modferry.toml": toml + POOL, **{home + name: text for name, text in FILES.items()}})
    story.release("core", "1.0.0", "1.1.0")
    return story


@pytest.fixture
def modferry(story: Story, capsys: pytest.CaptureFixture[str]) -> Modferry:
    return runner(story.clone, capsys)


def test_a_new_region_differs_in_name_region_block_and_nothing_else(story: Story, modferry: Modferry) -> None:
    story.verified("prod", {"us-east-1": story.content("prod/us-east-1")}, core="1.0.0")
    made = modferry("stack", "new", "prod/eu-central-1", "--like", "prod/us-east-1", "--json")
    assert made.code == Exit.DONE, made.text
    assert made.document["values"] == {
        "environment": "prod",
        "stack": "eu-central-1",
        "region": "eu-central-1",
        "cidr": "10.32.16.0/20",
    }
    assert made.document["pins"] == {"core": "core/v1.0.0"}, "what is stable there, not what is newest"
    home = story.clone / "environments/prod/eu-central-1"
    main = (home / "main.tf").read_text()
    wanted = MAIN.replace("prod-us-east-1", "prod-eu-central-1").replace("10.32.0.0/20", "10.32.16.0/20")
    assert main == wanted.replace('"us-east-1a", "us-east-1b"', '"eu-central-1a", "eu-central-1b"')
    assert (home / "backend.tf").read_text() == BACKEND.replace("prod/us-east-1", "prod/eu-central-1")
    assert (home / "provider.tf").read_text() == PROVIDER.replace("us-east-1", "eu-central-1")


def test_a_dry_run_writes_nothing_and_a_second_stack_gets_the_next_block(story: Story, modferry: Modferry) -> None:
    story.verified("prod", {"us-east-1": story.content("prod/us-east-1")}, core="1.0.0")
    words = ("stack", "new", "prod/eu-central-1", "--like", "prod/us-east-1", "--json")
    assert not modferry(*words, "--dry-run").document["written"]
    assert not (story.clone / "environments/prod/eu-central-1").exists()
    assert modferry(*words).document["written"]
    assert modferry(*words).code == Exit.REFUSED, "it exists"
    other = modferry("stack", "new", "prod/eu-west-1", "--like", "prod/us-east-1", "--json")
    assert other.document["values"]["cidr"] == "10.32.32.0/20", "also files that are not committed count"


@pytest.mark.parametrize(
    ("name", "more", "code", "says"),
    [
        ("prod/verify", (), Exit.USAGE, "is reserved"),
        ("prod/Bad_Name", (), Exit.USAGE, "is no name for a stack"),
        ("prod", (), Exit.USAGE, "is not ENV/NAME"),
        ("moon/x1", (), Exit.USAGE, "moon"),
        ("prod/x1", ("--set", "cidr=10.32.0.0/24"), Exit.REFUSED, "overlaps"),
        ("prod/x1", ("--set", "colour=red"), Exit.USAGE, "Nothing takes colour"),
        ("prod/x1", ("--set", "nonsense"), Exit.USAGE, "is not KEY=VALUE"),
        ("prod/x1", ("--like", "prod/none"), Exit.USAGE, "There is no stack prod/none"),
        ("prod/x1", (), Exit.UNDECIDED, "No version of core is stable in prod"),
    ],
)
def test_what_cannot_be_is_said(modferry: Modferry, name: str, more: tuple[str, ...], code: Exit, says: str) -> None:
    result = modferry("stack", "new", name, "--like", "prod/us-east-1", *more, "--json")
    assert result.code == code, result.text
    assert says in result.text


def test_templates_of_the_repository_come_first(story: Story, modferry: Modferry) -> None:
    story.verified("prod", {"us-east-1": story.content("prod/us-east-1")}, core="1.0.0")
    text = MAIN.replace("{{ kept }}", "").replace("prod-us-east-1", "{{ owner }}-{{ stack }}")
    story.main({"environments/template/main.tf.j2": text})
    words = ("stack", "new", "prod/x1", "--like", "prod/us-east-1", "--json")
    missing = modferry(*words)
    assert (missing.code, "'owner' is undefined" in missing.text) == (Exit.USAGE, True)
    made = modferry(*words, "--set", "owner=us")
    assert made.document["files"] == ["environments/prod/x1/main.tf", "environments/prod/x1/modferry.lock"]
    assert '"us-x1"' in (story.clone / "environments/prod/x1/main.tf").read_text()


def test_filled_in_with_its_own_values_a_stack_is_itself() -> None:
    like = likeness_of("prod", "us-east-1", FILES, "10.32.0.0/12")
    assert (like.region, like.cidr) == ("us-east-1", "10.32.0.0/20")
    for text in FILES.values():
        template = as_template(text, like)
        assert fill(template, like.values()) == text
    assert "{{ region }}" not in as_template(BACKEND, like), "the bucket's region belongs to the environment"


def test_a_pool_is_used_to_its_end_and_then_refuses() -> None:
    taken = blocks_in('"10.0.0.0/25" "10.0.0.192/26"')
    assert free_block("10.0.0.0/24", 26, taken) == "10.0.0.128/26"
    with pytest.raises(RefusedError, match="no free /26"):
        free_block("10.0.0.0/24", 26, [*taken, *blocks_in("10.0.0.128/26")])
    with pytest.raises(RefusedError, match="no free /16"):
        free_block("10.0.0.0/24", 16, [])


STATE = {
    "resources": [
        {"mode": "data", "type": "aws_region", "name": "this", "instances": [{"attributes": {}}]},
        {
            "mode": "managed",
            "module": "module.core",
            "type": "aws_vpc",
            "name": "this",
            "instances": [{"attributes": {"arn": "arn:aws:ec2:eu-west-1:1:vpc/v"}}],
        },
        {
            "mode": "managed",
            "type": "aws_iam_role",
            "name": "a",
            "instances": [
                {"index_key": "x", "attributes": {"arn": "arn:aws:iam::1:role/x"}},
                {"index_key": 0, "attributes": None},
            ],
        },
    ]
}


def test_a_state_is_counted_by_type_and_region_without_data_sources() -> None:
    found = resources_in(STATE)
    assert [one.address for one in found] == ['aws_iam_role.a["x"]', "aws_iam_role.a[0]", "module.core.aws_vpc.this"]
    lines = count("prod", "one", found)
    assert [(line.type, line.region, line.count) for line in lines] == [
        ("aws_iam_role", "", 2),
        ("aws_vpc", "eu-west-1", 1),
    ]
    assert difference([{"type": "aws_vpc", "count": 3}, {"type": "aws_eip", "count": 1}], lines) == {
        "aws_eip": -1,
        "aws_iam_role": 2,
        "aws_vpc": -2,
    }
    assert resources_in(None) == ()


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (("yank", "core", "1.0.0"), "core 1.0.0 was yanked by"),
        (("hold", "core", "1.0.0", "--in", "prod"), "core 1.0.0 is held in prod"),
    ],
)
def test_a_new_stack_never_pins_what_is_stopped(
    story: Story, modferry: Modferry, act: tuple[str, ...], says: str
) -> None:
    story.verified("prod", {"us-east-1": story.content("prod/us-east-1")}, core="1.0.0")
    assert modferry(*act, "--reason", "leaks").code == Exit.DONE
    refused = modferry("stack", "new", "prod/eu-central-1", "--like", "prod/us-east-1")
    assert refused.code == Exit.REFUSED
    assert f"No version of core that is stable in prod may be pinned anew: {says}" in refused.text
    assert "promote another version of core to prod first" in refused.text
    assert not (story.clone / "environments/prod/eu-central-1").exists()

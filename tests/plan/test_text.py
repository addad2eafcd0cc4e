"""A plan for people: whole addresses, 80 columns, nothing secret, nothing that a terminal obeys."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.plan import summarise
from pipeline.domain.plan_text import WIDTH, plan_text
from tests.plan.plans import RECORDED, Json, changed, plan, recorded

NAMES = sorted(path.stem for path in RECORDED.glob("*.json"))


def text(document: Json, **more: list[str]) -> str:
    return plan_text(document, summarise(document, key=b"k", **more))  # type: ignore[arg-type]


def test_a_replacement_of_data() -> None:
    document = recorded("replace")
    digest = summarise(document).hash[:12]
    assert text(document, stateful=["terraform_data"]).splitlines()[:7] == [
        f"Plan {digest}: 1 to replace, 2 to change.",
        "",
        "  replace  terraform_data.database",
        "           forced by triggers_replace",
        "           LOSES what it holds",
        '           triggers_replace[0]: "13" -> "14"',
        "",
    ]


def test_an_update_shows_the_smallest_part_that_differs() -> None:
    assert "           input.size: 1 -> 2\n" in text(recorded("update"))


def test_a_secret_that_changes_is_told_as_that() -> None:
    shown = text(recorded("rotate"))
    assert "           input.password: (sensitive) changes\n" in shown
    assert "  update   password: (sensitive)\n" in shown


def test_a_move_names_both_addresses() -> None:
    assert "  move     terraform_data.renamed\n           was terraform_data.settings\n" in text(recorded("move"))


def test_nothing() -> None:
    assert text(recorded("nothing")) == "Nothing would change.\n"


def test_without_a_key_it_is_told_what_that_means() -> None:
    document = recorded("create")
    shown = " ".join(plan_text(document, summarise(document)).split())
    assert "approval of this plan does not survive a new plan" in shown


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_and_no_long_line(name: str) -> None:
    shown = text(recorded(name))
    assert "one-secret" in json.dumps(recorded(name)) or "other-secret" in json.dumps(recorded(name))
    assert "one-secret" not in shown
    assert "other-secret" not in shown
    assert all(len(line) <= WIDTH for line in shown.splitlines())


def test_the_gravest_comes_first() -> None:
    document = plan(
        changed("a.created", ["create"], None, {}),
        changed("b.updated", ["update"], {"x": 1}, {"x": 2}),
        changed("c.destroyed", ["delete"], {}, None),
        changed("d.replaced", ["create", "delete"], {}, {}, action_reason="replace_by_request"),
    )
    shown = text(document)
    order = [shown.index(name) for name in ("c.destroyed", "d.replaced", "b.updated", "a.created")]
    assert order == sorted(order)
    assert "forced by replace_by_request" in shown


def test_a_terminal_obeys_nothing_of_it() -> None:
    document = plan(changed('a.b["\u001b[2J\n"]', ["update"], {"x": "\u001b[0m"}, {"x": "\u202e"}))
    shown = text(document)
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert "\\u001b[2J\\n" in shown


def test_a_secret_inside_another_text_is_masked() -> None:
    row = changed(
        "a.b",
        ["update"],
        {"url": "x", "password": 'pass"word1'},
        {"url": json.dumps({"p": 'pass"word1'}), "password": 'pass"word1'},
        before_sensitive={"password": True},
    )
    assert "word1" not in text(plan(row))


@settings(deadline=None)
@given(st.text("ab-_.[]\"'", min_size=1, max_size=300))
def test_a_long_address_is_whole(name: str) -> None:
    address = f"aws_x.{name}"
    shown = text(plan(changed(address, ["create"], None, {})))
    lines = shown.splitlines()[2:]
    assert "".join(line[11:] for line in lines) == address
    assert all(len(line) <= WIDTH for line in lines)

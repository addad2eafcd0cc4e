"""`modferry diff` on real repositories: which versions it compares, and the JSON that scripts rely on."""

import json
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from tests.facts.repository import ModuleRepository

ONE = 'variable "a" {\n  type    = string\n  default = "x"\n}\n'
TWO = ONE + '\nvariable "b" {\n  type    = string\n  default = "x"\n}\n'


@pytest.fixture
def root(tmp_path: Path) -> ModuleRepository:
    """A root module with tags of both kinds, a pre-release and a tag that is no version."""
    repository = ModuleRepository(tmp_path / "terraform-aws-thing")
    repository.version("v1.0.0", {"variables.tf": ONE, "README.md": "# thing\n"})
    repository.version("1.1.0", {"variables.tf": TWO})
    repository.version("v2.0.0-rc.1", {"variables.tf": ""})
    repository.version("v2.0.0", {"variables.tf": ONE})
    repository.version("nightly", {})
    repository.version("v1.1.1", {"variables.tf": TWO})
    return repository


def test_two_refs(root: ModuleRepository) -> None:
    found = root.document("diff", ".", "--from", "v1.0.0", "--to", "1.1.0")
    assert found == {
        "schema": "modferry.diff/1",
        "module": "terraform-aws-thing",
        "from": "v1.0.0",
        "to": "1.1.0",
        "bump": "minor",
        "findings": [
            {
                "rule": "variable-added",
                "bump": "minor",
                "address": "var.b",
                "says": 'Input b is new, with default "x": nothing to do.',
                "file": "variables.tf",
                "line": 6,
            }
        ],
    }


def test_the_default_is_the_latest_version_against_the_working_tree(root: ModuleRepository) -> None:
    root.write({"new.tf": 'variable "must" {\n  type = string\n}\n'})
    found = root.document("diff")
    assert (found["from"], found["to"], found["bump"]) == ("v2.0.0", "worktree", "major")
    assert [f["rule"] for f in found["findings"]] == ["variable-added-required", "variable-added"]


def test_a_history_is_in_semver_order_without_pre_releases(root: ModuleRepository) -> None:
    found = root.document("diff", ".", "--history")
    assert found["schema"] == "modferry.diff/1"
    assert [(p["from"], p["to"], p["declared"], p["bump"]) for p in found["pairs"]] == [
        ("v1.0.0", "1.1.0", "minor", "minor"),
        ("1.1.0", "v1.1.1", "patch", "none"),
        ("v1.1.1", "v2.0.0", "major", "major"),
    ]
    assert found["pairs"][2]["findings"][0]["rule"] == "variable-removed"
    assert isinstance(found["seconds"], float)


def test_a_path_to_another_repository(root: ModuleRepository, tmp_path: Path) -> None:
    other = ModuleRepository(tmp_path / "other")
    found = other.document("diff", str(root.folder), "--history")
    assert len(found["pairs"]) == 3


@pytest.fixture
def monorepo(tmp_path: Path) -> ModuleRepository:
    """Two modules, one calling the other, with tags of their own."""
    repository = ModuleRepository(tmp_path / "mono")
    net = 'resource "aws_vpc" "this" {\n  cidr_block = "10.0.0.0/16"\n}\n'
    core = 'module "net" {\n  source = "../net"\n}\n'
    repository.version("net/v0.1.0", {"modules/net/main.tf": net, "modules/core/main.tf": core})
    repository.git("tag", "-a", "-m", "x", "core/v0.1.0")
    repository.version("net/v0.2.0", {"modules/net/main.tf": net.replace('"this"', '"main"')})
    return repository


def test_a_module_of_a_monorepo_by_name_and_path(monorepo: ModuleRepository) -> None:
    for name in ("net", "modules/net", "./modules/net/"):
        found = monorepo.document("diff", name, "--from", "net/v0.1.0")
        assert (found["module"], found["bump"]) == ("net", "major")
        assert found["findings"][0]["rule"] == "resource-renamed"
        assert found["findings"][0]["file"] == "modules/net/main.tf"
    assert monorepo.document("diff", "net")["findings"] == []


def test_a_change_in_a_called_module_is_a_change_of_the_caller(monorepo: ModuleRepository) -> None:
    found = monorepo.document("diff", "core")
    assert found["from"] == "core/v0.1.0"
    assert [(f["rule"], f["address"]) for f in found["findings"]] == [("resource-renamed", "module.net.aws_vpc.main")]
    assert "moved {\n  from = aws_vpc.this\n  to   = aws_vpc.main\n}" in found["findings"][0]["says"]


def test_a_version_that_cannot_be_read_is_left_out_and_named(root: ModuleRepository) -> None:
    root.version("v2.1.0", {"variables.tf": 'variable "a" {\n'})
    root.version("v2.2.0", {"variables.tf": ONE})
    found = root.document("diff", ".", "--history")
    assert [(p["from"], p["to"]) for p in found["pairs"]][-1] == ("v2.0.0", "v2.2.0")
    assert found["unreadable"][0]["version"] == "v2.1.0"
    assert "variables.tf:2:1" in found["unreadable"][0]["says"]


def test_a_waiver_lowers_one_rule_at_one_address(root: ModuleRepository) -> None:
    waiver = '[[waiver]]\nrule = "variable-removed"\naddress = "var.b"\nperson = "A. Person"\nreason = "unused"\n'
    root.write({"variables.tf": "", "modferry.toml": waiver + "expires = 2999-01-01\n"})
    found = root.document("diff", ".", "--from", "1.1.0")
    by_address = {f["address"]: f for f in found["findings"]}
    assert by_address["var.b"]["bump"] == "patch"
    assert "Waived by A. Person until 2999-01-01: unused" in by_address["var.b"]["says"]
    assert by_address["var.a"]["bump"] == "major"
    root.write({"modferry.toml": waiver + "expires = 2001-01-01\n"})
    found = root.document("diff", ".", "--from", "1.1.0")
    assert {f["bump"] for f in found["findings"]} == {"major"}
    assert any("expired on 2001-01-01" in f["says"] for f in found["findings"])


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("diff", "nothing"), "'nothing' is no module here"),
        (("diff", ".", "--from", "v9.9.9"), "'v9.9.9' names no commit here"),
        (("diff", ".", "--history", "--from", "v1.0.0"), "--history compares all versions"),
        (("diff", ".", "--json", "--format", "sarif"), "--json and --format say different things"),
    ],
)
def test_wrong_use_is_said(root: ModuleRepository, arguments: tuple[str, ...], part: str) -> None:
    result = root.ask(*arguments)
    assert isinstance(result.exception, UsageError)
    assert part in str(result.exception)


def test_formats(root: ModuleRepository) -> None:
    def shown(form: str) -> str:
        return root.ask("diff", ".", "--from", "1.1.0", "--to", "v2.0.0", "--format", form).stdout

    assert "major  variable-removed  var.b  (variables.tf:6)" in shown("text")
    assert shown("github").startswith(
        "::error file=variables.tf,line=6,title=major%3A variable-removed::Input b is gone"
    )
    assert "| major | `var.b`<br/>variable-removed | Input b is gone" in shown("markdown")
    sarif = json.loads(shown("sarif"))
    result = sarif["runs"][0]["results"][0]
    assert (result["ruleId"], result["level"]) == ("variable-removed", "error")
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 6}
    assert {rule["id"] for rule in sarif["runs"][0]["tool"]["driver"]["rules"]} >= {"variable-removed"}
    assert json.loads(shown("json"))["bump"] == "major"


def test_readme_tables_are_checked_and_written(root: ModuleRepository) -> None:
    markers = "# thing\n\n<!-- BEGIN_TF_DOCS -->\n<!-- END_TF_DOCS -->\n\nmore\n"
    root.write({"README.md": markers})
    assert root.ask("docs", "--check").return_value == 10
    assert (root.folder / "README.md").read_text() == markers
    assert root.ask("docs", "--dry-run").return_value == 0
    assert (root.folder / "README.md").read_text() == markers
    assert root.ask("docs").return_value == 0
    written = (root.folder / "README.md").read_text()
    assert written.startswith("# thing\n\n<!-- BEGIN_TF_DOCS -->\n## Requirements")
    assert written.endswith("<!-- END_TF_DOCS -->\n\nmore\n")
    assert root.ask("docs", "--check").return_value == 0
    assert root.document("docs")["modules"] == [
        {"module": "terraform-aws-thing", "readme": "README.md", "state": "current"}
    ]
    root.write({"variables.tf": TWO + 'variable "c" {}\n'})
    result = root.ask("docs", "--check")
    assert result.return_value == 10
    assert "Next: modferry docs terraform-aws-thing" in result.stderr

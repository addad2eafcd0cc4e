"""Discovery, closures and digests over trees in memory."""

import pytest

from pipeline.domain.module import Files, ModuleGraph, discover
from pipeline.errors import UsageError

TREE = {
    "README.md": "# all",
    "modules/core/main.tf": 'module "vpc" {\n  source = "../vpc"\n}',
    "modules/core/CHANGELOG.md": "old",
    "modules/vpc/main.tf": "# vpc",
    "modules/vpc/README.md": "# vpc",
    "modules/vpc/CHANGELOG.md": "old",
    "modules/vpc/examples/minimal/main.tf": (
        'module "vpc" {\n  source = "../.."\n}\nmodule "keys" {\n  source = "../../../keys"\n}'
    ),
    "modules/vpc/tests/unit/a.tftest.hcl": 'run "x" {\n  module {\n    source = "./tests/setup"\n  }\n}',
    "modules/vpc/tests/setup/main.tf": "# setup",
    "modules/keys/main.tf": "# keys",
}


def graph(tree: dict[str, str], modes: dict[str, str] | None = None, **options: str) -> ModuleGraph:
    files = Files(
        paths=sorted(tree),
        read=lambda p: tree[p].encode(),
        mode=lambda p: (modes or {}).get(p, "100644"),
    )
    return discover(files, patterns=("modules/*",), exclude=(), root_name=options.get("root", "repo"))


def digests(tree: dict[str, str], modes: dict[str, str] | None = None) -> dict[str, str]:
    found = graph(tree, modes)
    return {name: found.digest(m) for name, m in found.modules.items()}


def shipped(tree: dict[str, str]) -> dict[str, str]:
    found = graph(tree)
    return {name: found.shipped_digest(m) for name, m in found.modules.items()}


def changed(tree: dict[str, str], path: str, text: str = "changed") -> set[str]:
    before, after = digests(tree), digests({**tree, path: text})
    return {name for name in before if before[name] != after[name]}


def test_modules_are_found_and_examples_are_not_modules() -> None:
    assert set(graph(TREE).modules) == {"core", "vpc", "keys"}


def test_closures_and_order() -> None:
    found = graph(TREE)
    assert found.closure(found.modules["core"]) == ("core", "vpc")
    assert found.order().index("vpc") < found.order().index("core")
    assert set(found.tested(found.modules["vpc"])) == {
        "modules/vpc",
        "modules/vpc/examples/minimal",
        "modules/keys",
        "modules/vpc/tests/setup",
    }


@pytest.mark.parametrize(
    ("path", "whose"),
    [
        ("modules/vpc/main.tf", {"vpc", "core"}),
        ("modules/vpc/README.md", {"vpc", "core"}),
        ("modules/vpc/tests/unit/a.tftest.hcl", {"vpc", "core"}),
        ("modules/keys/main.tf", {"keys", "vpc"}),
        ("modules/vpc/CHANGELOG.md", set()),
        ("README.md", set()),
    ],
)
def test_what_a_changed_file_changes(path: str, whose: set[str]) -> None:
    assert changed(TREE, path) == whose


def test_a_mode_and_a_rename_change_the_digest() -> None:
    assert digests(TREE)["keys"] != digests(TREE, {"modules/keys/main.tf": "100755"})["keys"]
    renamed = {("modules/keys/other.tf" if p == "modules/keys/main.tf" else p): t for p, t in TREE.items()}
    assert digests(TREE)["keys"] != digests(renamed)["keys"]


def test_two_modules_with_equal_files_have_different_digests() -> None:
    found = digests({"modules/a/main.tf": "# same", "modules/b/main.tf": "# same"})
    assert found["a"] != found["b"]


@pytest.mark.parametrize(
    "path", ["modules/vpc/tests/unit/a.tftest.hcl", "modules/vpc/README.md", "modules/keys/main.tf"]
)
def test_what_users_do_not_get_does_not_change_the_shipped_digest(path: str) -> None:
    assert shipped(TREE)["vpc"] == shipped({**TREE, path: "changed"})["vpc"]


def test_a_circle_is_named() -> None:
    tree = {
        "modules/a/main.tf": 'module "b" {\n  source = "../b"\n}',
        "modules/b/main.tf": 'module "a" {\n  source = "../a"\n}',
    }
    with pytest.raises(UsageError, match=r"circle: modules/. → modules/. → modules/."):
        graph(tree)


def test_a_root_with_terraform_files_is_a_module() -> None:
    found = graph(
        {"main.tf": "# root", "examples/x/main.tf": 'module "m" {\n  source = "../.."\n}', "modules/a/main.tf": ""}
    )
    assert found.modules["repo"].is_root
    assert "a" in found.modules


def test_two_modules_of_one_name_are_refused() -> None:
    files = Files(paths=["a/x/main.tf", "b/x/main.tf"], read=lambda _: b"", mode=lambda _: "100644")
    with pytest.raises(UsageError, match="both called x"):
        discover(files, patterns=("a/*", "b/*"), exclude=(), root_name="r")


def test_an_unknown_module_is_said_with_the_names_there_are() -> None:
    with pytest.raises(UsageError, match="core, keys, vpc"):
        graph(TREE).find("vcp")
    assert graph(TREE).find("modules/vpc/").name == "vpc"
